package tuned

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The download ends, and the size is corrected after that was said.
func TestSizeCorrectedLate(t *testing.T) {
	var mu sync.Mutex
	chunks, size := 0, 0
	ended := make(chan int, 1)
	go func() {
		for range 2 {
			mu.Lock()
			chunks++
			mu.Unlock()
		}
		ended <- chunks
		size = chunks * 512
		mu.Lock()
		chunks = 0
		mu.Unlock()
	}()
	<-ended
	time.Sleep(time.Millisecond)
	mu.Lock()
	mu.Unlock()
	_ = size
}

// The answer that comes too late is still written into the caller's variable.
func TestAnswerAfterGivingUp(t *testing.T) {
	answer := ""
	arrived := make(chan bool, 1)
	go func() {
		time.Sleep(time.Millisecond)
		answer = "late"
		arrived <- true
	}()
	select {
	case <-arrived:
	case <-time.After(30 * time.Millisecond):
		answer = "none"
	}
	_ = answer
}

// The pool's janitor removes an entry that somebody takes out.
func TestJanitor(t *testing.T) {
	type entry struct{ used bool }
	var mu sync.Mutex
	pool := map[int]*entry{1: {}}
	find := func() *entry {
		mu.Lock()
		defer mu.Unlock()
		return pool[1]
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		if e := find(); e != nil {
			e.used = true
		}
		mu.Lock()
		delete(pool, 2)
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		if e := find(); e != nil {
			_ = e.used
		}
	}()
	wg.Wait()
}

// Two goroutines open a file lazily, and each looks with the read lock first.
func TestLazyOpen(t *testing.T) {
	var mu sync.RWMutex
	opened := false
	opens := 0
	open := func() {
		mu.RLock()
		ok := opened
		mu.RUnlock()
		if ok {
			return
		}
		opens++
		mu.Lock()
		opened = true
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			open()
		}()
	}
	wg.Wait()
}

// The state is switched before the time of the switch is written down.
func TestStateBeforeTime(t *testing.T) {
	var state, events atomic.Int32
	var since time.Time
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		state.Store(1)
		since = time.Now()
		events.Add(1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(500 * time.Microsecond)
		_ = events.Load()
		if state.Load() == 1 {
			_ = since.IsZero()
		}
	}()
	wg.Wait()
}

// A job that is accepted is counted by the goroutine that does it.
func TestCountedByWorker(t *testing.T) {
	jobs := make(chan int, 2)
	var pending sync.WaitGroup
	done := 0
	go func() {
		for job := range jobs {
			pending.Add(1)
			done += job
			pending.Done()
		}
	}()
	jobs <- 1
	time.Sleep(time.Millisecond)
	pending.Wait()
	_ = done
	close(jobs)
}

// Cancelling runs a callback beside the code that cancels.
func TestCallbackOfCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	note := ""
	log := func() {
		mu.Lock()
		defer mu.Unlock()
	}
	context.AfterFunc(ctx, func() {
		note = "cancelled"
		log()
	})
	cancel()
	time.Sleep(time.Millisecond)
	log()
	note = "ended"
	_ = note
}

// A subscriber is added while the events of its time are being delivered.
func TestSubscribeWhileDelivering(t *testing.T) {
	var mu sync.Mutex
	subscribers := []func(){func() {}}
	delivered := 0
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.Lock()
		list := subscribers
		mu.Unlock()
		for _, deliver := range list {
			deliver()
		}
		delivered = len(list)
		mu.Lock()
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		subscribers = append(subscribers, func() {})
		n := len(subscribers)
		mu.Unlock()
		delivered = n
	}()
	wg.Wait()
	_ = delivered
}

// Parallel subtests have a fixture each, but for the counter.
func TestSubtestCounter(t *testing.T) {
	var mu sync.Mutex
	ran := 0
	for i := range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			if i == 1 {
				time.Sleep(time.Millisecond)
				mu.Lock()
				mu.Unlock()
			}
			ran++
			if i == 0 {
				mu.Lock()
				mu.Unlock()
			}
		})
	}
}

// Whoever comes first takes the job; the one that finds none says so.
func TestNoJobLeft(t *testing.T) {
	jobs := make(chan int, 3)
	for i := range 3 {
		jobs <- i
	}
	var mu sync.Mutex
	idle := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			for range 2 {
				select {
				case <-jobs:
					mu.Lock()
					mu.Unlock()
				default:
					idle++
					return
				}
			}
			idle--
		}()
	}
	wg.Wait()
}
