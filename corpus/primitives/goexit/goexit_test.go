// Package goexit: runtime.Goexit ends a goroutine from deep inside, after its
// deferred calls.
package goexit

import (
	"runtime"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

func leave(depth int) {
	if depth == 0 {
		runtime.Goexit()
	}
	leave(depth - 1)
}

func TestRaceWriterLeft(t *testing.T) {
	x := 0
	join := lab.Go(func() {
		x = 1
		leave(10)
	})
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

func TestRaceDeferredWrite(t *testing.T) {
	x := 0
	join := lab.Go(func() {
		defer func() { x = 1 }()
		leave(3)
	})
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

func TestNoRaceDeferredDone(t *testing.T) {
	var done sync.WaitGroup
	var parts [8]int
	for i := range parts {
		done.Add(1)
		go func() {
			defer done.Done()
			parts[i] = i
			leave(i)
		}()
	}
	done.Wait()
	parts[3]++
}

func TestNoRaceDeferredUnlock(t *testing.T) {
	var mu sync.Mutex
	x := 0
	var joins []func()
	for range 50 {
		joins = append(joins, lab.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			x++
			leave(2)
		}))
	}
	for _, join := range joins {
		join()
	}
	if x != 50 {
		t.Fatalf("x = %d, want 50", x)
	}
}

// Goexit goes on through a recovered panic.
func TestNoRaceRecoverOnTheWayOut(t *testing.T) {
	x := 0
	join := lab.Go(func() {
		defer func() {
			defer func() { lab.Use(recover()) }()
			panic("while leaving")
		}()
		x = 1
		leave(1)
	})
	join()
	x = 2
	lab.Use(x)
}
