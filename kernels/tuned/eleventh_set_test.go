// The eleventh set of kernels that were held back, before they were looked at.
package tuned

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A listing keeps its page in a variable that the indexers capture. The race comes
// when an indexer is so late that the loop has already looked whether the index is
// full and puts the next page there.
func TestCursorCaptured(t *testing.T) {
	type page struct {
		names []string
		next  int
	}
	fetch := func(from int) page {
		time.Sleep(3 * time.Millisecond)
		names := []string{fmt.Sprint("pod-", from), fmt.Sprint("job-", from)}
		return page{names, (from + 1) % 5}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	index := make(map[string]int)
	var current page
	for next := 1; next != 0; next = current.next {
		fetched := fetch(next)
		mu.Lock()
		full := len(index) >= 100
		mu.Unlock()
		if full {
			break
		}
		current = fetched
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			for i, name := range current.names {
				index[name] = i
			}
		}()
	}
	wg.Wait()
}

// Events are sent to a watcher under its lock, and so is its channel closed, but an
// event for a full channel waits in a goroutine without the lock. The race comes
// when the reader falls behind by a few events before the watcher is stopped.
func TestWatcherOverflows(t *testing.T) {
	var mu sync.Mutex
	stopped := false
	events := make(chan int, 4)
	var waiting sync.WaitGroup
	send := func(event int) {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return
		}
		select {
		case events <- event:
		default:
			waiting.Add(1)
			go func() {
				defer waiting.Done()
				defer func() { _ = recover() }() // The watcher was stopped.
				events <- event
			}()
		}
	}
	done := make(chan int)
	go func() {
		seen := 0
		for range events {
			seen++
			time.Sleep(300 * time.Microsecond)
		}
		done <- seen
	}()
	for burst := range 4 {
		send(burst)
		send(burst + 100)
		time.Sleep(2 * time.Millisecond)
	}
	mu.Lock()
	stopped = true
	close(events)
	mu.Unlock()
	<-done
	waiting.Wait()
}

// A handler that takes too long is answered for, with the headers it has set so far.
// The race comes when the limit passes while the handler is still at work and sets
// one more.
func TestHeadersOfSlowHandler(t *testing.T) {
	var running sync.WaitGroup
	limited := func(limit time.Duration, handle func(http.Header) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			header := make(http.Header)
			answer := make(chan string, 1)
			running.Add(1)
			go func() {
				defer running.Done()
				answer <- handle(header)
			}()
			select {
			case body := <-answer:
				maps.Copy(w.Header(), header)
				io.WriteString(w, body)
			case <-time.After(limit):
				maps.Copy(w.Header(), header)
				w.WriteHeader(http.StatusGatewayTimeout)
			}
		}
	}
	server := httptest.NewServer(limited(150*time.Millisecond, func(h http.Header) string {
		h.Set("X-Request-Id", "17")
		time.Sleep(4 * time.Millisecond)
		h.Set("Content-Type", "text/plain")
		return "ready"
	}))
	for range 2 {
		if res, err := server.Client().Get(server.URL); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}
	server.Close()
	running.Wait()
}

// The latest samples are handed out as a part of the ring itself. The race comes when
// the reader of such a part takes so long that the recorders have gone once round.
func TestWindowOverwritten(t *testing.T) {
	const samples = 60
	var mu sync.Mutex
	ring := make([]time.Duration, 16)
	n := 0
	latest := func() ([]time.Duration, int) {
		mu.Lock()
		defer mu.Unlock()
		end := n % len(ring)
		return ring[max(0, end-4):end], n
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := range samples / 2 {
				mu.Lock()
				ring[n%len(ring)] = time.Duration(i + k)
				n++
				mu.Unlock()
				time.Sleep(500 * time.Microsecond)
			}
		}()
	}
	for seen := 0; seen < samples; {
		var window []time.Duration
		window, seen = latest()
		var page bytes.Buffer
		for _, took := range window {
			fmt.Fprintln(&page, took)
		}
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
}

// The line of a request is logged from a buffer that is back in the pool. The race
// comes when the logger has not read a line before the next request is counted and
// gets the same buffer.
func TestLoggedFromPool(t *testing.T) {
	pool := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	lines := make(chan []byte, 8)
	var stats struct {
		sync.Mutex
		requests, logged int
	}
	handle := func(path string) {
		stats.Lock()
		stats.requests++
		stats.Unlock()
		buf := pool.Get().(*bytes.Buffer)
		buf.Reset()
		fmt.Fprintf(buf, "GET %s 200\n", path)
		lines <- buf.Bytes()
		pool.Put(buf)
	}
	var file bytes.Buffer
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for line := range lines {
			n, _ := file.Write(line)
			stats.Lock()
			stats.logged += n
			stats.Unlock()
		}
	}()
	for i := range 6 {
		handle(fmt.Sprint("/item/", i))
		time.Sleep(2 * time.Millisecond)
	}
	close(lines)
	<-closed
}

// A connection that is given back wakes a waiter, who takes it without looking again.
// The race comes when a third client takes it after the signal and before the waiter
// has the lock.
func TestTakenBeforeWaiter(t *testing.T) {
	var mu sync.Mutex
	free := sync.NewCond(&mu)
	busy := false
	var conn struct{ queries int }
	acquire := func() {
		mu.Lock()
		if busy {
			free.Wait()
		}
		busy = true
		mu.Unlock()
	}
	release := func() {
		mu.Lock()
		busy = false
		mu.Unlock()
		free.Signal()
	}
	var wg sync.WaitGroup
	for client := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(client) * 300 * time.Microsecond)
			for range 3 {
				acquire()
				conn.queries++
				time.Sleep(500 * time.Microsecond)
				release()
				time.Sleep(3 * time.Millisecond)
			}
		}()
	}
	wg.Wait()
}

// The flusher of a producer is made by the first message, which is counted before.
// The race comes when the status page, which does not go through the Once, is asked
// for between that count and the next.
func TestFlusherOnStatusPage(t *testing.T) {
	type flusher struct {
		started time.Time
		queue   chan string
	}
	var p struct {
		sent  atomic.Int64
		start sync.Once
		out   *flusher
	}
	produce := func(message string) {
		p.sent.Add(1)
		p.start.Do(func() {
			p.out = &flusher{time.Now(), make(chan string, 16)}
		})
		p.out.queue <- message
	}
	status := func() time.Duration {
		if p.sent.Load() == 0 || p.out == nil {
			return 0
		}
		return time.Since(p.out.started)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for batch := range 2 {
			time.Sleep(3 * time.Millisecond)
			for i := range 4 {
				produce(fmt.Sprint(batch, ":", i))
			}
		}
	}()
	for range 8 {
		status()
		time.Sleep(time.Millisecond)
	}
	<-done
}

// A supervisor starts jobs and takes over new settings, and hears of every job's end.
// The race comes when a job and the settings sent before it are both ready, the job is
// chosen, and so the settings change while it reads them.
func TestSettingsAfterJob(t *testing.T) {
	type settings struct{ retries int }
	current := settings{retries: 1}
	reload := make(chan settings, 1)
	jobs := make(chan string, 4)
	ended := make(chan int, 4)
	quit := make(chan struct{})
	var running sync.WaitGroup
	supervised := make(chan int)
	go func() {
		attempts := 0
		for {
			select {
			case current = <-reload:
			case <-jobs:
				running.Add(1)
				go func() {
					defer running.Done()
					tries := 0
					for tries < current.retries {
						tries++
					}
					ended <- tries
				}()
			case tries := <-ended:
				attempts += tries
			case <-quit:
				supervised <- attempts
				return
			}
		}
	}()
	for i := range 3 {
		reload <- settings{retries: i + 2}
		time.Sleep(2 * time.Millisecond)
		jobs <- fmt.Sprint("job-", i)
		time.Sleep(3 * time.Millisecond)
	}
	close(quit)
	<-supervised
	running.Wait()
}

// Whoever hangs up has the parts of an upload removed. The race comes when that is
// after the last part has been received and while the parts are put together.
func TestHungUpWhileJoining(t *testing.T) {
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	client := time.AfterFunc(10*time.Millisecond, hangUp)
	defer client.Stop()
	var mu sync.Mutex
	parts := make([][]byte, 3)
	joined := make(chan struct{})
	var cleaner sync.WaitGroup
	cleaner.Add(1)
	go func() {
		defer cleaner.Done()
		select {
		case <-joined:
		case <-ctx.Done():
			mu.Lock()
			for i := range parts {
				parts[i] = nil
			}
			mu.Unlock()
		}
	}()
	var received sync.WaitGroup
	for i := range parts {
		received.Add(1)
		go func() {
			defer received.Done()
			time.Sleep(time.Duration(i+1) * time.Millisecond)
			mu.Lock()
			parts[i] = []byte("part")
			mu.Unlock()
		}()
	}
	received.Wait()
	if ctx.Err() == nil {
		var whole bytes.Buffer
		for _, part := range parts {
			whole.Write(part)
		}
	}
	close(joined)
	cleaner.Wait()
}

// A delayed flush counts itself in when it runs. The race comes when its timer has
// gone off but its goroutine has not come as far as Add when the log is closed.
func TestFlushNotCountedIn(t *testing.T) {
	var log struct {
		mu       sync.Mutex
		pending  []string
		timer    *time.Timer
		flushes  sync.WaitGroup
		file     bytes.Buffer
		flushing time.Time
	}
	flush := func() {
		log.flushes.Add(1)
		defer log.flushes.Done()
		log.flushing = time.Now()
		log.mu.Lock()
		defer log.mu.Unlock()
		for _, line := range log.pending {
			log.file.WriteString(line)
		}
		log.pending = nil
	}
	for i := range 4 {
		log.mu.Lock()
		if log.timer == nil {
			log.timer = time.AfterFunc(5*time.Millisecond, flush)
		}
		log.pending = append(log.pending, fmt.Sprintln("line", i))
		log.mu.Unlock()
		time.Sleep(2 * time.Millisecond)
	}
	log.timer.Stop()
	log.flushes.Wait()
	since := time.Since(log.flushing)
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.pending) > 0 || since > time.Second {
		log.file.WriteString("closed with lines left\n")
	}
}
