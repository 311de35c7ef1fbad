package tuned

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Shutdown waits for those who work, not for who is about to begin.
func TestLateWorker(t *testing.T) {
	var mu sync.Mutex
	active, handled := 0, 0
	idle := make(chan bool, 2)
	serve := func() {
		mu.Lock()
		active++
		mu.Unlock()
		handled++
		mu.Lock()
		active--
		if active == 0 {
			idle <- true
		}
		mu.Unlock()
	}
	go serve()
	time.Sleep(time.Millisecond)
	mu.Lock()
	n := active
	mu.Unlock()
	if n > 0 {
		<-idle
	}
	_ = handled
}

// An iterator holds its place in a list that the owner shortens.
func TestIteratorAgainstRemoval(t *testing.T) {
	type node struct {
		next  *node
		value int
	}
	list := &node{next: &node{next: &node{value: 3}, value: 2}, value: 1}
	var mu sync.Mutex
	first := func() *node {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		for n := first(); n != nil; n = n.next {
			_ = n.value
		}
		first()
	}()
	time.Sleep(time.Millisecond)
	head := first()
	head.next = nil
	<-done
}

// The rate limiter resets its window when a token comes late.
func TestLimiterWindow(t *testing.T) {
	tokens := make(chan bool, 2)
	tokens <- true
	tokens <- true
	window := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			<-tokens
			begun := time.Now()
			tokens <- true
			if time.Since(begun) > time.Millisecond {
				window = 0
			} else {
				<-tokens
				window++
				tokens <- true
				<-tokens
				tokens <- true
			}
		}()
	}
	wg.Wait()
}

// The heartbeat and the answer share the time of the last sign of life.
func TestHeartbeat(t *testing.T) {
	var last time.Time
	var mu sync.Mutex
	beats := 0
	stop := make(chan bool)
	gone := make(chan bool)
	go func() {
		defer close(gone)
		select {
		case <-time.After(6 * time.Millisecond):
			last = time.Now()
			beats++
		case <-stop:
		}
	}()
	go func() {
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		mu.Unlock()
		last = time.Now()
		close(stop)
	}()
	<-gone
	_ = last
}

// A reference count reaches zero while another takes a reference.
func TestLastReference(t *testing.T) {
	var refs atomic.Int32
	refs.Store(1)
	object := map[string]int{"a": 1}
	release := func() {
		if refs.Add(-1) == 0 {
			clear(object)
		}
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		refs.Add(1)
		_ = object["a"]
		release()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		if refs.Load() > 0 {
			object["b"] = 2
		}
		release()
	}()
	wg.Wait()
}

// The subscriber unsubscribes, and the event that is on its way arrives.
func TestEventAfterUnsubscribe(t *testing.T) {
	var mu sync.Mutex
	handlers := map[int]func(){}
	got := 0
	mu.Lock()
	handlers[1] = func() { got++ }
	mu.Unlock()
	done := make(chan bool)
	go func() {
		defer close(done)
		mu.Lock()
		h := handlers[1]
		mu.Unlock()
		if h != nil {
			h()
		}
		mu.Lock()
		mu.Unlock()
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	delete(handlers, 1)
	mu.Unlock()
	got = -1
	<-done
}

// An optimistic update that lost writes its excuse without a lock.
func TestOptimisticUpdate(t *testing.T) {
	var version atomic.Int64
	excuse := ""
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			seen := version.Load()
			var m sync.Mutex
			m.Lock()
			m.Unlock()
			if !version.CompareAndSwap(seen, seen+1) {
				excuse = "lost"
				return
			}
			if i == 0 {
				excuse = "won"
				version.Add(1)
			}
		}()
	}
	wg.Wait()
	_ = excuse
}

// The parent context ends between the check and the use.
func TestCheckThenUse(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mu sync.Mutex
	conn := &struct{ open bool }{true}
	gone := make(chan bool)
	go func() {
		defer close(gone)
		<-ctx.Done()
		mu.Lock()
		mu.Unlock()
		conn.open = false
	}()
	if ctx.Err() == nil {
		go func() {
			_ = conn.open
			mu.Lock()
			mu.Unlock()
		}()
	}
	time.Sleep(time.Millisecond)
	cancel()
	<-gone
}

// Batches are cut by size or by time; the cut by time forgets the lock.
func TestBatchByTime(t *testing.T) {
	var mu sync.Mutex
	batch := []int{}
	in := make(chan int)
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case v, ok := <-in:
				if !ok {
					return
				}
				mu.Lock()
				batch = append(batch, v)
				mu.Unlock()
			case <-time.After(5 * time.Millisecond):
				batch = batch[:0]
			}
		}
	}()
	for i := range 3 {
		in <- i
		time.Sleep(300 * time.Microsecond)
		mu.Lock()
		_ = len(batch)
		mu.Unlock()
	}
	close(in)
	<-done
}

// A barrier lets its last member reset the round, and a fast one is already in
// the next.
func TestBarrierRound(t *testing.T) {
	var mu sync.Mutex
	waiting, round := 0, 0
	gate := make(chan bool)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			mu.Lock()
			waiting++
			last := waiting == 2
			g := gate
			mu.Unlock()
			if last {
				close(g)
				round++
				mu.Lock()
				waiting = 0
				mu.Unlock()
				return
			}
			<-g
			mu.Lock()
			w := waiting
			mu.Unlock()
			if w != 0 {
				_ = round
			}
		}()
	}
	wg.Wait()
}

// Two loaders share a pending result; the second attaches to it while the first
// removes it.
func TestSharedPending(t *testing.T) {
	type call struct {
		done  chan bool
		value int
		users int
	}
	var mu sync.Mutex
	var pending *call
	load := func() {
		mu.Lock()
		if c := pending; c != nil {
			mu.Unlock()
			c.users++
			<-c.done
			return
		}
		c := &call{done: make(chan bool)}
		pending = c
		mu.Unlock()
		time.Sleep(200 * time.Microsecond)
		c.value, c.users = 1, c.users+1
		mu.Lock()
		pending = nil
		mu.Unlock()
		close(c.done)
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			load()
		}()
	}
	wg.Wait()
}

// A ring buffer checks for room with one lock and writes with another.
func TestRingTwoLocks(t *testing.T) {
	var room, data sync.Mutex
	free := 2
	var ring [2]int
	at := 0
	put := func(v int) {
		room.Lock()
		ok := free > 0
		if ok {
			free--
		}
		room.Unlock()
		if !ok {
			return
		}
		ring[at%2] = v
		data.Lock()
		at++
		data.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			data.Lock()
			data.Unlock()
			put(i)
		}()
	}
	wg.Wait()
}
