package tuned

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The worker says that it is done, and then writes how fast it was.
func TestSpeedAfterDone(t *testing.T) {
	var mu sync.Mutex
	position, speed := 0, 0
	done := make(chan bool, 1)
	go func() {
		for range 3 {
			mu.Lock()
			position++
			mu.Unlock()
		}
		done <- true
		speed = 3
		mu.Lock()
		position = 0
		mu.Unlock()
	}()
	<-done
	time.Sleep(time.Millisecond)
	mu.Lock()
	_ = position
	mu.Unlock()
	_ = speed
}

// The last user gives the handle back outside the lock, and the next may have
// come already.
func TestLastUserCloses(t *testing.T) {
	var mu sync.Mutex
	refs := 0
	handle := new(int)
	uses := 0
	use := func() {
		mu.Lock()
		refs++
		_ = *handle
		mu.Unlock()

		mu.Lock()
		refs--
		last := refs == 0
		mu.Unlock()
		if last {
			handle = new(int)
		}
		mu.Lock()
		uses++
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			use()
		}()
	}
	wg.Wait()
}

// The idle timer closes a connection that is in use, if requests come slowly.
func TestIdleTimer(t *testing.T) {
	closed := false
	idle := time.AfterFunc(5*time.Millisecond, func() { closed = true })
	requests := make(chan int)
	handled := make(chan bool)
	go func() {
		defer close(handled)
		for range requests {
			idle.Reset(5 * time.Millisecond)
			if closed {
				return
			}
		}
	}()
	for i := range 3 {
		select {
		case requests <- i:
		case <-handled:
		}
		time.Sleep(300 * time.Microsecond)
	}
	close(requests)
	<-handled
	idle.Stop()
}

// Work of low priority is done when there is no other; its count has no lock,
// since one worker used to do it all.
func TestTwoPriorities(t *testing.T) {
	high, low := make(chan int, 2), make(chan int, 2)
	for i := range 2 {
		high <- i
		low <- i
	}
	lowDone := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			for range 2 {
				select {
				case <-high:
					continue
				default:
				}
				select {
				case <-low:
					lowDone++
				default:
				}
			}
		}()
	}
	wg.Wait()
}

// The new configuration is visible before its number is.
func TestReloadNumber(t *testing.T) {
	var current atomic.Pointer[string]
	var generation atomic.Int64
	number := 0
	old, fresh := "old", "new"
	current.Store(&old)
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		current.Store(&fresh)
		number++
		generation.Add(1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(500 * time.Microsecond)
		_ = generation.Load()
		if current.Load() == &fresh {
			_ = number
		}
	}()
	wg.Wait()
}

// The server stops while a connection that it has accepted is not yet counted.
func TestStopWhileAccepting(t *testing.T) {
	listener := make(chan int, 1)
	var connections sync.WaitGroup
	served := 0
	go func() {
		for range listener {
			connections.Add(1)
			go func() {
				defer connections.Done()
				served++
			}()
		}
	}()
	listener <- 1
	time.Sleep(time.Millisecond)
	close(listener)
	connections.Wait()
	_ = served
}

// Workers count themselves as done before they write their result.
func TestCountedBeforeResult(t *testing.T) {
	var done atomic.Int32
	var mu sync.Mutex
	lines := 0
	log := func() {
		mu.Lock()
		lines++
		mu.Unlock()
	}
	results := make([]int, 2)
	for i := range results {
		go func() {
			done.Add(1)
			results[i] = i + 1
			log()
		}()
	}
	for done.Load() < 2 {
		time.Sleep(200 * time.Microsecond)
	}
	time.Sleep(500 * time.Microsecond)
	log()
	_ = results[0] + results[1]
}

// The first error cancels the others, and is written down after that.
func TestCancelBeforeError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var once sync.Once
	var mu sync.Mutex
	failures := 0
	var first error
	fail := func(err error) {
		once.Do(func() {
			cancel()
			first = err
		})
		mu.Lock()
		failures++
		mu.Unlock()
	}
	go fail(errors.New("broken"))
	<-ctx.Done()
	time.Sleep(500 * time.Microsecond)
	mu.Lock()
	_ = failures
	mu.Unlock()
	_ = first
}

// The read lock is given up for the write lock, and what was read is old by
// then.
func TestUpgradedLock(t *testing.T) {
	var mu sync.RWMutex
	table := map[string]int{}
	misses := 0
	get := func() {
		mu.RLock()
		_, ok := table["a"]
		mu.RUnlock()
		if !ok {
			misses++
			mu.Lock()
			table["a"] = 1
			mu.Unlock()
		}
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
	_ = misses
}

// The sweeper ticks once before it is told to stop, if that takes long.
func TestSweeperTick(t *testing.T) {
	stop := make(chan bool)
	swept := 0
	go func() {
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				swept++
			case <-stop:
				return
			}
		}
	}()
	time.Sleep(500 * time.Microsecond)
	close(stop)
	swept++
}
