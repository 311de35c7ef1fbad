package tuned

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The second attempt sets the error that the report of the first still reads.
func TestAttemptsShareError(t *testing.T) {
	var err error
	var mu sync.Mutex
	reports := 0
	report := func() {
		mu.Lock()
		reports++
		mu.Unlock()
	}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		_ = err
		report()
	}()
	time.Sleep(time.Millisecond)
	report()
	err = errors.New("second attempt")
	wg.Wait()
}

// Whoever waits is woken up before the last entry is counted.
func TestCountAfterSignal(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	ready, logged, entries := false, 0, 0
	go func() {
		mu.Lock()
		ready = true
		mu.Unlock()
		cond.Signal()
		entries++
		mu.Lock()
		logged++
		mu.Unlock()
	}()
	mu.Lock()
	for !ready {
		cond.Wait()
	}
	mu.Unlock()
	time.Sleep(500 * time.Microsecond)
	mu.Lock()
	_ = logged
	mu.Unlock()
	_ = entries
}

// One path looks at the client without the Once that makes it.
func TestPathWithoutOnce(t *testing.T) {
	var once sync.Once
	var client *int
	var mu sync.Mutex
	requests := 0
	count := func() {
		mu.Lock()
		requests++
		mu.Unlock()
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		once.Do(func() { client = new(int) })
		count()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		count()
		_ = client
	}()
	wg.Wait()
}

// Shutdown takes the buffers away from the last task.
func TestShutdownDuringLastTask(t *testing.T) {
	tasks := make(chan int, 4)
	quit := make(chan bool)
	var mu sync.Mutex
	done := 0
	buffers := make([]byte, 8)
	go func() {
		for {
			select {
			case n := <-tasks:
				buffers[n]++
				mu.Lock()
				done++
				mu.Unlock()
			case <-quit:
				return
			}
		}
	}()
	tasks <- 1
	time.Sleep(time.Millisecond)
	mu.Lock()
	_ = done
	mu.Unlock()
	close(quit)
	buffers = nil
}

// The number of a configuration is raised after that is in force.
func TestNumberAfterSwap(t *testing.T) {
	var config atomic.Pointer[string]
	var changes atomic.Int64
	number := 0
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		text := "new"
		config.Store(&text)
		number++
		changes.Add(1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		changes.Load()
		if config.Load() != nil {
			_ = number
		}
	}()
	wg.Wait()
}

// A counter is asked whether all are done, and goes down before the result is in.
func TestPolledCounter(t *testing.T) {
	var left atomic.Int32
	left.Store(2)
	var mu sync.Mutex
	var results [2]int
	for i := range 2 {
		go func() {
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			left.Add(-1)
			results[i] = i
			mu.Lock()
			mu.Unlock()
		}()
	}
	for left.Load() > 0 {
		time.Sleep(500 * time.Microsecond)
	}
	mu.Lock()
	mu.Unlock()
	_ = results[0] + results[1]
}

// What a subtest leaves running writes where the next one does.
func TestLeftBySibling(t *testing.T) {
	var mu sync.Mutex
	events := 0
	note := func() {
		mu.Lock()
		mu.Unlock()
	}
	t.Run("a", func(t *testing.T) {
		go func() {
			events++
			note()
		}()
	})
	t.Run("b", func(t *testing.T) {
		time.Sleep(time.Millisecond)
		note()
		events++
	})
}

// The timer that is put off may have fired.
func TestDebounce(t *testing.T) {
	pending := 0
	saved := make(chan bool, 4)
	save := time.AfterFunc(20*time.Millisecond, func() {
		pending = 0
		saved <- true
	})
	for range 3 {
		pending++
		save.Reset(20 * time.Millisecond)
		time.Sleep(300 * time.Microsecond)
	}
	save.Stop()
}

// The last one out closes; the other has yet to say what it dropped.
func TestLastOutCloses(t *testing.T) {
	var running atomic.Int32
	running.Store(2)
	var mu sync.Mutex
	said := 0
	dropped := 0
	out := make(chan int, 4)
	for i := range 2 {
		go func() {
			time.Sleep(time.Duration(i) * time.Millisecond)
			mu.Lock()
			said++
			mu.Unlock()
			out <- i
			if running.Add(-1) == 0 {
				close(out)
				return
			}
			dropped++
			mu.Lock()
			said++
			mu.Unlock()
		}()
	}
	for range out {
	}
	_ = dropped
}

// An answer comes into the buffer of a request that was given up.
func TestReusedBuffer(t *testing.T) {
	buffer := make([]byte, 4)
	requests := make(chan chan bool, 2)
	go func() {
		for reply := range requests {
			time.Sleep(300 * time.Microsecond)
			buffer[0] = 'a'
			reply <- true
		}
	}()
	reply := make(chan bool, 1)
	requests <- reply
	select {
	case <-reply:
	case <-time.After(25 * time.Millisecond):
	}
	close(requests)
	buffer[0] = 0
}
