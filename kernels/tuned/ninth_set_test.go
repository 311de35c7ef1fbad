// The ninth set of kernels that were held back, before they were looked at.
package tuned

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type sinkLogger struct {
	mu     *sync.Mutex
	out    *bytes.Buffer
	fields []string
}

func (l *sinkLogger) with(field string) *sinkLogger {
	return &sinkLogger{l.mu, l.out, append(l.fields, field)}
}

func (l *sinkLogger) print(message string) {
	line := message + " " + strings.Join(l.fields, " ") + "\n"
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.WriteString(line)
}

// Requests derive their loggers from one base, whose slice has room for one more
// field. The race comes when a request begins before another has printed its
// last line: the fields of both lie in the same place.
func TestDerivedLoggers(t *testing.T) {
	root := &sinkLogger{mu: new(sync.Mutex), out: new(bytes.Buffer)}
	base := root.with("service=pay").with("zone=b").with("version=3")
	var requests sync.WaitGroup
	for _, id := range []string{"id=1", "id=2", "id=3"} {
		requests.Add(1)
		go func() {
			defer requests.Done()
			base.print("begin")
			l := base.with(id)
			l.print("found")
			l.print("end")
		}()
		time.Sleep(time.Millisecond)
	}
	requests.Wait()
}

// Shutdown refuses new connections and waits for those that are served. The race
// comes when the acceptor has looked at the flag before shutdown sets it, and
// adds the connection when shutdown no longer waits.
func TestConnectionAfterWait(t *testing.T) {
	incoming := make(chan int)
	var closing atomic.Bool
	var handlers sync.WaitGroup
	var mu sync.Mutex
	bytesIn := map[int]int{}
	serve := func(c int) {
		defer handlers.Done()
		mu.Lock()
		defer mu.Unlock()
		bytesIn[c] += 100
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for c := range incoming {
			if closing.Load() {
				continue
			}
			handlers.Add(1)
			go serve(c)
		}
	}()
	go func() {
		defer close(incoming)
		for c := range 4 {
			incoming <- c
			time.Sleep(400 * time.Microsecond)
		}
	}()
	time.Sleep(4 * time.Millisecond)
	closing.Store(true)
	handlers.Wait()
	total := 0
	for _, n := range bytesIn {
		total += n
	}
	_ = total
	<-gone
	handlers.Wait()
}

// A hub sends to a copy of its subscribers, and who has enough leaves and closes
// its channel. The race comes when the subscriber is slow to leave: the hub has
// copied it for the next event, and sends to the channel while it is closed.
func TestBroadcastToLeaver(t *testing.T) {
	var mu sync.Mutex
	subscribers := map[int]chan int{}
	publish := func(event int) {
		defer func() { _ = recover() }()
		mu.Lock()
		var targets []chan int
		for _, ch := range subscribers {
			targets = append(targets, ch)
		}
		mu.Unlock()
		for _, ch := range targets {
			select {
			case ch <- event:
			default: // A slow one loses events.
			}
		}
	}
	var wg sync.WaitGroup
	for id := range 2 {
		ch := make(chan int, 8)
		subscribers[id] = ch
		wg.Add(1)
		go func() {
			defer wg.Done()
			for event := range ch {
				if event > id {
					break
				}
			}
			mu.Lock()
			delete(subscribers, id)
			mu.Unlock()
			close(ch)
		}()
	}
	for event := range 4 {
		publish(event)
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
}

// Stop flushes what the ticker's goroutine has left over, and does not wait for
// it. The race comes when that goroutine has taken the last batch and not yet
// written it when stop flushes.
func TestLastFlush(t *testing.T) {
	var mu sync.Mutex
	var pending []string
	var file bytes.Buffer
	flush := func() {
		mu.Lock()
		batch := pending
		pending = nil
		mu.Unlock()
		for _, line := range batch {
			file.WriteString(line)
		}
	}
	stop, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				flush()
			case <-stop:
				return
			}
		}
	}()
	for range 4 {
		mu.Lock()
		pending = append(pending, "metric 1\n")
		mu.Unlock()
		time.Sleep(500 * time.Microsecond)
	}
	time.Sleep(4 * time.Millisecond)
	close(stop)
	flush()
	_ = file.String()
	<-gone
}

var hookAfterReply = func() {}

// A test stops its server at its end, but puts the server's hook back before
// that. The race comes when the server, which has replied, calls the hook only
// while it is put back.
func TestHookPutBack(t *testing.T) {
	type request struct{ reply chan int }
	requests, gone := make(chan request), make(chan struct{})
	var replies, calls atomic.Int32
	t.Cleanup(func() {
		close(requests)
		<-gone
	})
	previous := hookAfterReply
	hookAfterReply = func() { calls.Add(1) }
	t.Cleanup(func() { hookAfterReply = previous })
	go func() {
		defer close(gone)
		for r := range requests {
			r.reply <- 200
			hookAfterReply()
			replies.Add(1)
		}
	}()
	for range 3 {
		r := request{make(chan int, 1)}
		requests <- r
		if code := <-r.reply; code != 200 {
			t.Errorf("code %d", code)
		}
	}
	time.Sleep(time.Millisecond)
	t.Logf("%d replies, %d calls", replies.Load(), calls.Load())
}

// A pool of two connections lends a third that it notes as surplus, outside its
// lock. The race comes when all are in use at once, so that one is noted while
// another client gives its own back.
func TestSurplusConnection(t *testing.T) {
	var mu sync.Mutex
	free := []int{1, 2}
	next := 3
	surplus := map[int]bool{}
	get := func() int {
		mu.Lock()
		if n := len(free); n > 0 {
			c := free[n-1]
			free = free[:n-1]
			mu.Unlock()
			return c
		}
		c := next
		next++
		mu.Unlock()
		surplus[c] = true
		return c
	}
	put := func(c int) {
		mu.Lock()
		defer mu.Unlock()
		if surplus[c] {
			delete(surplus, c)
			return
		}
		free = append(free, c)
	}
	var clients sync.WaitGroup
	for range 4 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			c := get()
			time.Sleep(500 * time.Microsecond)
			put(c)
		}()
		time.Sleep(800 * time.Microsecond)
	}
	clients.Wait()
}

// A connection is opened once by whoever needs it first, and closed when nobody
// does. The race comes when the closer looks between the mark that the client is
// in use and the count of requests: it reads the connection while it is opened.
func TestIdleCloser(t *testing.T) {
	type conn struct{ open bool }
	var c *conn
	var once sync.Once
	var used atomic.Bool
	var inFlight atomic.Int32
	request := func() {
		used.Store(true)
		inFlight.Add(1)
		defer inFlight.Add(-1)
		once.Do(func() { c = &conn{open: true} })
		_ = c.open
	}
	var wg sync.WaitGroup
	wg.Add(3)
	go func() {
		defer wg.Done()
		for range 5 {
			time.Sleep(1500 * time.Microsecond)
			if used.Load() && inFlight.Load() == 0 {
				if c != nil {
					c.open = false
				}
				return
			}
		}
	}()
	for i := range 2 {
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 400 * time.Microsecond)
			request()
		}()
	}
	wg.Wait()
}

// A consumer waits for items, takes all, and leaves the slice's memory to those
// that come next. The race comes when the producer adds an item while the
// consumer has not gone through the batch.
func TestBatchKeepsItsPlace(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	var items []int
	closed := false
	done := make(chan int)
	go func() {
		sum := 0
		for {
			mu.Lock()
			for len(items) == 0 && !closed {
				cond.Wait()
			}
			batch := items
			items = items[:0]
			last := closed
			mu.Unlock()
			for _, item := range batch {
				sum += item
			}
			if last {
				done <- sum
				return
			}
		}
	}()
	for item := range 5 {
		mu.Lock()
		items = append(items, item)
		mu.Unlock()
		cond.Signal()
		time.Sleep(600 * time.Microsecond)
	}
	mu.Lock()
	closed = true
	mu.Unlock()
	cond.Signal()
	<-done
}

// Bodies are encoded into buffers of a pool, and given out when the buffer is
// back in it. The race comes when a body is encoded while the one before it,
// in the same buffer, still waits to be sent.
func TestEncodedInPool(t *testing.T) {
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	encode := func(n int) []byte {
		b := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(b)
		b.Reset()
		b.WriteString("value=")
		b.WriteByte('0' + byte(n))
		return b.Bytes()
	}
	values, bodies := make(chan int), make(chan []byte, 4)
	var sent atomic.Int32
	var wg sync.WaitGroup
	wg.Add(3)
	for range 2 {
		go func() {
			defer wg.Done()
			for n := range values {
				bodies <- encode(n)
			}
		}()
	}
	go func() {
		defer wg.Done()
		var wire bytes.Buffer
		for range 5 {
			wire.Write(<-bodies)
			sent.Add(1)
		}
	}()
	for n := range 5 {
		values <- n
		time.Sleep(700 * time.Microsecond)
		if int(sent.Load()) > n+1 {
			t.Error("sent twice")
		}
	}
	close(values)
	wg.Wait()
}

// The first event starts the collector, and the flag is set before its queue is
// made. The race comes when another goroutine's first event finds the flag set
// and looks at the queue while the first is still making it.
func TestStartedByFirstEvent(t *testing.T) {
	var started atomic.Bool
	var number, dropped atomic.Int64
	var queue chan int64
	emit := func() {
		event := number.Add(1)
		if !started.Swap(true) {
			queue = make(chan int64, 16)
			go func(events <-chan int64) {
				for range events {
				}
			}(queue)
		}
		select {
		case queue <- event:
		default:
			dropped.Add(1)
		}
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			for range 3 {
				emit()
			}
		}()
	}
	wg.Wait()
	close(queue)
}
