// The fourteenth set of kernels, written to tune on.
package tuned

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Changes are gathered and pushed by two or more. The race comes when a change arrives
// while a push is under way: it is added to the batch that the push walks over.
func TestPushedBatch(t *testing.T) {
	changes := make(chan string, 8)
	go func() {
		defer close(changes)
		for i := range 6 {
			if i%2 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			changes <- fmt.Sprint("service-", i)
		}
	}()
	var batch []string
	pushed := make(chan int, 1)
	pushing := false
	for in := changes; in != nil || pushing; {
		select {
		case change, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			batch = append(batch, change)
			if len(batch) < 2 || pushing {
				continue
			}
			pushing = true
			go func() {
				n := 0
				time.Sleep(time.Millisecond) // Connects.
				for range batch {
					n++
				}
				pushed <- n
			}()
		case n := <-pushed:
			pushing = false
			batch = batch[n:]
		}
	}
}

// A write that finds its shard busy is done later, by a goroutine that nobody counts.
// The race comes when two writers meet at a shard: the keys are then counted before
// the second has added its own.
func TestBusyShardRetried(t *testing.T) {
	type shard struct {
		mu   sync.Mutex
		keys []int
	}
	shards := make([]shard, 2)
	write := func(key int) {
		s := &shards[key%2]
		if !s.mu.TryLock() {
			go func() {
				time.Sleep(2 * time.Millisecond)
				s.mu.Lock()
				defer s.mu.Unlock()
				s.keys = append(s.keys, key)
			}()
			return
		}
		defer s.mu.Unlock()
		s.keys = append(s.keys, key)
	}
	var writers sync.WaitGroup
	for i := range 3 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for round := range 3 {
				time.Sleep(time.Duration(5+3*i) * 200 * time.Microsecond)
				write(round + i)
			}
		}()
	}
	writers.Wait()
	total := 0
	for i := range shards {
		total += len(shards[i].keys)
	}
	t.Logf("%d keys", total)
	time.Sleep(4 * time.Millisecond) // Sends the summary.
}

// A node that leaves closes its channel of heartbeats. The race comes when it leaves
// while a beat is past its look whether the node has left, and not yet sent.
func TestBeatOfLeaver(t *testing.T) {
	var mu sync.Mutex
	left, sent := false, 0
	beats := make(chan int, 16)
	stop := make(chan struct{})
	var node sync.WaitGroup
	node.Add(1)
	go func() {
		defer node.Done()
		defer func() { _ = recover() }()
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			mu.Lock()
			gone := left
			mu.Unlock()
			if gone {
				return
			}
			select {
			case beats <- n:
			default:
			}
			mu.Lock()
			sent++
			mu.Unlock()
		}
	}()
	time.Sleep(7 * time.Millisecond)
	mu.Lock()
	left = true
	mu.Unlock()
	close(stop)
	close(beats)
	node.Wait()
	t.Logf("%d beats", sent)
}

// Alerts queue for a manager, and of too many the oldest go. The race comes when the
// manager takes none for some time: the queue is then cut without its lock.
func TestOldestAlertsGo(t *testing.T) {
	var mu sync.Mutex
	var queue []string
	more := make(chan struct{}, 1)
	alert := func(name string) {
		mu.Lock()
		queue = append(queue, name)
		over := len(queue) - 8
		mu.Unlock()
		if over > 0 {
			queue = queue[min(over, len(queue)):]
		}
		select {
		case more <- struct{}{}:
		default:
		}
	}
	sent := make(chan int, 1)
	go func() {
		n := 0
		for range more {
			mu.Lock()
			batch := queue
			queue = nil
			mu.Unlock()
			time.Sleep(time.Millisecond) // Posts them.
			n += len(batch)
		}
		sent <- n
	}()
	var rules sync.WaitGroup
	for _, name := range []string{"disk", "load"} {
		rules.Add(1)
		go func() {
			defer rules.Done()
			for i := range 10 {
				time.Sleep(time.Millisecond)
				alert(fmt.Sprint(name, i))
			}
		}()
	}
	rules.Wait()
	close(more)
	t.Logf("%d alerts sent", <-sent)
}

// A candidate is the leader with two votes of three, and says then who voted. The race
// comes when the third vote is still on its way by that time.
func TestThirdVote(t *testing.T) {
	var mu sync.Mutex
	var journal []string
	terms := make([]int, 3)
	granted := make(chan int, len(terms))
	for i := range terms {
		go func() {
			time.Sleep(time.Millisecond) // Asks the member.
			terms[i] = 7
			mu.Lock()
			journal = append(journal, fmt.Sprint("vote of ", i))
			mu.Unlock()
			granted <- i
		}()
	}
	for range 2 {
		<-granted
	}
	time.Sleep(4 * time.Millisecond) // Tells the members.
	mu.Lock()
	journal = append(journal, "leader")
	mu.Unlock()
	voters := 0
	for _, term := range terms {
		if term == 7 {
			voters++
		}
	}
	t.Logf("leader with %d votes", voters)
	<-granted
}

// The first span makes the exporter, once; the flusher looks for it by itself. The race
// comes when the flusher has its turn before that first span has ended.
func TestExporterOfFirstSpan(t *testing.T) {
	var once sync.Once
	var mu sync.Mutex
	var ended []string
	var exporter *bytes.Buffer
	span := func(name string) {
		once.Do(func() { exporter = new(bytes.Buffer) })
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		ended = append(ended, name)
		mu.Unlock()
	}
	flush := func() {
		mu.Lock()
		batch := ended
		ended = nil
		mu.Unlock()
		if exporter == nil {
			return
		}
		for _, name := range batch {
			exporter.WriteString(name)
		}
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range 3 {
				span(fmt.Sprintf("span %d.%d", i, j))
				time.Sleep(time.Millisecond)
			}
		}()
	}
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	for range 2 {
		<-tick.C
		flush()
	}
	wg.Wait()
	flush()
}

// Parallel subtests mount routes under a lock; when they end, a route goes without it.
// The race comes when one looks up its route just when another takes its own away.
func TestRoutesOfTenants(t *testing.T) {
	var mu sync.Mutex
	routes := make(map[string]int)
	mounted := 0
	cases := []struct {
		tenant string
		takes  time.Duration
	}{
		{"alpha", time.Millisecond},
		{"beta", 2 * time.Millisecond},
		{"gamma", 5 * time.Millisecond},
	}
	for i, c := range cases {
		t.Run(c.tenant, func(t *testing.T) {
			t.Parallel()
			mu.Lock()
			routes[c.tenant] = i
			mounted++
			mu.Unlock()
			t.Cleanup(func() {
				delete(routes, c.tenant)
				mu.Lock()
				mounted--
				mu.Unlock()
			})
			for range 3 {
				time.Sleep(c.takes)
				mu.Lock()
				route := routes[c.tenant]
				mu.Unlock()
				if route != i {
					t.Errorf("route %d", route)
				}
			}
		})
	}
}

// A secret is wiped when its context ends, and who asked for it ends that on the last
// part. The race comes when the job has by then not yet kept that part itself.
func TestSecretWiped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var finished atomic.Bool
	secret := make([]byte, 0, 16)
	wiped := make(chan bool, 1)
	context.AfterFunc(ctx, func() {
		inUse := !finished.Load()
		clear(secret)
		wiped <- inUse
	})
	parts := make(chan byte, 4)
	go func() {
		for i := range byte(4) {
			time.Sleep(time.Millisecond) // Derives the part.
			parts <- i
			secret = append(secret, i)
		}
		finished.Store(true)
	}()
	sum := byte(0)
	for range 4 {
		sum += <-parts
	}
	time.Sleep(2 * time.Millisecond) // Checks the sum.
	cancel()
	if <-wiped {
		t.Logf("wiped in use, sum %d", sum)
	}
}

// A resolver sends its state to the balancer, and amends one that was not yet taken.
// The race comes when the balancer is late by a round: what it takes is amended after
// it was sent.
func TestStateAmended(t *testing.T) {
	type state struct {
		addrs   []string
		version int
	}
	updates := make(chan *state, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range updates {
			time.Sleep(time.Millisecond) // Connects.
			if s.version < len(s.addrs)-1 {
				t.Errorf("version %d of %d addresses", s.version, len(s.addrs))
			}
		}
	}()
	var last *state
	for version := range 5 {
		time.Sleep(3 * time.Millisecond)
		addr := fmt.Sprintf("10.0.0.%d", version)
		if last != nil && len(updates) > 0 {
			last.addrs = append(last.addrs, addr)
			last.version = version
			continue
		}
		last = &state{[]string{addr}, version}
		updates <- last
	}
	close(updates)
	<-done
}

// Buckets are made on a tenant's first request, looked up twice, and given their limit
// last. The race comes when another request of the tenant finds the bucket in between.
func TestBucketOfTenant(t *testing.T) {
	type bucket struct {
		mu          sync.Mutex
		limit, used int
	}
	var mu sync.RWMutex
	buckets := make(map[string]*bucket)
	take := func(tenant string) bool {
		mu.RLock()
		b := buckets[tenant]
		mu.RUnlock()
		if b == nil {
			mu.Lock()
			b = buckets[tenant]
			missing := b == nil
			if missing {
				b = new(bucket)
				buckets[tenant] = b
			}
			mu.Unlock()
			if missing {
				b.limit = 10 * len(tenant)
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.used++
		return b.used <= b.limit
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 1500 * time.Microsecond)
			for _, tenant := range []string{"acme", "globex", "initech"} {
				_ = take(tenant)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	wg.Wait()
}
