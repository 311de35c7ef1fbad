// Package lab holds what the tests of this module share: how far apart the
// accesses are, how they are put in order without being ordered, and what the
// process took.
package lab

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Distance returns what the environment variable DISTANCE says, or a small
// default.
func Distance(small int) int {
	if n, err := strconv.Atoi(os.Getenv("DISTANCE")); err == nil && n > 0 {
		return n
	}
	return small
}

// Start starts f in a goroutine and returns a function that waits until f has
// ended, which orders whoever calls it after f.
//
//go:noinline
func Start(f func()) (join func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return func() { <-done }
}

// A Mark is given by one goroutine and awaited by another. The detector sees
// neither, so nothing is ordered by it.
type Mark struct{ given int }

// Give gives the mark once more.
//
//go:norace
//go:noinline
func (m *Mark) Give() { m.given++ }

// Await returns when the mark has been given n times.
//
//go:norace
//go:noinline
func (m *Mark) Await(n int) {
	for spins := 0; m.given < n; spins++ {
		if spins < 1000 {
			runtime.Gosched()
		} else {
			time.Sleep(time.Millisecond)
		}
	}
}

// Settle gives goroutines that have nothing left to do the time to end.
func Settle() { time.Sleep(2 * time.Millisecond) }

// Use reads its argument in the caller, so that the compiler keeps the read.
//
//go:noinline
func Use[T any](T) {}

// Resident returns the resident memory of the process in MiB.
func Resident() int { return status("VmRSS:") }

// Main runs the tests and then says what the process took at most.
func Main(m *testing.M) {
	code := m.Run()
	fmt.Printf("peak memory: %d MiB\n", status("VmHWM:"))
	os.Exit(code)
}

func status(field string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), field)
	words := strings.Fields(after)
	if len(words) == 0 {
		return 0
	}
	kib, err := strconv.Atoi(words[0])
	if err != nil {
		return 0
	}
	return kib / 1024
}
