// Package lab holds the few helpers that the programs of the corpus share.
package lab

import "time"

// Pause lets the other goroutines of a test come first. It orders nothing:
// to a detector that goes by happens-before, sleeping is no synchronisation.
func Pause() {
	time.Sleep(5 * time.Millisecond)
}

// Go starts f in a goroutine and returns a function that waits until f has
// ended. To wait is to synchronise, so a test whose race is meant to be seen
// waits only after the last access. It is not inlined, so that its frame has
// one name in all reports.
//
//go:noinline
func Go(f func()) (join func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return func() { <-done }
}

// Use reads its argument in the caller, so that the compiler keeps the read.
//
//go:noinline
func Use[T any](T) {}

// Signal lets one goroutine wait for another without being ordered after it:
// whoever waits looks at the length of a channel, and receives nothing. It makes
// sure who is first where the race depends on that.
type Signal chan struct{}

// NewSignal returns a signal that has not been given.
func NewSignal() Signal {
	return make(Signal, 1)
}

// Give gives the signal.
func (s Signal) Give() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// Await returns when the signal has been given, or after many seconds.
func (s Signal) Await() {
	for range 2000 {
		if len(s) > 0 {
			return
		}
		Pause()
	}
}
