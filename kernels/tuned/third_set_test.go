package tuned

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The sum is handed in before the number of its parts.
func TestPartsAfterSum(t *testing.T) {
	var mu sync.Mutex
	sum, parts := 0, 0
	sums := make(chan int, 1)
	go func() {
		sums <- 10
		parts = 4
		mu.Lock()
		sum = 10
		mu.Unlock()
	}()
	<-sums
	time.Sleep(time.Millisecond)
	mu.Lock()
	_ = sum
	mu.Unlock()
	_ = parts
}

// Giving up puts the default into the slot that the lookup still fills.
func TestDefaultAfterTimeout(t *testing.T) {
	slots := make([]string, 1)
	filled := make(chan bool, 1)
	go func() {
		time.Sleep(500 * time.Microsecond)
		slots[0] = "found"
		filled <- true
	}()
	timer := time.NewTimer(20 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-filled:
	case <-timer.C:
		slots[0] = "default"
	}
	_ = slots[0]
}

// A session is looked up under the lock and renewed without it.
func TestSessionRenewed(t *testing.T) {
	type session struct{ renewed int }
	var mu sync.Mutex
	sessions := map[string]*session{"a": {}}
	touch := func() {
		mu.Lock()
		s := sessions["a"]
		mu.Unlock()
		s.renewed++
		mu.Lock()
		sessions["b"] = s
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			touch()
		}()
	}
	wg.Wait()
}

// The first to see that nothing is there makes it, and so does the second.
func TestMadeTwice(t *testing.T) {
	var index sync.Map
	made := 0
	get := func() {
		if _, ok := index.Load("a"); ok {
			return
		}
		made++
		index.Store("a", 1)
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
	_ = made
}

// The number of readers is raised before the reader has what it reads.
func TestReadersCounted(t *testing.T) {
	var readers, rounds atomic.Int32
	var page []int
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		readers.Add(1)
		page = append(page, 1)
		rounds.Add(1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(500 * time.Microsecond)
		_ = rounds.Load()
		if readers.Load() > 0 {
			_ = len(page)
		}
	}()
	wg.Wait()
}

// The pump adds to the group what the closer already waits for.
func TestPumpAgainstCloser(t *testing.T) {
	source := make(chan string, 1)
	var group sync.WaitGroup
	last := ""
	go func() {
		text, ok := <-source
		if !ok {
			return
		}
		group.Add(1)
		defer group.Done()
		last = text
	}()
	source <- "x"
	time.Sleep(time.Millisecond)
	group.Wait()
	_ = last
}

// The end of a context is noticed by a goroutine that still has to write.
func TestEndNoticed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	reason := ""
	seen := 0
	go func() {
		<-ctx.Done()
		reason = "ended"
		mu.Lock()
		seen++
		mu.Unlock()
	}()
	cancel()
	time.Sleep(time.Millisecond)
	mu.Lock()
	_ = seen
	mu.Unlock()
	_ = reason
}

// A new member of the list and the walk over the list's old form.
func TestMemberAndWalk(t *testing.T) {
	var mu sync.RWMutex
	members := make([]int, 1, 4)
	walked := 0
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.RLock()
		list := members
		mu.RUnlock()
		for i := range list {
			walked += list[i]
		}
		mu.RLock()
		mu.RUnlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		members = append(members, 2)
		members[0] = 1
		mu.Unlock()
	}()
	wg.Wait()
	_ = walked
}

// Parallel subtests log to one buffer, each before or after its own lock.
func TestSubtestsLog(t *testing.T) {
	var mu sync.Mutex
	var buffer []int
	for i := range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * time.Millisecond)
			if i == 1 {
				mu.Lock()
				mu.Unlock()
			}
			buffer = append(buffer, i)
			if i == 0 {
				mu.Lock()
				mu.Unlock()
			}
		})
	}
}

// Each worker takes two tickets, unless another was there between.
func TestTicketsRunOut(t *testing.T) {
	tickets := make(chan int, 2)
	tickets <- 1
	tickets <- 2
	var mu sync.Mutex
	short := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			for range 2 {
				mu.Lock()
				mu.Unlock()
				select {
				case <-tickets:
				default:
					short++
				}
			}
		}()
	}
	wg.Wait()
	_ = short
}
