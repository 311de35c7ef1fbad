// Package rwmutex: readers are ordered with writers, not with each other.
package rwmutex

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type table struct {
	mu   sync.RWMutex
	rows []string
	hits int
}

// A counter of hits kept by readers is written under the read lock.
func (t *table) row(i int) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.hits++
	return t.rows[i]
}

func TestRaceWriteUnderReadLock(t *testing.T) {
	tab := &table{rows: []string{"a"}}
	join := lab.Go(func() { tab.row(0) })
	lab.Pause()
	tab.row(0)
	join()
}

func TestRaceWriterWithoutLock(t *testing.T) {
	tab := &table{rows: []string{"a"}}
	join := lab.Go(func() {
		tab.mu.RLock()
		lab.Use(tab.rows)
		tab.mu.RUnlock()
	})
	lab.Pause()
	tab.rows = nil
	join()
}

func TestRaceReaderWithoutLock(t *testing.T) {
	tab := &table{}
	join := lab.Go(func() {
		tab.mu.Lock()
		tab.rows = []string{"b"}
		tab.mu.Unlock()
	})
	lab.Pause()
	lab.Use(tab.rows)
	join()
}

func TestRaceWriteAfterReadUnlock(t *testing.T) {
	var mu sync.RWMutex
	var x int
	written := lab.NewSignal()
	join := lab.Go(func() {
		mu.RLock()
		mu.RUnlock()
		x = 1
		written.Give()
	})
	written.Await()
	mu.Lock()
	x = 2
	mu.Unlock()
	join()
	lab.Use(x)
}

// The slice that escapes the lock still shares its array.
func TestRaceRowsEscapeTheLock(t *testing.T) {
	tab := &table{rows: []string{"a", "b"}}
	all := func() []string {
		tab.mu.RLock()
		defer tab.mu.RUnlock()
		return tab.rows
	}
	read := lab.NewSignal()
	join := lab.Go(func() {
		for _, row := range all() {
			lab.Use(row)
		}
		read.Give()
	})
	read.Await()
	tab.mu.Lock()
	tab.rows[0] = "c"
	tab.mu.Unlock()
	join()
}

func TestRaceLockerOfReaders(t *testing.T) {
	var mu sync.RWMutex
	var x int
	l := mu.RLocker()
	work := func() {
		l.Lock()
		x++
		l.Unlock()
	}
	join := lab.Go(work)
	lab.Pause()
	work()
	join()
}

func TestNoRaceReadersShare(t *testing.T) {
	var mu sync.RWMutex
	rows := map[int]int{1: 1}
	var joins []func()
	for range 8 {
		joins = append(joins, lab.Go(func() {
			for range 50 {
				mu.RLock()
				lab.Use(rows[1])
				mu.RUnlock()
			}
		}))
	}
	for i := range 50 {
		mu.Lock()
		rows[i] = i
		mu.Unlock()
	}
	for _, join := range joins {
		join()
	}
}

// The writer waits for every reader.
func TestNoRaceWriterAfterReaders(t *testing.T) {
	var mu sync.RWMutex
	var seen [4]int
	started := make(chan bool)
	for i := range seen {
		go func() {
			mu.RLock()
			started <- true
			lab.Pause()
			seen[i] = i
			mu.RUnlock()
		}()
	}
	for range seen {
		<-started
	}
	mu.Lock()
	for i := range seen {
		seen[i]++
	}
	mu.Unlock()
}

func TestNoRaceReaderSeesWriter(t *testing.T) {
	var mu sync.RWMutex
	var config *table
	go func() {
		c := &table{rows: []string{"a"}}
		mu.Lock()
		config = c
		mu.Unlock()
	}()
	for {
		mu.RLock()
		c := config
		mu.RUnlock()
		if c != nil {
			lab.Use(c.rows[0])
			break
		}
		lab.Pause()
	}
}

func TestNoRaceTryLocks(t *testing.T) {
	var mu sync.RWMutex
	var x int
	join := lab.Go(func() {
		for range 20 {
			if mu.TryRLock() {
				lab.Use(x)
				mu.RUnlock()
			}
		}
	})
	for range 20 {
		if mu.TryLock() {
			x++
			mu.Unlock()
		}
	}
	join()
}

func TestNoRaceWritersInTurn(t *testing.T) {
	var mu sync.RWMutex
	var x int
	work := func() {
		for range 100 {
			mu.Lock()
			x++
			mu.Unlock()
		}
	}
	first, second := lab.Go(work), lab.Go(work)
	first()
	second()
	if x != 200 {
		t.Fatalf("x = %d, want 200", x)
	}
}

func TestNoRaceHitsAreAtomicUnderOtherLock(t *testing.T) {
	var mu sync.RWMutex
	var hitsMu sync.Mutex
	hits := 0
	read := func() {
		mu.RLock()
		defer mu.RUnlock()
		hitsMu.Lock()
		hits++
		hitsMu.Unlock()
	}
	join := lab.Go(read)
	read()
	join()
}
