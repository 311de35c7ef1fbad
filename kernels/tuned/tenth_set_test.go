// The tenth set of kernels that were held back, before they were looked at.
package tuned

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The audit of a request takes its status from the named result. The race comes
// when the audit's goroutine is so late that the handler has already counted the
// request and writes its result.
func TestStatusForAudit(t *testing.T) {
	var mu sync.Mutex
	var audits []int
	requests := 0
	var audited sync.WaitGroup
	handle := func(path string) (code int) {
		code = 202
		audited.Add(1)
		go func() {
			defer audited.Done()
			mu.Lock()
			audits = append(audits, code)
			mu.Unlock()
		}()
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		requests++
		mu.Unlock()
		if path == "/missing" {
			return 404
		}
		return code
	}
	for _, path := range []string{"/", "/", "/missing"} {
		_ = handle(path)
	}
	audited.Wait()
}

// Subtests share fixtures by name, and one of them adds a row to what it gets.
// The race comes when another loads the same fixture before the first has asked
// for its next one.
func TestFixturesOfCases(t *testing.T) {
	var mu sync.Mutex
	fixtures := map[string]map[string]int{}
	load := func(name string) map[string]int {
		mu.Lock()
		defer mu.Unlock()
		if fixtures[name] == nil {
			fixtures[name] = map[string]int{"a": 1, "b": 2}
		}
		return fixtures[name]
	}
	for i, name := range []string{"add", "list", "count"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * 900 * time.Microsecond)
			users := load("users")
			if name == "add" {
				users["c"] = 3
			}
			orders := load("orders")
			if len(users) < len(orders) {
				t.Errorf("%d users", len(users))
			}
		})
	}
}

// A query's rows are closed by its reader or by the end of its context. The race
// comes when the client hangs up while rows are read: the watcher has marked them
// closed, and frees the buffer under a reader that looked before.
func TestRowsClosedTwice(t *testing.T) {
	type rows struct {
		mu     sync.Mutex
		closed bool
		err    error
		buffer []byte
	}
	r := &rows{buffer: []byte("row")}
	closeRows := func(err error) {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return
		}
		r.closed = true
		r.mu.Unlock()
		r.err, r.buffer = err, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		<-ctx.Done()
		closeRows(ctx.Err())
	}()
	go func() {
		time.Sleep(7 * time.Millisecond)
		cancel()
	}()
	var copied []byte
	for range 3 {
		r.mu.Lock()
		closed := r.closed
		r.mu.Unlock()
		if closed {
			break
		}
		copied = append(copied, r.buffer...)
		time.Sleep(300 * time.Microsecond)
	}
	closeRows(nil)
	<-watched
	_ = r.err
}

// Handlers look for the shared client without the lock before they make it under
// the lock. The race comes when two are in flight at once, and the second looks
// while the first stores the client.
func TestClientOfHandlers(t *testing.T) {
	type client struct{ address string }
	var inFlight atomic.Int32
	var mu sync.Mutex
	var shared *client
	get := func() *client {
		if shared == nil {
			mu.Lock()
			defer mu.Unlock()
			if shared == nil {
				shared = &client{address: "10.0.0.1:80"}
			}
		}
		return shared
	}
	handle := func() {
		defer inFlight.Add(-1)
		if inFlight.Add(1) > 100 {
			return
		}
		_ = get().address
		time.Sleep(200 * time.Microsecond)
	}
	var handlers sync.WaitGroup
	for range 4 {
		handlers.Add(1)
		go func() {
			defer handlers.Done()
			handle()
		}()
		time.Sleep(2 * time.Millisecond)
	}
	handlers.Wait()
}

// A token that is too old is dropped from the cache under the lock of readers.
// The race comes when two requests ask for it before the first has put in a new
// one.
func TestStaleTokenDropped(t *testing.T) {
	type token struct {
		value   string
		expires time.Time
	}
	var mu sync.RWMutex
	tokens := map[string]token{"api": {"old", time.Now().Add(-time.Second)}}
	get := func(name string) (string, bool) {
		mu.RLock()
		defer mu.RUnlock()
		k, ok := tokens[name]
		if ok && time.Now().After(k.expires) {
			delete(tokens, name)
			ok = false
		}
		return k.value, ok
	}
	request := func() {
		if _, ok := get("api"); ok {
			return
		}
		fresh := token{"new", time.Now().Add(time.Minute)}
		mu.Lock()
		tokens["api"] = fresh
		mu.Unlock()
	}
	var requests sync.WaitGroup
	for i := range 4 {
		requests.Add(1)
		go func() {
			defer requests.Done()
			time.Sleep(time.Duration(i) * 600 * time.Microsecond)
			request()
		}()
	}
	requests.Wait()
}

// A leader that has lost its lease stops, and its successor takes the jobs that
// have no owner. The race comes when a job still waits: the old leader finds both
// the job and the end of its lease, and may take the job.
func TestJobAfterLease(t *testing.T) {
	jobs, lost, gone := make(chan int, 4), make(chan struct{}), make(chan struct{})
	var owner [4]string
	var mu sync.Mutex
	applied := 0
	go func() {
		defer close(gone)
		for {
			select {
			case <-lost:
				return
			case job := <-jobs:
				owner[job] = "a"
				mu.Lock()
				applied++
				mu.Unlock()
			}
		}
	}()
	for job := range owner {
		jobs <- job
		time.Sleep(500 * time.Microsecond)
	}
	time.Sleep(time.Millisecond)
	mu.Lock()
	t.Logf("%d of %d jobs applied", applied, len(owner))
	mu.Unlock()
	close(lost)
	for job := range owner {
		if owner[job] == "" {
			owner[job] = "b"
		}
	}
	<-gone
}

// A client whose upload is refused winds the body back and tries again. The race
// comes when the refusal is there before the transport, which has sent the whole
// body, has looked whether there is more of it.
func TestBodySentAgain(t *testing.T) {
	var tries atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) == 1 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	client := server.Client()
	client.Timeout = 2 * time.Second
	body := bytes.NewReader(make([]byte, 16<<10))
	for range 3 {
		_, _ = body.Seek(0, io.SeekStart)
		request, err := http.NewRequest("POST", server.URL, io.NopCloser(body))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = body.Size()
		response, err := client.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			break
		}
	}
}

// A store takes its gauge out of the registry and then frees its rows without
// the lock. The race comes when a scrape has copied the gauges before, and reads
// this one while the rows are freed.
func TestGaugeOfClosedStore(t *testing.T) {
	var registry, store sync.Mutex
	rows := []int{1}
	gauges := map[string]func() int{"rows": func() int {
		store.Lock()
		defer store.Unlock()
		return len(rows)
	}}
	scrape := func() (sum int) {
		registry.Lock()
		var all []func() int
		for _, g := range gauges {
			all = append(all, g)
		}
		registry.Unlock()
		for _, g := range all {
			sum += g()
		}
		return sum
	}
	scraped := make(chan struct{})
	go func() {
		defer close(scraped)
		for range 3 {
			time.Sleep(700 * time.Microsecond)
			_ = scrape()
		}
	}()
	for row := range 5 {
		store.Lock()
		rows = append(rows, row)
		store.Unlock()
		time.Sleep(800 * time.Microsecond)
	}
	registry.Lock()
	delete(gauges, "rows")
	registry.Unlock()
	rows = nil
	<-scraped
}

// A session is in the table before its user has been looked up. The race comes
// when a second request for it arrives during that time.
func TestSessionInTable(t *testing.T) {
	type session struct {
		user  string
		hits  atomic.Int32
		roles []string
	}
	var sessions sync.Map
	var open atomic.Int32
	get := func(id int) *session {
		if open.Load() >= 100 {
			return nil
		}
		found, loaded := sessions.LoadOrStore(id, new(session))
		s := found.(*session)
		if !loaded {
			s.user, s.roles = "ann", []string{"reader"}
			open.Add(1)
		}
		return s
	}
	var requests sync.WaitGroup
	for i, id := range []int{7, 8, 7, 8} {
		requests.Add(1)
		go func() {
			defer requests.Done()
			time.Sleep(time.Duration(i) * 400 * time.Microsecond)
			if s := get(id); s != nil && s.user != "" && len(s.roles) > 0 {
				s.hits.Add(1)
			}
		}()
	}
	requests.Wait()
}

// The caller of a remote procedure gives up after a while and takes its call off
// the list. The race comes when the reader has already taken the call, and fills
// in the reply that the caller returns with.
func TestReplyOfTakenCall(t *testing.T) {
	type call struct {
		reply *string
		done  chan struct{}
	}
	var mu sync.Mutex
	pending := map[int]*call{}
	answers, gone := make(chan int, 4), make(chan struct{})
	go func() {
		defer close(gone)
		for range 3 {
			id := <-answers
			mu.Lock()
			c := pending[id]
			delete(pending, id)
			mu.Unlock()
			if c != nil {
				*c.reply = "answer"
				close(c.done)
			}
		}
	}()
	invoke := func(id int, reply *string) error {
		c := &call{reply: reply, done: make(chan struct{})}
		mu.Lock()
		pending[id] = c
		mu.Unlock()
		time.AfterFunc(time.Millisecond, func() { answers <- id })
		select {
		case <-c.done:
			return nil
		case <-time.After(80 * time.Millisecond):
			mu.Lock()
			delete(pending, id)
			mu.Unlock()
			return context.DeadlineExceeded
		}
	}
	for id := range 3 {
		var reply string
		if err := invoke(id, &reply); err != nil {
			reply = err.Error()
		}
	}
	<-gone
}
