package tuned

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type settings struct {
	name string
	size int
}

// The value is published under the lock, and completed after that.
func TestPublishedIncomplete(t *testing.T) {
	var mu sync.Mutex
	var current *settings
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		s := &settings{}
		mu.Lock()
		current = s
		mu.Unlock()
		s.name = "ready"
		mu.Lock()
		s.size = 1
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		s := current
		mu.Unlock()
		if s != nil {
			_ = s.name
		}
	}()
	wg.Wait()
}

// A flag is stored atomically before what it stands for.
func TestFlagBeforeValue(t *testing.T) {
	var ready atomic.Bool
	var done atomic.Bool
	value := 0
	go func() {
		ready.Store(true)
		value = 42
		done.Store(true)
	}()
	for !ready.Load() {
		time.Sleep(200 * time.Microsecond)
	}
	if done.Load() {
		_ = value
		return
	}
	_ = value
}

// Lazy start: the first look at the flag is not under the lock.  The second
// caller usually comes after the first has handed over a ticket.
func TestLazyStart(t *testing.T) {
	var mu sync.Mutex
	started := false
	start := func() {
		if started {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !started {
			started = true
		}
	}
	var tickets sync.Mutex
	next := 0
	take := func() {
		tickets.Lock()
		next++
		tickets.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			take()
			start()
			take()
		}()
	}
	wg.Wait()
}

// The singleton is made lazily by whoever comes first; a second maker can come
// between the look and the making.
func TestTwoMakers(t *testing.T) {
	var mu sync.RWMutex
	var instance *settings
	get := func() *settings {
		mu.RLock()
		s := instance
		mu.RUnlock()
		if s == nil {
			s = &settings{}
			instance = s
			mu.Lock()
			mu.Unlock()
		}
		return s
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			get()
		}()
	}
	wg.Wait()
}

// A refresh replaces the map behind readers that hold no lock while they look.
func TestRefreshBehindRead(t *testing.T) {
	var mu sync.RWMutex
	table := map[string]int{"a": 1}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.RLock()
		seen := table
		mu.RUnlock()
		_ = seen["a"]
		mu.RLock()
		mu.RUnlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		table["a"]++
		mu.Unlock()
	}()
	wg.Wait()
}

// The observer is registered after the subject was started.
func TestObserverTooLate(t *testing.T) {
	type subject struct {
		mu      sync.Mutex
		events  int
		observe func(int)
	}
	s := &subject{}
	done := make(chan bool)
	go func() {
		defer close(done)
		time.Sleep(time.Millisecond)
		s.mu.Lock()
		s.events++
		s.mu.Unlock()
		if s.observe != nil {
			s.observe(s.events)
		}
	}()
	s.observe = func(int) {}
	s.mu.Lock()
	_ = s.events
	s.mu.Unlock()
	<-done
}
