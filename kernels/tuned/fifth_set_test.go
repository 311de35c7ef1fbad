// The fifth set of kernels that were held back, before they were looked at.
package tuned

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The table is put in force before its last entry is in it.
func TestEntryAfterPublish(t *testing.T) {
	var mu sync.Mutex
	var table map[string]int
	updates := 0
	go func() {
		fresh := map[string]int{"a": 1}
		mu.Lock()
		table = fresh
		mu.Unlock()
		fresh["b"] = 2
		mu.Lock()
		updates++
		mu.Unlock()
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	current := table
	mu.Unlock()
	_ = current["b"]
}

// Whoever is not the one to renew the token takes it as it is.
func TestTokenBeingRenewed(t *testing.T) {
	var renewing atomic.Bool
	token := "old"
	use := func() {
		if renewing.CompareAndSwap(false, true) {
			token = "new"
			renewing.Store(false)
			return
		}
		_ = token
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

// The reason is written down when all have been told to stop.
func TestReasonAfterCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	reason := ""
	var mu sync.Mutex
	stops := 0
	stopped := make(chan bool)
	go func() {
		defer close(stopped)
		<-ctx.Done()
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		stops++
		mu.Unlock()
		_ = reason
	}()
	cancel()
	reason = "shutdown"
	mu.Lock()
	stops++
	mu.Unlock()
	<-stopped
}

// The first hands over to the second, and that to the third, by locks only.
func TestThirdHand(t *testing.T) {
	var first, second sync.Mutex
	draft := 0
	var wg sync.WaitGroup
	wg.Add(3)
	go func() {
		defer wg.Done()
		draft = 1
		first.Lock()
		first.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(300 * time.Microsecond)
		first.Lock()
		first.Unlock()
		second.Lock()
		second.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		second.Lock()
		second.Unlock()
		_ = draft
	}()
	wg.Wait()
}

// The answer looks whether it is still wanted, and is written when it is not.
func TestWantedWhenAsked(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	answer := ""
	done := make(chan bool, 1)
	go func() {
		time.Sleep(300 * time.Microsecond)
		if ctx.Err() != nil {
			return
		}
		answer = "yes"
		done <- true
	}()
	select {
	case <-done:
	case <-ctx.Done():
		answer = "too late"
	}
	_ = answer
}

// Parallel subtests read a fixture that the first of them loads.
func TestFixtureOnFirstUse(t *testing.T) {
	var mu sync.Mutex
	var fixture []byte
	loads := 0
	for i := range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * time.Millisecond)
			if i == 1 {
				mu.Lock()
				loads++
				mu.Unlock()
			}
			if fixture == nil {
				fixture = []byte("golden")
			}
			if i == 0 {
				mu.Lock()
				loads++
				mu.Unlock()
			}
		})
	}
}

// The monitor looks into the queue without its lock when something is in work.
func TestMonitorOfBusyQueue(t *testing.T) {
	var mu sync.Mutex
	var busy atomic.Int32
	var queue []int
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		busy.Add(1)
		mu.Lock()
		queue = append(queue, 1)
		mu.Unlock()
		busy.Add(-1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		if busy.Load() > 0 {
			_ = len(queue)
		}
	}()
	wg.Wait()
}

// What shall happen after the cancellation may have begun when it is called off.
func TestCalledOffTooLate(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	state := 0
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		mu.Unlock()
		state = 1
	})
	go func() {
		time.Sleep(time.Millisecond)
		cancel()
	}()
	time.Sleep(200 * time.Microsecond)
	if !stop() {
		state = 2
	}
	cancel()
	_ = state
}

// The second round begins when the worker of the first has yet to say so.
func TestRoundsOverlap(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	said := 0
	last := 0
	for round := range 2 {
		wg.Add(1)
		go func() {
			time.Sleep(200 * time.Microsecond)
			mu.Lock()
			said++
			mu.Unlock()
			if round == 0 {
				wg.Done()
			}
			last = round
			mu.Lock()
			said++
			mu.Unlock()
			if round == 1 {
				wg.Done()
			}
		}()
		wg.Wait()
	}
	_ = last
}

// A channel is the lock of a map; who fails counts without it.
func TestErrorOutsideLock(t *testing.T) {
	lock := make(chan bool, 1)
	counts := map[string]int{}
	count := func(name string) {
		lock <- true
		counts[name]++
		<-lock
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		count("done")
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		count("tried")
		counts["failed"]++
	}()
	wg.Wait()
}
