// Package slice: elements, headers, and arrays behind several slices.
package slice

import (
	"slices"
	"sort"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type row struct {
	key   string
	value int
}

func TestRaceElement(t *testing.T) {
	s := make([]int, 10)
	join := lab.Go(func() { s[3] = 1 })
	lab.Pause()
	s[3] = 2
	join()
}

func TestRaceHeader(t *testing.T) {
	var s []int
	join := lab.Go(func() { s = append(s, 1) })
	lab.Pause()
	s = append(s, 2)
	join()
}

// The header is each goroutine's own; the spare room behind it is not.
func TestRaceAppendIntoSharedRoom(t *testing.T) {
	base := make([]int, 2, 8)
	join := lab.Go(func() {
		mine := append(base, 1)
		lab.Use(mine)
	})
	lab.Pause()
	mine := append(base, 2)
	lab.Use(mine)
	join()
}

func TestRaceReslice(t *testing.T) {
	s := make([]byte, 100)
	head, tail := s[:60], s[50:]
	join := lab.Go(func() { tail[5] = 1 })
	lab.Pause()
	head[55] = 2
	join()
}

func TestRaceCopyOverlaps(t *testing.T) {
	s := make([]byte, 100)
	join := lab.Go(func() { copy(s[10:50], "some words that are longer than this") })
	lab.Pause()
	s[30] = 1
	join()
}

func TestRaceCopyReads(t *testing.T) {
	s := make([]row, 20)
	join := lab.Go(func() {
		mine := make([]row, 20)
		copy(mine, s)
	})
	lab.Pause()
	s[7].value = 1
	join()
}

func TestRaceSortWhileRead(t *testing.T) {
	s := []int{3, 1, 2}
	join := lab.Go(func() { lab.Use(s[1]) })
	lab.Pause()
	slices.Sort(s)
	join()
}

func TestRaceSortSlice(t *testing.T) {
	rows := []row{{"b", 2}, {"a", 1}, {"c", 3}}
	join := lab.Go(func() {
		sort.Slice(rows, func(i, j int) bool { return rows[i].key < rows[j].key })
	})
	lab.Pause()
	rows[0].key = "z"
	join()
}

func TestRaceRangeWhileWritten(t *testing.T) {
	s := make([]int, 10)
	join := lab.Go(func() {
		sum := 0
		for _, n := range s {
			sum += n
		}
		lab.Use(sum)
	})
	lab.Pause()
	s[9] = 1
	join()
}

// Deleting moves the tail down over what others read.
func TestRaceDelete(t *testing.T) {
	s := []string{"a", "b", "c", "d"}
	join := lab.Go(func() { lab.Use(s[2]) })
	lab.Pause()
	s = slices.Delete(s, 0, 1)
	join()
}

func TestRaceClear(t *testing.T) {
	s := make([]int, 100)
	join := lab.Go(func() { lab.Use(s[50]) })
	lab.Pause()
	clear(s)
	join()
}

func TestRaceInnerSlice(t *testing.T) {
	grid := [][]int{{0, 0}, {0, 0}}
	join := lab.Go(func() { grid[1][0] = 1 })
	lab.Pause()
	lab.Use(grid[1][0])
	join()
}

func TestRaceAppendGrowsFromShared(t *testing.T) {
	s := make([]int, 64)
	join := lab.Go(func() {
		grown := append(s, 1)
		lab.Use(grown)
	})
	lab.Pause()
	s[5] = 1
	join()
}

func TestNoRaceDisjointHalves(t *testing.T) {
	s := make([]int, 1000)
	fill := func(part []int) {
		for i := range part {
			part[i] = i
		}
	}
	join := lab.Go(func() { fill(s[:500]) })
	fill(s[500:])
	join()
}

func TestNoRaceFullSliceExpression(t *testing.T) {
	base := make([]int, 2, 8)
	base = base[:2:2]
	join := lab.Go(func() {
		mine := append(base, 1)
		mine[0] = 1
	})
	mine := append(base, 2)
	mine[0] = 2
	join()
}

func TestNoRaceReaders(t *testing.T) {
	s := []row{{"a", 1}, {"b", 2}}
	read := func() {
		mine := slices.Clone(s)
		mine[0].value++
		for _, r := range s {
			lab.Use(r.key)
		}
	}
	join := lab.Go(read)
	read()
	join()
}

func TestNoRaceOwnHeaders(t *testing.T) {
	s := make([]int, 4)
	join := lab.Go(func() {
		mine := s
		mine = mine[1:]
		lab.Use(mine[0])
	})
	other := s
	other = other[:2]
	lab.Use(other[0])
	join()
}

func TestNoRaceStrides(t *testing.T) {
	s := make([]byte, 64)
	var done sync.WaitGroup
	for k := range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			for i := k; i < len(s); i += 4 {
				s[i] = byte(k)
			}
		}()
	}
	done.Wait()
	slices.Sort(s)
}

func TestNoRaceCopyNextToWrite(t *testing.T) {
	s := make([]byte, 100)
	join := lab.Go(func() { copy(s[:33], s[60:93]) })
	for i := 33; i < 60; i++ {
		s[i] = 1
	}
	join()
}

func TestNoRaceParallelSort(t *testing.T) {
	s := make([]int, 512)
	for i := range s {
		s[i] = (i * 7919) % 512
	}
	join := lab.Go(func() { slices.Sort(s[:256]) })
	slices.Sort(s[256:])
	join()
	slices.Sort(s)
	if !slices.IsSorted(s) {
		t.Fatal("not sorted")
	}
}
