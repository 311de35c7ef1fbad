// Package array: elements, whole arrays, and ranges over them.
package array

import (
	"testing"

	"corpus.example/gosan/internal/lab"
)

type board [8][8]int

func TestRaceElement(t *testing.T) {
	var a [10]int
	join := lab.Go(func() { a[4] = 1 })
	lab.Pause()
	lab.Use(a[4])
	join()
}

func TestRaceWholeCopy(t *testing.T) {
	var a [100]int
	join := lab.Go(func() { a[77] = 1 })
	lab.Pause()
	b := a
	lab.Use(b)
	join()
}

func TestRaceWholeAssignment(t *testing.T) {
	var a [100]int
	join := lab.Go(func() { lab.Use(a[77]) })
	lab.Pause()
	a = [100]int{1, 2, 3}
	join()
}

// Ranging over an array, not a slice of it, copies it first.
func TestRaceRangeCopies(t *testing.T) {
	var a [32]int
	join := lab.Go(func() {
		sum := 0
		for _, n := range a {
			sum += n
		}
		lab.Use(sum)
	})
	lab.Pause()
	a[31] = 1
	join()
}

func TestRaceTwoDimensions(t *testing.T) {
	var b board
	join := lab.Go(func() { b[3] = [8]int{1} })
	lab.Pause()
	b[3][5] = 2
	join()
}

func TestRaceThroughPointer(t *testing.T) {
	a := new([4]string)
	clean := func(a *[4]string) { a[2] = "" }
	join := lab.Go(func() { clean(a) })
	lab.Pause()
	clean(a)
	join()
}

func TestRaceComparison(t *testing.T) {
	var a, b [16]byte
	join := lab.Go(func() { lab.Use(a == b) })
	lab.Pause()
	b[9] = 1
	join()
}

func TestRaceGlobalTable(t *testing.T) {
	join := lab.Go(func() { table[200]++ })
	lab.Pause()
	table[200]++
	join()
}

var table [256]int

func TestNoRaceRows(t *testing.T) {
	var b board
	join := lab.Go(func() { b[0] = [8]int{1, 2, 3} })
	b[1] = [8]int{4, 5, 6}
	b[2][0] = 7
	join()
}

func TestNoRaceIndexOnly(t *testing.T) {
	var a [16]int
	join := lab.Go(func() {
		for i := range a {
			if i%2 == 0 {
				a[i]++
			}
		}
	})
	for i := range a {
		if i%2 == 1 {
			a[i]++
		}
	}
	join()
}

func TestNoRaceLen(t *testing.T) {
	var a [16]int
	join := lab.Go(func() { a[0] = 1 })
	lab.Use(len(a))
	join()
	lab.Use(a)
}

func TestNoRaceGlobalHalves(t *testing.T) {
	join := lab.Go(func() { halves[0]++ })
	halves[1]++
	join()
}

var halves [2]int
