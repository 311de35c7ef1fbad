// Package maps: a map is one variable, whichever keys are used.
package maps

import (
	"maps"
	"strconv"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type point struct{ x, y int }

func TestRaceReadAndWrite(t *testing.T) {
	m := map[string]int{"a": 1}
	join := lab.Go(func() { lab.Use(m["a"]) })
	lab.Pause()
	m["a"] = 2
	join()
}

func TestRaceWritesOfTwoKeys(t *testing.T) {
	m := map[string]int{}
	join := lab.Go(func() { m["a"] = 1 })
	lab.Pause()
	m["b"] = 2
	join()
}

func TestRaceReadOfAnotherKey(t *testing.T) {
	m := map[int]int{1: 1}
	join := lab.Go(func() {
		_, ok := m[2]
		lab.Use(ok)
	})
	lab.Pause()
	m[3] = 3
	join()
}

func TestRaceIterateAndWrite(t *testing.T) {
	m := map[int]int{1: 1, 2: 2}
	join := lab.Go(func() {
		for key, value := range m {
			lab.Use(key + value)
		}
	})
	lab.Pause()
	m[3] = 3
	join()
}

func TestRaceDelete(t *testing.T) {
	m := map[int32]string{1: "a"}
	join := lab.Go(func() { lab.Use(m[1]) })
	lab.Pause()
	delete(m, 2)
	join()
}

func TestRaceClear(t *testing.T) {
	m := map[point]string{{1, 2}: "a"}
	join := lab.Go(func() { lab.Use(m[point{1, 2}]) })
	lab.Pause()
	clear(m)
	join()
}

func TestRaceLen(t *testing.T) {
	m := map[string]bool{}
	join := lab.Go(func() { m["a"] = true })
	lab.Pause()
	lab.Use(len(m))
	join()
}

func TestRaceIncrement(t *testing.T) {
	hits := map[uint64]int{}
	join := lab.Go(func() { hits[1]++ })
	lab.Pause()
	hits[1]++
	join()
}

func TestRaceAppendToElement(t *testing.T) {
	groups := map[string][]int{}
	join := lab.Go(func() { groups["a"] = append(groups["a"], 1) })
	lab.Pause()
	groups["b"] = append(groups["b"], 2)
	join()
}

func TestRaceElementBehindPointer(t *testing.T) {
	m := map[string]*point{"a": {}}
	join := lab.Go(func() { m["a"].x++ })
	lab.Pause()
	m["a"].x++
	join()
}

func TestRaceInnerMap(t *testing.T) {
	var mu sync.Mutex
	tenants := map[string]map[string]int{"t": {}}
	inner := func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return tenants["t"]
	}
	join := lab.Go(func() { inner()["a"] = 1 })
	lab.Pause()
	tenants["t"]["b"] = 2
	join()
}

func TestRaceGrowth(t *testing.T) {
	m := map[string]int{"first": 1}
	join := lab.Go(func() { lab.Use(m["first"]) })
	lab.Pause()
	for i := range 2000 {
		m[strconv.Itoa(i)] = i
	}
	join()
}

func TestRaceMapVariable(t *testing.T) {
	m := map[string]int{}
	join := lab.Go(func() { m = map[string]int{"a": 1} })
	lab.Pause()
	lab.Use(m["a"])
	join()
}

func TestRaceLargeValue(t *testing.T) {
	m := map[int][256]byte{1: {}}
	join := lab.Go(func() { lab.Use(m[1]) })
	lab.Pause()
	m[1] = [256]byte{1}
	join()
}

func TestRaceInterfaceKeys(t *testing.T) {
	m := map[any]int{"a": 1, 2: 2}
	join := lab.Go(func() { lab.Use(m[2]) })
	lab.Pause()
	m["a"] = 3
	join()
}

func TestRaceKeysOfMaps(t *testing.T) {
	m := map[string]int{"a": 1}
	join := lab.Go(func() {
		for key := range maps.Keys(m) {
			lab.Use(key)
		}
	})
	lab.Pause()
	m["b"] = 2
	join()
}

func TestNoRaceReaders(t *testing.T) {
	m := map[string]int{"a": 1, "b": 2}
	read := func() {
		for range 100 {
			lab.Use(m["a"])
			_, ok := m["c"]
			lab.Use(ok)
			for key := range m {
				lab.Use(key)
			}
			lab.Use(len(m))
		}
	}
	join := lab.Go(read)
	read()
	join()
}

func TestNoRaceNilMap(t *testing.T) {
	var m map[string]int
	join := lab.Go(func() { lab.Use(m["a"]) })
	lab.Use(m["b"])
	join()
}

func TestNoRaceOneMapEach(t *testing.T) {
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			m := map[int]string{}
			for i := range 500 {
				m[i] = strconv.Itoa(i)
			}
			for i := range 500 {
				delete(m, i)
			}
		}))
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRaceGrowsUnderLock(t *testing.T) {
	var mu sync.Mutex
	m := map[string]int{}
	join := lab.Go(func() {
		for i := range 1000 {
			mu.Lock()
			m[strconv.Itoa(i)] = i
			mu.Unlock()
		}
	})
	for i := range 1000 {
		mu.Lock()
		lab.Use(m[strconv.Itoa(i)])
		if i%100 == 0 {
			for key := range m {
				lab.Use(key)
			}
		}
		mu.Unlock()
	}
	join()
}

func TestNoRaceCloneUnderLock(t *testing.T) {
	var mu sync.Mutex
	m := map[string]int{"a": 1}
	snapshot := func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(m)
	}
	join := lab.Go(func() {
		for range 50 {
			s := snapshot()
			s["b"]++
		}
	})
	for i := range 50 {
		mu.Lock()
		m["a"] = i
		mu.Unlock()
	}
	join()
}

func TestNoRaceHandedOver(t *testing.T) {
	c := make(chan map[string]int)
	go func() {
		for i := range 20 {
			c <- map[string]int{"n": i}
		}
		close(c)
	}()
	for m := range c {
		m["seen"] = 1
	}
}

func TestNoRaceDistinctElementsBehindPointers(t *testing.T) {
	m := map[string]*point{"a": {}, "b": {}}
	join := lab.Go(func() { m["a"].x++ })
	m["b"].x++
	join()
}
