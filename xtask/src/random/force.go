// Random concurrent programs, whose steps come in one known order.
package main

import (
	"runtime"
	"sync"
)

// vars is what the goroutines of one program share.
type vars struct {
	f  [4]int64
	b  [8]byte
	h  [4]int32
	a  [2]int64
	r  [100]int64
	m  map[int]int
	mu [2]sync.Mutex
	rw sync.RWMutex
	c  [2]chan int
	u  chan int
	wg sync.WaitGroup
}

// step counts the steps that are done. The detector does not see it, so the
// order that it forces is none for the detector.
var step int

// turn waits until the first n steps are done.
//
//go:norace
//go:noinline
func turn(n int) {
	for step < n {
		runtime.Gosched()
	}
}

// done ends a step.
//
//go:norace
//go:noinline
func done() { step++ }

// begin starts to count anew.
//
//go:norace
//go:noinline
func begin() { step = 0 }

// use reads its argument in the caller.
//
//go:noinline
func use[T any](T) {}
