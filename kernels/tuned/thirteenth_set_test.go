// The thirteenth set of kernels, written to tune on.
package tuned

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A dial falls back to the second address when the first is slow, and logs at the end
// why. The race comes when the first address fails only after the fallback began: its
// error is then set while the caller looks for it.
func TestFallbackAddress(t *testing.T) {
	var failure error
	connected := make(chan string, 2)
	dial := func(addr string, reachable bool) {
		time.Sleep(2 * time.Millisecond)
		if !reachable {
			failure = fmt.Errorf("dial %s: no route to host", addr)
			addr = ""
		}
		connected <- addr
	}
	go dial("[fd00::1]:443", false)
	var addr string
	select {
	case addr = <-connected:
	case <-time.After(40 * time.Millisecond):
	}
	if addr == "" {
		go dial("10.0.0.1:443", true)
	}
	for addr == "" {
		addr = <-connected
	}
	if failure != nil {
		t.Logf("using %s: %v", addr, failure)
	}
	time.Sleep(3 * time.Millisecond) // Greets the server.
}

// A reconciler that finds its object changed puts the key off, and counts it in again
// when its time has come. The race comes when two keys are reconciled at once: one of
// them is put off, and the wait for all ends before it is counted.
func TestConflictRequeued(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var version atomic.Int64
	synced := make(map[string]int64)
	var reconcile func(key string)
	reconcile = func(key string) {
		defer wg.Done()
		seen := version.Load()
		time.Sleep(time.Millisecond) // Computes the wanted state.
		if !version.CompareAndSwap(seen, seen+1) {
			time.AfterFunc(2*time.Millisecond, func() {
				wg.Add(1)
				reconcile(key)
			})
			return
		}
		mu.Lock()
		synced[key] = seen + 1
		mu.Unlock()
	}
	for _, key := range []string{"web", "db", "cache"} {
		time.Sleep(5 * time.Millisecond) // Waits for an event.
		wg.Add(1)
		go reconcile(key)
	}
	wg.Wait()
	t.Logf("%d keys synced", len(synced))
	time.Sleep(5 * time.Millisecond) // Writes the status.
}

// Requests send their audit events unless the sink is closed. The race comes when it
// is closed between a request's look at the flag and its send.
func TestAuditSinkClosed(t *testing.T) {
	var closed atomic.Bool
	var written atomic.Int64
	events := make(chan string, 8)
	emit := func(event string) {
		defer func() { _ = recover() }()
		if closed.Load() {
			return
		}
		events <- event
		written.Add(1)
	}
	var requests sync.WaitGroup
	for i := range 3 {
		requests.Add(1)
		go func() {
			defer requests.Done()
			time.Sleep(time.Duration(i+1) * time.Millisecond) // Serves the request.
			emit(fmt.Sprint("request ", i))
		}()
	}
	time.Sleep(7 * time.Millisecond)
	closed.Store(true)
	t.Logf("%d events written", written.Load())
	close(events)
	for event := range events {
		_ = len(event)
	}
	requests.Wait()
}

// A resolver lets two lookups through at a time and remembers which names failed. The
// race comes when a lookup waits too long for its turn: it notes that without the lock.
func TestLookupGivesUp(t *testing.T) {
	var mu sync.Mutex
	answers := make(map[string]string)
	failures := make(map[string]int)
	slots := make(chan struct{}, 2)
	resolve := func(name string) {
		mu.Lock()
		done := answers[name] != "" || failures[name] > 2
		mu.Unlock()
		if done {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-time.After(30 * time.Millisecond):
			failures[name]++
			return
		}
		time.Sleep(time.Millisecond)
		<-slots
		mu.Lock()
		answers[name] = "10.0.0.1"
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range 3 {
				resolve(fmt.Sprintf("host-%d", i+j))
			}
		}()
	}
	wg.Wait()
}

// A prober asks each target and waits at most a tenth of a second. The race comes when
// a target answers after that: it is marked down and up at the same time.
func TestProbeDeadline(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * time.Millisecond)
	}))
	defer server.Close()
	type result struct {
		target, status string
	}
	var results []result
	for _, target := range []string{"/live", "/ready", "/metrics"} {
		r := &result{target: target}
		done := make(chan struct{})
		go func() {
			defer close(done)
			resp, err := server.Client().Get(server.URL + target)
			if err != nil {
				return
			}
			resp.Body.Close()
			r.status = resp.Status
		}()
		select {
		case <-done:
		case <-time.After(100 * time.Millisecond):
			r.status = "down"
		}
		results = append(results, *r)
	}
	t.Log(results)
}

// The first span starts the export loop. The race comes when the exporter is shut down
// just when that span has said that the loop runs, but not yet made what stops it.
func TestExportLoopStarted(t *testing.T) {
	var mu sync.Mutex
	var stop chan struct{}
	var spans []string
	running := false
	export := func(stop <-chan struct{}) {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				mu.Lock()
				spans = nil
				mu.Unlock()
			}
		}
	}
	record := func(span string) {
		mu.Lock()
		first := !running
		running = true
		mu.Unlock()
		if first {
			stop = make(chan struct{})
			go export(stop)
		}
		mu.Lock()
		spans = append(spans, span)
		mu.Unlock()
	}
	for i, span := range []string{"GET /", "SELECT"} {
		go func() {
			time.Sleep(time.Duration(i+1) * time.Millisecond)
			record(span)
		}()
	}
	time.Sleep(6 * time.Millisecond)
	mu.Lock()
	started := running
	mu.Unlock()
	if started && stop != nil {
		close(stop)
	}
}

// Parallel subtests share the defaults of their clients, and one makes the timeout
// short. The race comes when that one gets its turn after another has connected.
func TestDefaultsOfClients(t *testing.T) {
	var mu sync.Mutex
	open := 0
	connect := func() {
		mu.Lock()
		defer mu.Unlock()
		open++
	}
	defaults := struct {
		timeout time.Duration
		retries int
	}{time.Second, 3}
	for i, name := range []string{"short", "plain", "tls"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(2*i) * time.Millisecond) // Makes its certificate.
			if name == "short" {
				defaults.timeout = 10 * time.Millisecond
			}
			connect()
			if defaults.timeout > time.Minute {
				t.Error("too patient")
			}
		})
	}
}

// Layers are fetched side by side; the first failure cancels the others, and what came
// of them is dropped. The race comes when the token runs out under way: one layer
// fails, and the others still add to their parts.
func TestLayersCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	issued := time.Now()
	layers := make([][]byte, 3)
	fetch := func(i int) error {
		for range 4 {
			if time.Since(issued) > 40*time.Millisecond {
				return errors.New("token expired")
			}
			time.Sleep(time.Millisecond)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			layers[i] = append(layers[i], "block"...)
		}
		return nil
	}
	results := make(chan error, len(layers))
	for i := range layers {
		go func() { results <- fetch(i) }()
	}
	size := 0
	for range layers {
		if err := <-results; err != nil {
			cancel()
			break
		}
	}
	for i := range layers {
		size += len(layers[i])
		layers[i] = nil
	}
	t.Logf("%d bytes", size)
	time.Sleep(3 * time.Millisecond) // Writes the manifest.
}

// A server lists a client and then gives it its name. The race comes when the monitor
// takes the list in between.
func TestClientListedEarly(t *testing.T) {
	type client struct {
		id   int
		name string
	}
	var mu sync.Mutex
	clients := make(map[int]*client)
	accepted := 0
	accept := func(id int) {
		c := &client{id: id}
		mu.Lock()
		clients[id] = c
		mu.Unlock()
		c.name = fmt.Sprintf("client-%d", id)
		mu.Lock()
		accepted++
		mu.Unlock()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for id := range 4 {
			time.Sleep(2 * time.Millisecond)
			accept(id)
		}
	}()
	for range 3 {
		time.Sleep(2500 * time.Microsecond)
		mu.Lock()
		list := slices.Collect(maps.Values(clients))
		mu.Unlock()
		names := 0
		for _, c := range list {
			names += len(c.name)
		}
	}
	<-done
}

// A cache renews the mark of an entry's last use under the read lock, though seldom.
// The race comes when the writer is late: a reader finds the mark too old and sets it
// while another looks at it.
func TestUseMarkedByReader(t *testing.T) {
	type entry struct {
		value string
		used  time.Time
	}
	var mu sync.RWMutex
	entries := make(map[string]*entry)
	put := func(key, value string) {
		mu.Lock()
		defer mu.Unlock()
		entries[key] = &entry{value, time.Now()}
	}
	get := func(key string) string {
		mu.RLock()
		defer mu.RUnlock()
		e := entries[key]
		if time.Since(e.used) > 25*time.Millisecond {
			e.used = time.Now()
		}
		return e.value
	}
	put("zone", "eu-1")
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 4 {
				time.Sleep(2 * time.Millisecond)
				_ = get("zone")
			}
		}()
	}
	for i := range 4 {
		time.Sleep(2 * time.Millisecond)
		put("zone", fmt.Sprint("eu-", i))
	}
	wg.Wait()
}
