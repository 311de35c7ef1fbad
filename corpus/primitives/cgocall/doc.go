// Package cgocall: Go that calls C, and C that calls Go back.
package cgocall
