package tuned

import (
	"sync"
	"testing"
	"time"
)

// Add is called in the goroutine, so Wait may come before it.
func TestWaitBeforeAdd(t *testing.T) {
	var wg sync.WaitGroup
	results := make([]int, 2)
	for i := range results {
		go func() {
			wg.Add(1)
			defer wg.Done()
			results[i] = i + 1
		}()
	}
	time.Sleep(time.Millisecond)
	wg.Wait()
	if results[0]+results[1] == 0 {
		t.Log("nothing came")
	}
}

// Done stands before the last thing that the goroutine does.
func TestDoneTooEarly(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	finished, log := 0, ""
	for range 2 {
		wg.Add(1)
		go func() {
			mu.Lock()
			finished++
			mu.Unlock()
			wg.Done()
			mu.Lock()
			log += "x"
			mu.Unlock()
		}()
	}
	wg.Wait()
	time.Sleep(time.Millisecond)
	mu.Lock()
	_ = finished
	mu.Unlock()
	_ = log
}

// One of the workers starts a helper that nobody waits for.
func TestHelperNotCounted(t *testing.T) {
	var wg sync.WaitGroup
	sums := make(map[string]int)
	var mu sync.Mutex
	wg.Add(1)
	go func() {
		defer wg.Done()
		go func() {
			mu.Lock()
			defer mu.Unlock()
			sums["helper"]++
		}()
		time.Sleep(time.Millisecond)
		mu.Lock()
		sums["worker"]++
		mu.Unlock()
	}()
	wg.Wait()
	for range sums {
	}
}

// The group counts rounds, and a straggler of the first round finishes in the
// second.
func TestStraggler(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	round := func(n int) {
		for i := range n {
			wg.Add(1)
			go func() {
				mu.Lock()
				total++
				mu.Unlock()
				wg.Done()
				if i == 0 {
					mu.Lock()
					total++
					mu.Unlock()
				}
			}()
		}
		wg.Wait()
	}
	round(1)
	time.Sleep(time.Millisecond)
	round(1)
	time.Sleep(time.Millisecond)
	mu.Lock()
	mu.Unlock()
	_ = total
}

// An error ends the waiting early.
func TestFirstErrorReturns(t *testing.T) {
	errs := make(chan error, 3)
	counts := make([]int, 3)
	for i := range counts {
		go func() {
			counts[i]++
			errs <- nil
		}()
	}
	deadline := time.After(4 * time.Millisecond)
	for range counts {
		select {
		case <-errs:
		case <-deadline:
			_ = counts[0] + counts[1] + counts[2]
			return
		}
	}
	_ = counts[0]
}
