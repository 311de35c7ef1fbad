// The sixth set of kernels that were held back, before they were looked at.
package tuned

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An invoice gets its number under the lock, and its total after that.
func TestInvoiceTotal(t *testing.T) {
	type invoice struct {
		number int
		total  int
	}
	var mu sync.Mutex
	ledger := map[string]*invoice{}
	issue := func(customer string, items ...int) {
		mu.Lock()
		inv := &invoice{number: len(ledger) + 1}
		ledger[customer] = inv
		mu.Unlock()
		for _, item := range items {
			inv.total += item
		}
		mu.Lock()
		defer mu.Unlock()
		ledger[customer+"/sent"] = nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		issue("acme", 3, 4)
	}()
	time.Sleep(2 * time.Millisecond)
	mu.Lock()
	inv := ledger["acme"]
	mu.Unlock()
	if inv != nil && inv.total < 0 {
		t.Log("refund")
	}
	<-done
}

// A crawler gives up on a page after a while and goes on with its own copy.
func TestPageGivenUp(t *testing.T) {
	type page struct {
		links []string
		err   error
	}
	fetch := func(ctx context.Context, p *page) <-chan struct{} {
		ready := make(chan struct{})
		go func() {
			defer close(ready)
			time.Sleep(500 * time.Microsecond)
			if ctx.Err() != nil {
				return
			}
			p.links = append(p.links, "a", "b")
		}()
		return ready
	}
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	p := &page{}
	select {
	case <-fetch(ctx, p):
	case <-ctx.Done():
		p.err = ctx.Err()
		p.links = nil
	}
	_ = len(p.links)
}

// The scheduler of jobs wakes a sleeper that it believes to be asleep.
func TestSleeperWoken(t *testing.T) {
	var mu sync.Mutex
	asleep := map[int]bool{}
	reason := [2]string{}
	wake := make(chan int, 2)
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.Lock()
		asleep[0] = true
		mu.Unlock()
		reason[0] = "idle"
		<-wake
		mu.Lock()
		delete(asleep, 0)
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		sleeps := asleep[0]
		mu.Unlock()
		if sleeps {
			reason[0] = "woken"
		}
		wake <- 0
	}()
	wg.Wait()
}

// Subtests register what shall be torn down; the last of them tears it down.
func TestLastSubtestTearsDown(t *testing.T) {
	var running atomic.Int32
	var resources []string
	var mu sync.Mutex
	names := []string{"db", "cache"}
	running.Store(int32(len(names)))
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			mu.Lock()
			resources = append(resources, name)
			mu.Unlock()
			if running.Add(-1) == 0 {
				resources = resources[:0]
			} else if len(resources) > 1 {
				t.Log("shared")
			}
		})
	}
}

// Two producers send; the one that is told to stop closes for both.
func TestOneClosesForBoth(t *testing.T) {
	out := make(chan int, 16)
	stop := make(chan struct{})
	var sent [2]int
	var wg sync.WaitGroup
	for p := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 3 {
				select {
				case <-stop:
					return
				case out <- i:
					sent[p]++
				}
				time.Sleep(100 * time.Microsecond)
			}
		}()
	}
	time.Sleep(3 * time.Millisecond)
	close(stop)
	total := 0
	for {
		select {
		case <-out:
			total++
			continue
		default:
		}
		break
	}
	if total == 6 {
		_ = sent[0] + sent[1]
	}
	wg.Wait()
}

// An error is wrapped by whoever sees it first, and read by who asks for it.
func TestWrappedError(t *testing.T) {
	type result struct {
		mu     sync.Mutex
		failed bool
		err    error
	}
	r := &result{}
	base := errors.New("broken pipe")
	report := func(who string) {
		r.mu.Lock()
		first := !r.failed
		r.failed = true
		r.mu.Unlock()
		if first {
			r.err = fmt.Errorf("%s: %w", who, base)
		}
	}
	failed := func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.failed {
			return nil
		}
		return r.err
	}
	var wg sync.WaitGroup
	for _, who := range []string{"reader", "writer"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			report(who)
			r.mu.Lock()
			r.mu.Unlock()
		}()
	}
	time.Sleep(2 * time.Millisecond)
	_ = failed()
	wg.Wait()
}

// A quota is refilled once a minute, by the clock; who spends does not wait.
func TestQuotaRefilled(t *testing.T) {
	quota := 3
	var mu sync.Mutex
	spent := 0
	quit := make(chan struct{})
	refilled := make(chan struct{})
	go func() {
		defer close(refilled)
		select {
		case <-quit:
		case <-time.After(time.Second):
			quota = 3
		}
	}()
	for range 2 {
		mu.Lock()
		spent++
		mu.Unlock()
		if quota > 0 {
			quota--
		}
	}
	close(quit)
	<-refilled
}

// The broker drops a slow subscriber while that one is catching up.
func TestSlowSubscriberDropped(t *testing.T) {
	type subscriber struct {
		queue   chan int
		backlog []int
	}
	var mu sync.RWMutex
	subs := map[string]*subscriber{"s": {queue: make(chan int, 1)}}
	publish := func(v int) {
		mu.RLock()
		defer mu.RUnlock()
		for _, s := range subs {
			select {
			case s.queue <- v:
			default:
				s.backlog = append(s.backlog, v)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		mu.RLock()
		s := subs["s"]
		mu.RUnlock()
		for range 2 {
			<-s.queue
			if len(s.backlog) > 0 {
				s.backlog = s.backlog[1:]
			}
		}
	}()
	for v := range 2 {
		publish(v)
		time.Sleep(500 * time.Microsecond)
	}
	select {
	case <-done:
	case <-time.After(20 * time.Millisecond):
		publish(9)
		<-done
	}
}

// A snapshot is taken page by page, and each page is let go of too early.
func TestSnapshotOfPages(t *testing.T) {
	type block struct {
		mu   sync.Mutex
		data []byte
	}
	blocks := []*block{{data: []byte("aa")}, {data: []byte("bb")}}
	snapshot := func() int {
		n := 0
		for _, b := range blocks {
			b.mu.Lock()
			data := b.data
			b.mu.Unlock()
			for _, c := range data {
				n += int(c)
			}
		}
		return n
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		_ = snapshot()
		blocks[1].mu.Lock()
		blocks[1].mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		for _, b := range blocks {
			b.mu.Lock()
			b.data[0] = 'z'
			b.mu.Unlock()
		}
	}()
	wg.Wait()
}

// Whoever finds nobody at the desk sits down there, and so may two.
func TestNobodyAtTheDesk(t *testing.T) {
	var owner atomic.Int64
	desk := []string{}
	claim := func(id int64) bool {
		if owner.Load() != 0 {
			return false
		}
		owner.Store(id)
		desk = append(desk, fmt.Sprint(id))
		owner.Store(0)
		return true
	}
	var wg sync.WaitGroup
	for id := int64(1); id <= 2; id++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(id) * 700 * time.Microsecond)
			for range 3 {
				if claim(id) {
					return
				}
				time.Sleep(200 * time.Microsecond)
			}
		}()
	}
	wg.Wait()
}
