// Package history: races whose accesses are far apart, with much done between
// them. A detector that keeps a bounded history forgets the first access.
package history

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

var noise [1 << 20]int64

// stir makes n accesses to memory that nobody else uses.
func stir(n int) {
	for i := range n {
		noise[i%len(noise)]++
	}
}

// others starts n goroutines that come and go, one
// after the other.
func others(n int) {
	for range n {
		lab.Go(func() {})()
	}
}

func TestRaceFewGoroutinesSince(t *testing.T) {
	x := 0
	first := lab.Go(func() { x = 1 })
	lab.Pause()
	others(20)
	x = 2
	first()
	lab.Use(x)
}

func TestRaceManyGoroutinesSinceItEnded(t *testing.T) {
	x := 0
	first := lab.Go(func() { x = 1 })
	lab.Pause()
	others(1000)
	x = 2
	first()
	lab.Use(x)
}

func TestRaceManyGoroutinesWhileItLives(t *testing.T) {
	x := 0
	stay := make(chan bool)
	first := lab.Go(func() {
		x = 1
		<-stay
	})
	lab.Pause()
	others(1000)
	x = 2
	close(stay)
	first()
	lab.Use(x)
}

func TestRaceFewAccessesSince(t *testing.T) {
	x := 0
	stay := make(chan bool)
	first := lab.Go(func() {
		x = 1
		stir(1000)
		<-stay
	})
	lab.Pause()
	x = 2
	close(stay)
	first()
	lab.Use(x)
}

// The second access finds the first one's goroutine busy elsewhere, long past
// what a ring of recent accesses holds.
func TestRaceManyAccessesSince(t *testing.T) {
	x := 0
	stirred, stay := make(chan bool, 1), make(chan bool)
	first := lab.Go(func() {
		x = 1
		stir(len(noise))
		stirred <- true
		<-stay
	})
	// To look at the length is not to receive: this orders nothing.
	for len(stirred) == 0 {
		lab.Pause()
	}
	x = 2
	stay <- true
	first()
	lab.Use(x)
}

func TestRaceManyLocksSince(t *testing.T) {
	var mu sync.Mutex
	x := 0
	first := lab.Go(func() { x = 1 })
	lab.Pause()
	for range 2_000_000 {
		mu.Lock()
		mu.Unlock()
	}
	x = 2
	first()
	lab.Use(x)
}

func TestNoRaceManyAccessesInOrder(t *testing.T) {
	c := make(chan bool)
	go func() {
		stir(200_000)
		c <- true
	}()
	<-c
	stir(200_000)
}

func TestNoRaceManyLocksBetween(t *testing.T) {
	var mu sync.Mutex
	x := 0
	work := func() {
		for range 20_000 {
			mu.Lock()
			x++
			mu.Unlock()
		}
	}
	join := lab.Go(work)
	work()
	join()
	if x != 40_000 {
		t.Fatalf("x = %d", x)
	}
}

// Ids and clocks of goroutines are used again, and no order is invented or
// lost: each reads what the one before the last wrote, after a chain of joins.
func TestNoRaceThousandsInAChain(t *testing.T) {
	var slots [3]int
	for i := range 5000 {
		lab.Go(func() {
			slots[(i+1)%3]++
			lab.Use(slots[i%3])
		})()
	}
}

// Ten thousand at a time, more than stock's detector allows, is gosan's claim;
// this stays below stock's limit so that both can be asked.
func TestNoRaceThousandsAtATime(t *testing.T) {
	const n = 4000
	slots := make([]int, n)
	release := make(chan struct{})
	var ready, done sync.WaitGroup
	for i := range n {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			slots[i] = i
			ready.Done()
			<-release
			lab.Use(slots[(i+1)%n])
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
}
