// Package finalizer: finalizers and cleanups run in a goroutine of the
// runtime, after everything that came before the object was lost.
package finalizer

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

type file struct {
	name string
	fd   int
	pad  [64]byte
}

// collect runs the collector until done, without synchronising with whoever
// sets it. It gives up, loudly, after a few seconds.
func collect(t *testing.T, done func() bool) {
	for range 1000 {
		runtime.GC()
		if done() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Skip("the collector did not run the finalizer")
}

//go:noinline
func openWithFinalizer(f func(*file)) {
	runtime.SetFinalizer(&file{name: "log", fd: 3}, f)
}

//go:noinline
func openWithCleanup(f func(int)) {
	runtime.AddCleanup(&file{name: "log", fd: 3}, f, 3)
}

func TestRaceFinalizerCounts(t *testing.T) {
	closed := 0
	var ran atomic.Bool
	openWithFinalizer(func(*file) {
		ran.Store(true)
		closed++
	})
	collect(t, ran.Load)
	lab.Pause()
	lab.Use(closed)
}

// A global, because stock reports an address once, and the collector may give
// a local variable the address of the last test's.
var cleaned int

func TestRaceCleanupCounts(t *testing.T) {
	var ran atomic.Bool
	openWithCleanup(func(int) {
		ran.Store(true)
		cleaned++
	})
	collect(t, ran.Load)
	lab.Pause()
	lab.Use(cleaned)
}

func TestNoRaceFinalizerSeesTheObject(t *testing.T) {
	names := make(chan string, 1)
	openWithFinalizer(func(f *file) {
		f.fd = -1
		names <- f.name
	})
	collect(t, func() bool { return len(names) == 1 })
	if name := <-names; name != "log" {
		t.Fatalf("name = %q", name)
	}
}

func TestNoRaceFinalizerSeesWhatCameBefore(t *testing.T) {
	var table []string
	sizes := make(chan int, 1)
	openWithFinalizer(func(*file) { sizes <- len(table) })
	table = append(table, "a", "b")
	collect(t, func() bool { return len(sizes) == 1 })
	if size := <-sizes; size != 2 {
		t.Fatalf("size = %d", size)
	}
}

func TestNoRaceFinalizerCountsAtomically(t *testing.T) {
	var closed atomic.Int32
	for range 10 {
		openWithFinalizer(func(*file) { closed.Add(1) })
	}
	collect(t, func() bool { return closed.Load() == 10 })
}

func TestNoRaceCleanupThroughChannel(t *testing.T) {
	closed := 0
	done := make(chan int, 1)
	openWithCleanup(func(fd int) {
		closed++
		done <- fd
	})
	collect(t, func() bool { return len(done) == 1 })
	<-done
	lab.Use(closed)
}

// An object that comes back to life is handed on by its finalizer.
func TestNoRaceResurrected(t *testing.T) {
	back := make(chan *file, 1)
	openWithFinalizer(func(f *file) {
		f.fd++
		back <- f
	})
	collect(t, func() bool { return len(back) == 1 })
	f := <-back
	f.fd++
	if f.fd != 5 {
		t.Fatalf("fd = %d, want 5", f.fd)
	}
}

// The collector frees memory and hands it out again while goroutines run:
// what a past owner did to an address says nothing about the next one.
func TestNoRaceMemoryIsUsedAgain(t *testing.T) {
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			for i := range 2000 {
				buf := make([]byte, 4096)
				buf[i%4096] = 1
				f := &file{fd: i}
				f.pad[i%64] = buf[i%4096]
				lab.Use(f)
			}
		}))
	}
	runtime.GC()
	for _, join := range joins {
		join()
	}
	runtime.GC()
}

// The finalizer comes after all that its owner did so far. What the owner
// learns from others later stays with it, also when it meets the finalizer.
func TestNoRaceOwnerLearnsAfterwards(t *testing.T) {
	var table, log sync.Mutex
	var entries, lines, lookups int
	logged, added := lab.NewSignal(), lab.NewSignal()
	join := lab.Go(func() {
		logged.Await()
		table.Lock()
		entries++
		table.Unlock()
		added.Give()
	})
	openWithFinalizer(func(*file) {
		log.Lock()
		lines++
		log.Unlock()
		logged.Give()
	})
	lookups++
	collect(t, func() bool { return len(logged) == 1 })
	added.Await()
	table.Lock()
	log.Lock()
	lab.Use(entries + lines + lookups)
	log.Unlock()
	table.Unlock()
	join()
}
