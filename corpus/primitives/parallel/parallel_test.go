// Package parallel: tests that run beside each other. testing blames every
// test that is running when a race is seen, so the parent carries the verdict.
package parallel

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// beside runs the two functions as parallel subtests that overlap: neither
// leaves before the other has come in, for testing orders those that do not.
func beside(t *testing.T, first, second func(t *testing.T)) {
	firstIsIn, secondIsIn := lab.NewSignal(), lab.NewSignal()
	t.Run("first", func(t *testing.T) {
		t.Parallel()
		firstIsIn.Give()
		first(t)
		secondIsIn.Await()
	})
	t.Run("second", func(t *testing.T) {
		t.Parallel()
		secondIsIn.Give()
		lab.Pause()
		second(t)
		firstIsIn.Await()
	})
}

func TestRaceSharedMap(t *testing.T) {
	fixtures := map[string]int{}
	beside(t,
		func(t *testing.T) { fixtures["first"] = 1 },
		func(t *testing.T) { fixtures["second"] = 2 })
}

var verbose bool

func TestRacePackageVariable(t *testing.T) {
	beside(t,
		func(t *testing.T) { verbose = true },
		func(t *testing.T) { lab.Use(verbose) })
}

func TestRaceTableEntryIsChanged(t *testing.T) {
	cases := []struct {
		name string
		want []int
	}{{"a", []int{1}}, {"b", []int{1}}}
	cases[1].want = cases[0].want
	beside(t,
		func(t *testing.T) { cases[0].want[0]++ },
		func(t *testing.T) { cases[1].want[0]++ })
}

func TestNoRaceOwnMaps(t *testing.T) {
	body := func(t *testing.T) {
		fixtures := map[string]int{}
		fixtures[t.Name()]++
	}
	beside(t, body, body)
}

func TestNoRaceSetUpByParent(t *testing.T) {
	fixtures := map[string]int{"a": 1}
	read := func(t *testing.T) { lab.Use(fixtures["a"]) }
	beside(t, read, read)
}

func TestNoRaceLockedMap(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	mark := func(t *testing.T) {
		mu.Lock()
		defer mu.Unlock()
		seen[t.Name()] = true
	}
	beside(t, mark, mark)
}

// What the parent does after its group of parallel subtests comes after them.
func TestNoRaceParentAfterGroup(t *testing.T) {
	results := map[string]int{}
	var mu sync.Mutex
	t.Run("group", func(t *testing.T) {
		store := func(t *testing.T) {
			mu.Lock()
			results[t.Name()]++
			mu.Unlock()
		}
		beside(t, store, store)
	})
	results["all"] = len(results)
	t.Cleanup(func() { clear(results) })
}

// Subtests without t.Parallel run one after the other.
func TestNoRaceInTurn(t *testing.T) {
	n := 0
	for range 3 {
		t.Run("next", func(t *testing.T) { n++ })
	}
	if n != 3 {
		t.Fatalf("n = %d, want 3", n)
	}
}
