// Package mutex: sync.Mutex orders those who lock the same one.
package mutex

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) inc() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func TestRaceReadOutsideTheLock(t *testing.T) {
	var c counter
	join := lab.Go(func() {
		lab.Pause()
		c.inc()
	})
	lab.Use(c.n)
	join()
}

func TestRaceTwoLocks(t *testing.T) {
	var left, right sync.Mutex
	var x int
	join := lab.Go(func() {
		left.Lock()
		x++
		left.Unlock()
	})
	lab.Pause()
	right.Lock()
	x++
	right.Unlock()
	join()
}

func TestRaceWriteAfterUnlock(t *testing.T) {
	var mu sync.Mutex
	var x int
	written := lab.NewSignal()
	join := lab.Go(func() {
		mu.Lock()
		mu.Unlock()
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

func TestRaceFailedTryLockIsIgnored(t *testing.T) {
	var mu sync.Mutex
	var x int
	tried := lab.NewSignal()
	mu.Lock()
	join := lab.Go(func() {
		if !mu.TryLock() {
			x = 1
		}
		tried.Give()
	})
	tried.Await()
	x = 2
	mu.Unlock()
	join()
	lab.Use(x)
}

// The pointer is looked at without the lock that it is set under.
func TestRaceDoubleCheckedWithoutAtomic(t *testing.T) {
	var mu sync.Mutex
	var shared *counter
	get := func() *counter {
		if shared == nil {
			mu.Lock()
			defer mu.Unlock()
			if shared == nil {
				shared = &counter{}
			}
		}
		return shared
	}
	join := lab.Go(func() { get() })
	lab.Pause()
	get()
	join()
}

// The lock protects the map, and not what the map's values point to.
func TestRaceLockedMapOfPointers(t *testing.T) {
	var mu sync.Mutex
	users := map[string]*counter{"ann": {}}
	find := func(name string) *counter {
		mu.Lock()
		defer mu.Unlock()
		return users[name]
	}
	join := lab.Go(func() { find("ann").n++ })
	lab.Pause()
	find("bob")
	users["ann"].n++
	join()
}

func TestRaceMutexReplaced(t *testing.T) {
	type guarded struct {
		mu *sync.Mutex
		n  int
	}
	g := guarded{mu: new(sync.Mutex)}
	join := lab.Go(func() {
		g.mu.Lock()
		g.n++
		g.mu.Unlock()
	})
	lab.Pause()
	g = guarded{mu: new(sync.Mutex)}
	join()
}

func TestNoRaceCounter(t *testing.T) {
	var c counter
	var joins []func()
	for range 8 {
		joins = append(joins, lab.Go(func() {
			for range 100 {
				c.inc()
			}
		}))
	}
	for _, join := range joins {
		join()
	}
	if c.n != 800 {
		t.Fatalf("n = %d, want 800", c.n)
	}
}

func TestNoRaceTryLock(t *testing.T) {
	var mu sync.Mutex
	var x int
	try := func() {
		for done := false; !done; {
			if mu.TryLock() {
				x++
				mu.Unlock()
				done = true
			} else {
				lab.Pause()
			}
		}
	}
	join := lab.Go(try)
	try()
	join()
}

// A mutex may be unlocked by another goroutine than the one that locked it.
func TestNoRaceUnlockedByAnother(t *testing.T) {
	var mu sync.Mutex
	var x int
	mu.Lock()
	go func() {
		x = 1
		mu.Unlock()
	}()
	mu.Lock()
	x = 2
	mu.Unlock()
	lab.Use(x)
}

func TestNoRaceTwoLocksTwoVariables(t *testing.T) {
	var a, b counter
	join := lab.Go(func() {
		a.inc()
		b.inc()
	})
	b.inc()
	a.inc()
	join()
}

func TestNoRaceNested(t *testing.T) {
	var outer, inner sync.Mutex
	var x, y int
	work := func() {
		outer.Lock()
		x++
		inner.Lock()
		y++
		inner.Unlock()
		x++
		outer.Unlock()
	}
	join := lab.Go(work)
	work()
	join()
}

// The lock is the field of an embedded struct, and of each element of a slice.
func TestNoRaceShards(t *testing.T) {
	type shard struct {
		sync.Mutex
		hits map[int]int
	}
	shards := make([]shard, 4)
	for i := range shards {
		shards[i].hits = map[int]int{}
	}
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			for key := range 100 {
				s := &shards[key%len(shards)]
				s.Lock()
				s.hits[key]++
				s.Unlock()
			}
		}))
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRaceLocker(t *testing.T) {
	var c counter
	var l sync.Locker = &c.mu
	work := func() {
		l.Lock()
		defer l.Unlock()
		c.n++
	}
	join := lab.Go(work)
	work()
	join()
}

// What was written before the lock was taken is seen by the next holder.
func TestNoRaceHandover(t *testing.T) {
	var mu sync.Mutex
	var ready bool
	var message string
	go func() {
		message = "hello"
		mu.Lock()
		ready = true
		mu.Unlock()
	}()
	for {
		mu.Lock()
		r := ready
		mu.Unlock()
		if r {
			break
		}
		lab.Pause()
	}
	message += ", world"
}

// A mutex is overwritten that another goroutine has used.
func TestRaceMutexOverwritten(t *testing.T) {
	var c counter
	join := lab.Go(c.inc)
	lab.Pause()
	c.mu = sync.Mutex{}
	join()
}

// A mutex is overwritten that another goroutine waits for, and will for ever.
func TestRaceMutexOverwrittenUnderAWaiter(t *testing.T) {
	c := new(counter)
	c.mu.Lock()
	go c.inc()
	lab.Pause()
	c.mu = sync.Mutex{}
}

// Waiting for a mutex comes before nothing that its owner does.
func TestRaceWaiterAgainstOwner(t *testing.T) {
	var c counter
	x := 0
	c.mu.Lock()
	join := lab.Go(func() {
		x = 1
		c.inc()
	})
	lab.Pause()
	c.mu.Unlock()
	x = 2
	join()
	lab.Use(x)
}

// A mutex begins anew when all who used it have ended.
func TestNoRaceMutexOverwrittenAfterwards(t *testing.T) {
	var c counter
	lab.Go(c.inc)()
	c.mu = sync.Mutex{}
	c.inc()
}
