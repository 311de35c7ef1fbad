// Package bubble: goroutines in a bubble of testing/synctest.
package bubble
