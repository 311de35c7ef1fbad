// The seventh set of kernels that were held back, before they were looked at.
package tuned

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The parcel is signed for under the lock, and weighed after that.
func TestParcelWeighedLate(t *testing.T) {
	type parcel struct {
		signed bool
		grams  int
	}
	var mu sync.Mutex
	shelf := []*parcel{{}, {}}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for _, p := range shelf {
			mu.Lock()
			p.signed = true
			mu.Unlock()
			p.grams = 100
			mu.Lock()
			mu.Unlock()
		}
	}()
	go func() {
		defer wg.Done()
		time.Sleep(2 * time.Millisecond)
		sum := 0
		for _, p := range shelf {
			mu.Lock()
			signed := p.signed
			mu.Unlock()
			if signed {
				sum += p.grams
			}
		}
		_ = sum
	}()
	wg.Wait()
}

// A transaction is rolled back by its timeout while it commits.
func TestRollbackInCommit(t *testing.T) {
	type tx struct {
		mu    sync.Mutex
		state string
		rows  map[int]string
	}
	x := &tx{state: "open", rows: map[int]string{1: "a"}}
	ended := make(chan struct{})
	guard := time.AfterFunc(time.Second, func() {
		x.mu.Lock()
		open := x.state == "open"
		if open {
			x.state = "rolled back"
		}
		x.mu.Unlock()
		if open {
			clear(x.rows)
		}
		close(ended)
	})
	commit := func() int {
		x.mu.Lock()
		open := x.state == "open"
		x.mu.Unlock()
		if !open {
			return 0
		}
		n := len(x.rows)
		x.mu.Lock()
		x.state = "committed"
		x.mu.Unlock()
		return n
	}
	commit()
	if !guard.Stop() {
		<-ended
	}
}

// Workers leave when there is no more work; a late item finds the last leaving.
func TestItemForLeaver(t *testing.T) {
	var mu sync.Mutex
	queue := []int{1, 2}
	idle := false
	handled := map[int]bool{}
	worker := func() {
		for {
			mu.Lock()
			if len(queue) == 0 {
				idle = true
				mu.Unlock()
				return
			}
			item := queue[0]
			queue = queue[1:]
			last := len(queue) == 0
			mu.Unlock()
			if last {
				handled[item] = true
			} else {
				mu.Lock()
				handled[item] = true
				mu.Unlock()
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		worker()
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	if idle || len(queue) == 0 {
		handled[3] = false
	}
	mu.Unlock()
	<-done
}

// A spare connection is used by two if both ask before it is taken off the list.
func TestSpareForTwo(t *testing.T) {
	type conn struct{ uses int }
	var mu sync.RWMutex
	spare := &conn{}
	acquire := func() *conn {
		mu.RLock()
		c := spare
		mu.RUnlock()
		if c == nil {
			return &conn{}
		}
		mu.Lock()
		spare = nil
		mu.Unlock()
		return c
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			acquire().uses++
		}()
	}
	wg.Wait()
}

// Parallel subtests: the first to fail says so in a variable of the parent.
func TestFirstFailureNoted(t *testing.T) {
	var failures atomic.Int32
	note := ""
	cases := []string{"a", "b", "c"}
	t.Run("all", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c, func(t *testing.T) {
				t.Parallel()
				time.Sleep(time.Duration(i) * 700 * time.Microsecond)
				if i == 2 {
					if failures.Load() > 0 {
						_ = note
					}
					return
				}
				if failures.Add(1) == 1 {
					note = c
					failures.Add(1)
				}
			})
		}
	})
}

// The cancelled fetch still fills in its part, if the others were quick.
func TestPartOfCancelled(t *testing.T) {
	parts := make([]string, 3)
	ctx, cancel := context.WithCancel(context.Background())
	var left atomic.Int32
	left.Store(2)
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for i := range parts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 400 * time.Microsecond)
			if ctx.Err() != nil {
				return
			}
			parts[i] = "x"
			if left.Add(-1) == 0 {
				cancel()
				close(enough)
			}
		}()
	}
	<-enough
	time.Sleep(2 * time.Millisecond)
	left.Load()
	_ = parts[0] + parts[1] + parts[2]
	wg.Wait()
}

// The log is rotated by size; who holds the old file writes one more line.
func TestRotatedLog(t *testing.T) {
	type file struct{ lines []string }
	var mu sync.Mutex
	current := &file{}
	archive := []*file{}
	write := func(line string) {
		mu.Lock()
		f := current
		mu.Unlock()
		f.lines = append(f.lines, line)
		mu.Lock()
		if len(f.lines) >= 2 && f == current {
			archive = append(archive, f)
			current = &file{}
		}
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 600 * time.Microsecond)
			write("line")
		}()
	}
	wg.Wait()
}

// The heartbeat declares a peer dead that is just answering.
func TestDeclaredDead(t *testing.T) {
	type peer struct {
		mu    sync.Mutex
		seen  bool
		state string
	}
	p := &peer{}
	answers := make(chan struct{}, 1)
	go func() {
		time.Sleep(300 * time.Microsecond)
		p.mu.Lock()
		p.seen = true
		p.mu.Unlock()
		p.state = "alive"
		answers <- struct{}{}
	}()
	select {
	case <-answers:
	case <-time.After(250 * time.Millisecond):
		p.mu.Lock()
		seen := p.seen
		p.mu.Unlock()
		if seen {
			p.state = "dead?"
		}
		<-answers
	}
}

// Settings are merged copy on write, but the map below is the same.
func TestShallowCopy(t *testing.T) {
	type settings struct {
		name string
		env  map[string]string
	}
	var current atomic.Pointer[settings]
	current.Store(&settings{name: "a", env: map[string]string{"k": "v"}})
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		fresh := *current.Load()
		fresh.name = "b"
		fresh.env["k"] = "w"
		current.Store(&fresh)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		s := current.Load()
		if s.name == "b" {
			_ = s.env["k"]
			return
		}
		for range s.env {
		}
	}()
	wg.Wait()
}

// Cond: the waiter is woken for the first item and looks at the second.
func TestWokenForFirst(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	items := make([]int, 2)
	ready := 0
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for i := range items {
			items[i] = i + 1
			mu.Lock()
			ready++
			cond.Signal()
			mu.Unlock()
		}
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		for ready == 0 {
			cond.Wait()
		}
		mu.Unlock()
		_ = items[0] + items[1]
	}()
	wg.Wait()
}
