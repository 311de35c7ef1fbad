// The sixteenth set of kernels that were held back, before they were looked at.
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

// One variable holds the event for all rounds of the loop. The race needs a
// handler that starts only when the next event has come.
func TestEventOfSlowHandler(t *testing.T) {
	type event struct {
		key string
		rev int
	}
	events := make(chan event)
	go func() {
		defer close(events)
		for rev := range 4 {
			events <- event{"pods/web", rev + 1}
			time.Sleep(3 * time.Millisecond)
		}
	}()
	var wg sync.WaitGroup
	var mu sync.Mutex
	received, handled := 0, make(map[string]int)
	var current event
	for e := range events {
		mu.Lock()
		received++
		mu.Unlock()
		current = e
		wg.Add(1)
		go func() {
			defer wg.Done()
			key, rev := current.key, current.rev
			mu.Lock()
			defer mu.Unlock()
			handled[key] = max(handled[key], rev)
		}()
	}
	wg.Wait()
	if received != 4 || len(handled) != 1 {
		t.Errorf("%d received, %v handled", received, handled)
	}
}

// A connection is counted after the look at closing. The race needs a close
// that waits for nobody while the acceptor is between the two.
func TestProbedAtClose(t *testing.T) {
	var wg sync.WaitGroup
	var closing atomic.Bool
	var mu sync.Mutex
	sessions := make(map[int]string)
	conns, stopped, accepted := make(chan int), make(chan struct{}), make(chan struct{})
	go func() {
		for id := range 4 {
			time.Sleep(5 * time.Millisecond)
			select {
			case conns <- id:
			case <-stopped:
				return
			}
		}
	}()
	go func() {
		defer close(accepted)
		for {
			select {
			case <-stopped:
				return
			case id := <-conns:
				if closing.Load() {
					continue
				}
				name := fmt.Sprintf("probe-%d", id)
				wg.Add(1)
				go func() {
					defer wg.Done()
					mu.Lock()
					defer mu.Unlock()
					sessions[id] = name
				}()
			}
		}
	}()
	time.Sleep(12 * time.Millisecond)
	closing.Store(true)
	wg.Wait()
	clear(sessions)
	close(stopped)
	<-accepted
}

// The keep-alive of a stream is a timer, and Stop does not wait for what has
// begun. The race needs a query so slow that the timer goes off.
func TestKeepAliveOfStream(t *testing.T) {
	const quiet = 9 * time.Millisecond
	out := make(chan string, 16)
	keepAlive := time.AfterFunc(quiet, func() {
		defer func() { _ = recover() }() // as the server does for its handlers
		select {
		case out <- ": ping":
		default:
		}
	})
	go func() {
		defer close(out)
		defer keepAlive.Stop()
		for i := range 4 {
			time.Sleep(time.Duration(1+i) * time.Millisecond)
			out <- fmt.Sprintf("data: %d", i)
			keepAlive.Reset(quiet)
		}
	}()
	lines := 0
	for range out {
		lines++
	}
	if lines < 4 {
		t.Errorf("%d lines", lines)
	}
}

// A worker that finds the totals locked keeps its sample in the overflow, which
// has no lock. The race needs two workers that find them locked, one soon after
// the other.
func TestOverflowOfSamples(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	samples, total := 0, 0
	var overflow []int
	observe := func(v int) {
		if !mu.TryLock() {
			overflow = append(overflow, v)
			return
		}
		defer mu.Unlock()
		total += v
		if samples++; samples%4 == 0 {
			time.Sleep(500 * time.Microsecond) // written out
		}
	}
	for w := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 4 {
				observe(10*w + i)
				time.Sleep(9 * time.Millisecond)
			}
		}()
		time.Sleep(3 * time.Millisecond)
	}
	wg.Wait()
	if samples+len(overflow) != 12 {
		t.Errorf("%d samples, %d left over, total %d", samples, len(overflow), total)
	}
}

// All nodes are asked in turn, with one reply to decode into. The race needs a
// node that answers after its time is up, when the next one was asked.
func TestReplyForEachNode(t *testing.T) {
	type status struct {
		leader string
		term   int
	}
	ask := func(node int, latency time.Duration, reply *status) <-chan error {
		done := make(chan error, 1)
		go func() {
			time.Sleep(latency)
			reply.leader = fmt.Sprintf("node-%d", node)
			reply.term = node + 1
			done <- nil
		}()
		return done
	}
	var reply status
	leader, highest, silent := "", 0, 0
	for node, latency := range []time.Duration{7, 5, 3} {
		select {
		case err := <-ask(node, latency*time.Millisecond, &reply):
			if err == nil && reply.term > highest {
				leader, highest = reply.leader, reply.term
			}
		case <-time.After(12 * time.Millisecond):
			silent++
		}
	}
	if leader == "" && silent < 3 {
		t.Error("no leader")
	}
}

// The first count starts the sender. The race needs a second one that comes
// when the first has said that it starts it, and the queue is not made.
func TestSenderOfFirstCount(t *testing.T) {
	var started atomic.Bool
	var queue chan string
	var mu sync.Mutex
	requests, sent, dropped := 0, 0, 0
	finished := make(chan struct{})
	count := func(name string) {
		if started.CompareAndSwap(false, true) {
			time.Sleep(300 * time.Microsecond) // the agent's address is looked up
			queue = make(chan string, 8)
			go func() {
				defer close(finished)
				for range queue {
				}
			}()
		}
		to := &dropped
		select {
		case queue <- name:
			to = &sent
		default:
		}
		mu.Lock()
		*to++
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for _, path := range []string{"/", "/login", "/health"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			requests++
			mu.Unlock()
			count("requests " + path)
		}()
		time.Sleep(4 * time.Millisecond)
	}
	wg.Wait()
	close(queue)
	<-finished
	if sent+dropped != requests {
		t.Errorf("%d sent and %d dropped of %d", sent, dropped, requests)
	}
}

// The subtests look at the outbox of a mailer they share without its lock. The
// race needs one that sends while another has sent and is not through.
func TestMailerOfSubtests(t *testing.T) {
	var mu sync.Mutex
	var outbox []string
	users := 0
	for _, c := range []struct {
		to     string
		render time.Duration
	}{
		{"ann", time.Millisecond},
		{"bob", 6 * time.Millisecond},
		{"eve", 11 * time.Millisecond},
	} {
		t.Run(c.to, func(t *testing.T) {
			t.Parallel()
			time.Sleep(c.render)
			mu.Lock()
			users++
			outbox = append(outbox, c.to)
			mu.Unlock()
			t.Cleanup(func() {
				mu.Lock()
				defer mu.Unlock()
				users--
			})
			for _, to := range outbox {
				if to == c.to {
					return
				}
			}
			t.Error("not sent")
		})
	}
}

// The first error cancels a query and drops its rows, and nobody waits for the
// other scan. The race needs that scan to be in a batch when the error comes.
func TestSpillOfFailedQuery(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mu sync.Mutex
	batches := 0
	spill := make([][]string, 2)
	errs := make(chan error, 2)
	scan := func(node, n int, err error) {
		for b := range n {
			if ctx.Err() != nil {
				errs <- ctx.Err()
				return
			}
			time.Sleep(time.Millisecond)
			spill[node] = append(spill[node], fmt.Sprintf("row %d", b))
			mu.Lock()
			batches++
			mu.Unlock()
		}
		errs <- err
	}
	go scan(0, 3, nil)
	go scan(1, 7, errors.New("node is draining"))
	for range spill {
		if err := <-errs; err != nil {
			cancel()
			break
		}
	}
	mu.Lock()
	n := batches
	mu.Unlock()
	for node := range spill {
		spill[node] = nil
	}
	time.Sleep(3 * time.Millisecond) // the client is told
	if n < 7 {
		t.Errorf("%d batches", n)
	}
}

// Who stores a limiter fills it in afterwards. The race needs a second request
// of the tenant while the first looks up the plan.
func TestLimiterOfNewTenant(t *testing.T) {
	type limiter struct {
		mu           sync.Mutex
		rate, tokens int
	}
	var limiters sync.Map
	allow := func(tenant string) bool {
		v, known := limiters.LoadOrStore(tenant, new(limiter))
		l := v.(*limiter)
		if !known {
			time.Sleep(200 * time.Microsecond) // the plan is looked up
			l.rate = 10
			l.tokens = l.rate
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.tokens == 0 {
			return false
		}
		l.tokens--
		return true
	}
	var wg sync.WaitGroup
	var refused atomic.Int32
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if !allow([]string{"acme", "initech"}[i%2]) {
				refused.Add(1)
			}
		}()
		time.Sleep(2 * time.Millisecond)
	}
	wg.Wait()
	t.Logf("%d refused", refused.Load())
}

// A look-up notes under the read lock when a layer was used. The race needs two
// look-ups of a layer and no write lock between them.
func TestLayerTouched(t *testing.T) {
	type layer struct {
		size int
		used time.Time
	}
	var mu sync.RWMutex
	layers := map[string]*layer{"base": {size: 3}}
	pulled := 0
	pull := func(name string) {
		mu.RLock()
		l, ok := layers[name]
		if ok {
			l.used = time.Now()
		}
		mu.RUnlock()
		if !ok {
			time.Sleep(time.Millisecond) // downloaded
			l = &layer{size: 1, used: time.Now()}
		}
		mu.Lock()
		defer mu.Unlock()
		layers[name] = l
		pulled += l.size
	}
	var wg sync.WaitGroup
	jobs := make(chan string)
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for name := range jobs {
				pull(name)
			}
		}()
	}
	for _, name := range []string{"base", "app", "base", "app", "tools", "base"} {
		jobs <- name
		time.Sleep(2 * time.Millisecond)
	}
	close(jobs)
	wg.Wait()
	if pulled != 12 {
		t.Errorf("%d pulled", pulled)
	}
}
