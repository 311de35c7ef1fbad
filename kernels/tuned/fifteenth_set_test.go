// The fifteenth set of kernels, written to tune on.
package tuned

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An import that lasts too long says how far it has come. The race comes when it does:
// the timer's function reads what the import is counting.
func TestSlowImport(t *testing.T) {
	rows := make(chan string, 4)
	go func() {
		defer close(rows)
		for i := range 10 {
			time.Sleep(500 * time.Microsecond)
			rows <- fmt.Sprint("row ", i)
		}
	}()
	imported := 0
	progress := make(chan int, 1)
	slow := time.AfterFunc(60*time.Millisecond, func() { progress <- imported })
	defer slow.Stop()
	for row := range rows {
		if row != "" {
			imported++
		}
	}
	select {
	case n := <-progress:
		t.Logf("slow: only %d rows after a while, %d at last", n, imported)
	default:
	}
}

// Two workers serve a queue, and a helper that counts itself in takes what the queue
// has no room for. The race comes when the workers fall behind at the end: the wait is
// over before the helper was counted.
func TestHelperForFullQueue(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	handled := 0
	handle := func(job int) {
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		handled++
		mu.Unlock()
	}
	help := func(job int) {
		wg.Add(1)
		defer wg.Done()
		handle(job)
	}
	queue := make(chan int, 4)
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for job := range queue {
				handle(job)
			}
		}()
	}
	for job := range 12 {
		if job%4 == 0 {
			time.Sleep(4 * time.Millisecond) // Waits for the next jobs.
		}
		select {
		case queue <- job:
		default:
			go help(job)
		}
	}
	close(queue)
	wg.Wait()
	t.Logf("%d handled", handled)
	time.Sleep(2 * time.Millisecond) // Answers the caller.
}

// A limiter puts tokens into a channel, by a timer that sets itself again. The race
// comes when the limiter is stopped while the timer's function runs and has already
// seen that it may go on.
func TestRefillMeetsStop(t *testing.T) {
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	tokens := make(chan struct{}, 2)
	var refill func()
	refill = func() {
		defer func() { _ = recover() }()
		mu.Lock()
		over := stopped
		mu.Unlock()
		if over {
			return
		}
		select {
		case tokens <- struct{}{}:
		default:
		}
		mu.Lock()
		timer = time.AfterFunc(2*time.Millisecond, refill)
		mu.Unlock()
	}
	mu.Lock()
	timer = time.AfterFunc(2*time.Millisecond, refill)
	mu.Unlock()
	for range 3 {
		<-tokens
		time.Sleep(time.Millisecond) // Sends a request.
	}
	mu.Lock()
	stopped = true
	timer.Stop()
	mu.Unlock()
	close(tokens)
	time.Sleep(3 * time.Millisecond) // Closes the connections.
}

// Writers wait until the log's flusher is past their entry. The race comes when a later
// flush is slow: its error is set under the lock, and read by earlier writers past it.
func TestSlowFlushNoted(t *testing.T) {
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	appended, durable, closed := 0, 0, false
	var failure error
	flusher := make(chan struct{})
	go func() {
		defer close(flusher)
		mu.Lock()
		defer mu.Unlock()
		for {
			for appended == durable && !closed {
				changed.Wait()
			}
			if appended == durable {
				return
			}
			upTo, begun := appended, time.Now()
			mu.Unlock()
			time.Sleep(time.Millisecond) // Syncs the file.
			mu.Lock()
			if time.Since(begun) > 30*time.Millisecond {
				failure = errors.New("sync too slow")
			}
			durable = upTo
			changed.Broadcast()
		}
	}()
	var writers sync.WaitGroup
	for i := range 3 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for range 2 {
				time.Sleep(time.Duration(i) * 700 * time.Microsecond)
				mu.Lock()
				appended++
				mine := appended
				changed.Broadcast()
				for durable < mine {
					changed.Wait()
				}
				mu.Unlock()
				if failure != nil {
					return
				}
			}
		}()
	}
	writers.Wait()
	mu.Lock()
	closed = true
	changed.Broadcast()
	mu.Unlock()
	<-flusher
}

// Answers are encoded in buffers of a pool, by a goroutine that is waited for only so
// long. The race comes when the wait is given up: the buffer is reset and goes back
// while the goroutine still writes to it.
func TestBufferOfSlowClient(t *testing.T) {
	pool := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	respond := func(id int) error {
		buf := pool.Get().(*bytes.Buffer)
		defer func() {
			buf.Reset()
			pool.Put(buf)
		}()
		written := make(chan error, 1)
		go func() {
			for part := range 3 {
				time.Sleep(300 * time.Microsecond)
				fmt.Fprintf(buf, "%d: part %d\n", id, part)
			}
			written <- nil
		}()
		select {
		case err := <-written:
			return err
		case <-time.After(50 * time.Millisecond):
			return context.DeadlineExceeded
		}
	}
	var wg sync.WaitGroup
	for id := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 2 {
				if err := respond(id); err != nil {
					t.Logf("client %d: %v", id, err)
				}
			}
		}()
	}
	wg.Wait()
}

// A connection is dialled by the first call and dropped when it is too old. The race
// comes when the calls last so long that it is: it is dropped without the lock.
func TestOldConnectionDropped(t *testing.T) {
	type conn struct {
		expires time.Time
		calls   int
	}
	var mu sync.Mutex
	var current *conn
	call := func() bool {
		mu.Lock()
		if current == nil {
			current = &conn{expires: time.Now().Add(40 * time.Millisecond)}
		}
		c := current
		c.calls++
		mu.Unlock()
		time.Sleep(800 * time.Microsecond) // Waits for the answer.
		if time.Now().After(c.expires) {
			current = nil
			return false
		}
		return true
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 4 {
				for attempt := 0; attempt < 3 && !call(); attempt++ {
					time.Sleep(time.Duration(1<<attempt) * time.Millisecond)
				}
			}
		}()
	}
	wg.Wait()
}

// Parallel subtests compare with one wanted list, which is sorted if the order was not
// the usual one. The race comes when in one of them the second service starts first.
func TestServicesStarted(t *testing.T) {
	services := []string{"web", "db"}
	want := []string{"web", "db"}
	start := func() []string {
		var mu sync.Mutex
		var started []string
		var wg sync.WaitGroup
		for i, name := range services {
			wg.Add(1)
			go func() {
				defer wg.Done()
				time.Sleep(time.Duration(1+2*i) * time.Millisecond)
				mu.Lock()
				started = append(started, name)
				mu.Unlock()
			}()
		}
		wg.Wait()
		return started
	}
	for _, driver := range []string{"docker", "podman", "kind"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			got := start()
			if !slices.Equal(got, want) {
				slices.Sort(got)
				slices.Sort(want)
			}
			if len(got) != len(want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A server answers an upload when it has read all of it, or sooner if it is busy. The
// race comes when uploads overlap: who is turned away reads how much was sent while
// his sender may still be counting.
func TestUploadTurnedAway(t *testing.T) {
	var busy atomic.Int32
	serve := func(body <-chan []byte) bool {
		<-body
		defer busy.Add(-1)
		if busy.Add(1) > 1 {
			return false
		}
		for range body {
			time.Sleep(200 * time.Microsecond)
		}
		return true
	}
	upload := func() (int, bool) {
		ctx, cancel := context.WithCancel(t.Context())
		body := make(chan []byte)
		sent := 0
		go func() {
			defer close(body)
			for range 5 {
				select {
				case body <- make([]byte, 512):
					sent += 512
				case <-ctx.Done():
					return
				}
			}
		}()
		ok := serve(body)
		cancel()
		return sent, ok
	}
	var clients sync.WaitGroup
	for i := range 3 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			time.Sleep(time.Duration(i) * 8 * time.Millisecond)
			if sent, ok := upload(); !ok {
				t.Logf("turned away after %d bytes", sent)
			}
		}()
	}
	clients.Wait()
}

// A checker marks a backend as healthy and then notes how fast it answered. The race
// comes when the balancer looks at the backend between the two.
func TestBackendPicked(t *testing.T) {
	type backend struct {
		healthy atomic.Bool
		latency time.Duration
	}
	backends := []*backend{new(backend), new(backend), new(backend)}
	var checks atomic.Int64
	go func() {
		for _, b := range backends {
			begun := time.Now()
			time.Sleep(time.Millisecond) // Asks it.
			b.healthy.Store(true)
			b.latency = time.Since(begun)
			checks.Add(1)
		}
	}()
	pick := func() *backend {
		if checks.Load() == 0 {
			return nil
		}
		var best *backend
		for _, b := range backends {
			if b.healthy.Load() && (best == nil || b.latency < best.latency) {
				best = b
			}
		}
		return best
	}
	var clients sync.WaitGroup
	for range 2 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for range 4 {
				_ = pick()
				time.Sleep(1500 * time.Microsecond)
			}
		}()
	}
	clients.Wait()
}

// Listeners are called from the list as it was, and one who is removed is taken out of
// that list in place. The race comes when that is while an event is being delivered.
func TestListenerTakenOut(t *testing.T) {
	var mu sync.Mutex
	var listeners []func(event int)
	var calls atomic.Int64
	delivered := 0
	for i := range 3 {
		listeners = append(listeners, func(event int) { calls.Add(int64(i * event)) })
	}
	deliver := func(event int) {
		mu.Lock()
		list := listeners
		mu.Unlock()
		for _, listener := range list {
			listener(event)
		}
		mu.Lock()
		delivered++
		mu.Unlock()
	}
	remove := func(i int) {
		mu.Lock()
		defer mu.Unlock()
		listeners = append(listeners[:i], listeners[i+1:]...)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range 4 {
			time.Sleep(2 * time.Millisecond)
			deliver(event)
		}
	}()
	time.Sleep(3 * time.Millisecond)
	remove(1)
	time.Sleep(2 * time.Millisecond)
	remove(0)
	<-done
}
