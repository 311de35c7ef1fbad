// Package syncmap: a store into sync.Map comes before the load that sees it.
package syncmap

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type session struct {
	user string
	hits int
}

func TestRaceValueIsShared(t *testing.T) {
	var m sync.Map
	m.Store("s", &session{user: "ann"})
	hit := func() {
		s, _ := m.Load("s")
		s.(*session).hits++
	}
	join := lab.Go(hit)
	lab.Pause()
	hit()
	join()
}

func TestRaceWriteAfterStore(t *testing.T) {
	var m sync.Map
	join := lab.Go(func() {
		s := &session{}
		m.Store("s", s)
		s.user = "bob"
	})
	for {
		if s, ok := m.Load("s"); ok {
			lab.Pause()
			lab.Use(s.(*session).user)
			break
		}
		lab.Pause()
	}
	join()
}

func TestRaceLoadOrStoreLoserWrites(t *testing.T) {
	var m sync.Map
	get := func() *session {
		s, _ := m.LoadOrStore("s", &session{})
		return s.(*session)
	}
	join := lab.Go(func() { get().hits = 1 })
	lab.Pause()
	get().hits = 2
	join()
}

func TestRaceRangeOverValues(t *testing.T) {
	var m sync.Map
	s := &session{}
	m.Store("s", s)
	join := lab.Go(func() {
		m.Range(func(_, v any) bool {
			lab.Use(v.(*session).hits)
			return true
		})
	})
	lab.Pause()
	s.hits++
	join()
}

func TestNoRaceStoreThenLoad(t *testing.T) {
	var m sync.Map
	join := lab.Go(func() {
		s := &session{}
		s.user = "ann"
		m.Store("s", s)
	})
	for {
		if s, ok := m.Load("s"); ok {
			s.(*session).hits++
			break
		}
		lab.Pause()
	}
	join()
}

func TestNoRaceManyKeys(t *testing.T) {
	var m sync.Map
	var joins []func()
	for g := range 4 {
		joins = append(joins, lab.Go(func() {
			for i := range 200 {
				m.Store(i, &session{hits: g})
				if s, ok := m.Load((i * 7) % 200); ok {
					lab.Use(s.(*session).hits)
				}
				if i%3 == 0 {
					m.Delete(i)
				}
			}
		}))
	}
	m.Range(func(_, v any) bool {
		lab.Use(v.(*session).hits)
		return true
	})
	for _, join := range joins {
		join()
	}
}

// Whoever takes the value out owns it.
func TestNoRaceLoadAndDelete(t *testing.T) {
	var m sync.Map
	s := &session{}
	m.Store("s", s)
	take := func() {
		if s, ok := m.LoadAndDelete("s"); ok {
			s.(*session).hits++
		}
	}
	first, second := lab.Go(take), lab.Go(take)
	first()
	second()
}

func TestNoRaceCompareAndSwap(t *testing.T) {
	var m sync.Map
	m.Store("n", 0)
	add := func() {
		for range 100 {
			for {
				n, _ := m.Load("n")
				if m.CompareAndSwap("n", n, n.(int)+1) {
					break
				}
			}
		}
	}
	join := lab.Go(add)
	add()
	join()
	if n, _ := m.Load("n"); n != 200 {
		t.Fatalf("n = %v, want 200", n)
	}
}

func TestNoRaceSwapAndClear(t *testing.T) {
	var m sync.Map
	join := lab.Go(func() {
		for i := range 100 {
			if old, ok := m.Swap("s", &session{hits: i}); ok {
				old.(*session).hits++
			}
		}
	})
	for range 10 {
		m.Clear()
	}
	join()
}
