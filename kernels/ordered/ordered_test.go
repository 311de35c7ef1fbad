// The twins of some kernels, put right.  No schedule may bring out a race here.
package ordered

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Each goroutine has an err of its own.
func TestOwnErr(t *testing.T) {
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			errs[i] = context.Canceled
		}()
	}
	wg.Wait()
	_ = errs[0] == errs[1]
}

// Add comes before the go statement.
func TestAddBeforeGo(t *testing.T) {
	var wg sync.WaitGroup
	results := make([]int, 2)
	for i := range results {
		wg.Add(1)
		go func() {
			defer wg.Done()
			results[i] = i + 1
		}()
	}
	time.Sleep(time.Millisecond)
	wg.Wait()
	_ = results[0] + results[1]
}

// Who sends also closes.
func TestSenderCloses(t *testing.T) {
	queue := make(chan int, 1)
	stop := make(chan bool)
	go func() {
		defer close(queue)
		for i := 0; ; i++ {
			select {
			case queue <- i:
			case <-stop:
				return
			}
		}
	}()
	time.Sleep(time.Millisecond)
	close(stop)
	for range queue {
	}
}

// The value is complete when it is published.
func TestPublishedComplete(t *testing.T) {
	type settings struct{ name string }
	var mu sync.Mutex
	var current *settings
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		s := &settings{name: "ready"}
		mu.Lock()
		current = s
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

// The flag is stored after the value.
func TestValueBeforeFlag(t *testing.T) {
	var ready atomic.Bool
	value := 0
	go func() {
		value = 42
		ready.Store(true)
	}()
	for !ready.Load() {
		time.Sleep(100 * time.Microsecond)
	}
	_ = value
}

// Once takes care of the lazy start.
func TestOnce(t *testing.T) {
	var once sync.Once
	started := false
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			once.Do(func() { started = true })
			_ = started
		}()
	}
	wg.Wait()
}

// The clean-up is waited for.
func TestCleanUpWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rows := map[int]bool{1: true}
	cleaned := make(chan bool)
	go func() {
		defer close(cleaned)
		<-ctx.Done()
		delete(rows, 1)
	}()
	cancel()
	<-cleaned
	clear(rows)
}

// The caller that gives up does not touch what the worker still writes.
func TestGiveUpCleanly(t *testing.T) {
	done := make(chan int, 1)
	go func() {
		sum := 0
		for i := range 3 {
			time.Sleep(300 * time.Microsecond)
			sum += i
		}
		done <- sum
	}()
	select {
	case sum := <-done:
		_ = sum
	case <-time.After(2 * time.Millisecond):
	}
}

// A channel of one slot is a lock.
func TestSlotIsALock(t *testing.T) {
	slot := make(chan bool, 1)
	balance := 0
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			slot <- true
			balance++
			<-slot
		}()
	}
	wg.Wait()
	_ = balance
}

// Readers share the lock, and the writer has it alone.
func TestReadersAndWriter(t *testing.T) {
	var mu sync.RWMutex
	table := map[string]int{"a": 1}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if i == 3 {
				mu.Lock()
				table["a"]++
				mu.Unlock()
				return
			}
			mu.RLock()
			_ = table["a"]
			mu.RUnlock()
		}()
	}
	wg.Wait()
}

// Wait looks again each time it is woken.
func TestCondition(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	ready, payload := false, ""
	done := make(chan bool)
	go func() {
		defer close(done)
		mu.Lock()
		for !ready {
			cond.Wait()
		}
		_ = payload
		mu.Unlock()
	}()
	mu.Lock()
	payload, ready = "x", true
	cond.Broadcast()
	mu.Unlock()
	<-done
}

// Parallel subtests have a lock for what they share.
func TestSubtestsLockMap(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[int]bool)
	t.Cleanup(func() { clear(seen) })
	for i := range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			mu.Lock()
			seen[i] = true
			mu.Unlock()
		})
	}
}

// A timer that is stopped too late is waited for.
func TestTimerWaitedFor(t *testing.T) {
	closed := 0
	ran := make(chan bool)
	timer := time.AfterFunc(2*time.Millisecond, func() {
		defer close(ran)
		closed++
	})
	time.Sleep(time.Millisecond)
	if !timer.Stop() {
		<-ran
	}
	closed++
}

// The last to let go of the object clears it.
func TestReferences(t *testing.T) {
	var refs atomic.Int32
	refs.Store(3)
	object := map[string]int{"a": 1}
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_ = object["a"]
			if refs.Add(-1) == 0 {
				clear(object)
			}
		}()
	}
	wg.Wait()
}

// A session is dropped after a quiet second; the request has just begun.
func TestSessionDropped(t *testing.T) {
	session := map[string]int{"user": 1}
	drop := time.AfterFunc(time.Second, func() { clear(session) })
	requests := make(chan int, 2)
	answered := make(chan bool)
	go func() {
		for range requests {
			if !drop.Stop() {
				break
			}
			session["hits"]++
			drop.Reset(time.Second)
		}
		close(answered)
	}()
	requests <- 1
	time.Sleep(time.Millisecond)
	requests <- 2
	close(requests)
	<-answered
	if drop.Stop() {
		clear(session)
	}
}

// An answer is only the caller's once the channel has handed it over.
func TestAnswerOrTimeout(t *testing.T) {
	answers := make(chan []int, 1)
	go func() {
		answer := make([]int, 1)
		time.Sleep(300 * time.Microsecond)
		answer[0] = 1
		answers <- answer
	}()
	var answer []int
	select {
	case answer = <-answers:
	case <-time.After(100 * time.Millisecond):
		answer = []int{-1}
	}
	answer[0]++
}

// A map is handed from lock to lock, and looked at by a ticker under it too.
func TestTickerLocks(t *testing.T) {
	var mu sync.Mutex
	counts := map[string]int{}
	stop := make(chan bool)
	stopped := make(chan bool)
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				mu.Lock()
				counts["tick"]++
				mu.Unlock()
			}
		}
	}()
	for range 3 {
		mu.Lock()
		counts["work"]++
		mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	close(stop)
	<-stopped
	delete(counts, "tick")
}
