package races

import (
	"sync"
	"testing"

	"exact.example/gosan/lab"
)

var noise [1 << 20]int64

// stir makes n accesses to memory that nobody else uses.
func stir(n int) {
	for i := range n {
		noise[i%len(noise)] = int64(i)
	}
}

// others starts n goroutines that come and go.
func others(n int) {
	for range n {
		lab.Start(func() {})()
	}
}

// race: latter < latterCaller < TestRaceGoroutinesSinceItEnded | former < formerCaller < TestRaceGoroutinesSinceItEnded.func1 < Start.func1
func TestRaceGoroutinesSinceItEnded(t *testing.T) {
	var x int64
	var made lab.Mark
	first := lab.Start(func() {
		formerCaller(&x)
		made.Give()
	})
	made.Await(1)
	lab.Settle()
	others(lab.Distance(1000))
	latterCaller(&x)
	first()
}

// race: latter < latterCaller < TestRaceGoroutinesWhileItLives | former < formerCaller < TestRaceGoroutinesWhileItLives.func1 < Start.func1
func TestRaceGoroutinesWhileItLives(t *testing.T) {
	var x int64
	var made, end lab.Mark
	first := lab.Start(func() {
		formerCaller(&x)
		made.Give()
		end.Await(1)
	})
	made.Await(1)
	others(lab.Distance(1000))
	latterCaller(&x)
	end.Give()
	first()
}

// All the others are alive at the moment of the later access.
//
// race: latter < latterCaller < TestRaceGoroutinesAlive | former < formerCaller < TestRaceGoroutinesAlive.func1 < Start.func1
func TestRaceGoroutinesAlive(t *testing.T) {
	var x int64
	var made lab.Mark
	first := lab.Start(func() {
		formerCaller(&x)
		made.Give()
	})
	made.Await(1)
	n := lab.Distance(1000)
	var ready, done sync.WaitGroup
	ready.Add(n)
	done.Add(n)
	release := make(chan struct{})
	for range n {
		go func() {
			ready.Done()
			<-release
			done.Done()
		}()
	}
	ready.Wait()
	latterCaller(&x)
	close(release)
	done.Wait()
	first()
}

// race: latter < latterCaller < TestRaceAccessesSince | former < formerCaller < TestRaceAccessesSince.func1 < Start.func1
func TestRaceAccessesSince(t *testing.T) {
	var x int64
	var made, end lab.Mark
	first := lab.Start(func() {
		formerCaller(&x)
		stir(lab.Distance(1 << 20))
		made.Give()
		end.Await(1)
	})
	made.Await(1)
	latterCaller(&x)
	end.Give()
	first()
}

// race: latter < latterCaller < TestRaceLocksSince | former < formerCaller < TestRaceLocksSince.func1 < Start.func1
func TestRaceLocksSince(t *testing.T) {
	var x int64
	var made lab.Mark
	var mu sync.Mutex
	first := lab.Start(func() {
		formerCaller(&x)
		made.Give()
	})
	made.Await(1)
	for range lab.Distance(2_000_000) {
		mu.Lock()
		mu.Unlock()
	}
	latterCaller(&x)
	first()
}

// The same, with two goroutines that hand one lock to each other and use
// memory under it.
//
// race: latter < latterCaller < TestRaceHandoversSince | former < formerCaller < TestRaceHandoversSince.func1 < Start.func1
func TestRaceHandoversSince(t *testing.T) {
	var x, shared int64
	var made lab.Mark
	var mu sync.Mutex
	first := lab.Start(func() {
		formerCaller(&x)
		made.Give()
	})
	made.Await(1)
	n := lab.Distance(200_000)
	work := func() {
		for range n / 2 {
			mu.Lock()
			shared++
			mu.Unlock()
		}
	}
	other := lab.Start(work)
	work()
	other()
	latterCaller(&x)
	first()
}
