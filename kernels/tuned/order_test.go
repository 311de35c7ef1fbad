package tuned

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A lock taken for something else orders the two writes, as long as the first
// goroutine is the first to take it.
func TestLogLockOrders(t *testing.T) {
	var logs sync.Mutex
	lines := 0
	log := func() {
		logs.Lock()
		lines++
		logs.Unlock()
	}
	owner := 0
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		owner = 1
		log()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		log()
		owner = 2
	}()
	wg.Wait()
	_ = owner
}

// A pool of results orders producer and consumer, but only by whichever result
// comes out.
func TestPoolOrders(t *testing.T) {
	free := make(chan *int, 2)
	free <- new(int)
	free <- new(int)
	shared := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			slot := <-free
			shared++
			*slot = shared
			free <- slot
			slot = <-free
			free <- slot
		}()
	}
	wg.Wait()
}

// Counting with an atomic orders what stands around it.
func TestAtomicCounterOrders(t *testing.T) {
	var hits atomic.Int64
	last := ""
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		last = "a"
		hits.Add(1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		hits.Add(1)
		last = "b"
	}()
	wg.Wait()
	_ = last
}

// The reader holds the read lock, and so does the writer.
func TestReadLockedWriter(t *testing.T) {
	var mu sync.RWMutex
	count := 0
	done := make(chan bool, 2)
	go func() {
		mu.RLock()
		count++
		mu.RUnlock()
		mu.Lock()
		mu.Unlock()
		done <- true
	}()
	go func() {
		time.Sleep(time.Millisecond)
		mu.Lock()
		mu.Unlock()
		mu.RLock()
		count++
		mu.RUnlock()
		done <- true
	}()
	<-done
	<-done
}

// A condition variable is signalled before the state is complete.
func TestSignalTooEarly(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	ready, payload := false, ""
	done := make(chan bool)
	go func() {
		mu.Lock()
		for !ready {
			cond.Wait()
		}
		mu.Unlock()
		_ = payload
		close(done)
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	ready = true
	cond.Signal()
	mu.Unlock()
	payload = "late"
	mu.Lock()
	mu.Unlock()
	<-done
}

// Work is stolen from the other's list only by who runs dry first.
func TestWorkStealing(t *testing.T) {
	type list struct {
		mu    sync.Mutex
		items []int
	}
	lists := [2]*list{{items: []int{1, 2, 3}}, {items: []int{4, 5, 6}}}
	stolen := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				lists[i].mu.Lock()
				n := len(lists[i].items)
				if n > 0 {
					lists[i].items = lists[i].items[:n-1]
				}
				lists[i].mu.Unlock()
				if n == 0 {
					break
				}
				time.Sleep(100 * time.Microsecond)
			}
			other := lists[1-i]
			other.mu.Lock()
			n := len(other.items)
			other.mu.Unlock()
			if n > 1 {
				other.items = other.items[:n-1]
				stolen++
			}
		}()
	}
	wg.Wait()
}
