//go:build !race

// The other half of race_gosan.go: what a build without -race needs from it.

package runtime

func racerecovered(gp *g, sp uintptr) { throw("race") }
