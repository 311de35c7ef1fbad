// Command soak is a busy service without clients: for a while it does all that
// makes a race detector's memory grow. Goroutines come and go; locks, channels
// and timers are made, used and left to the collector; maps and caches change;
// panics are recovered; calls recurse; garbage is made in all sizes.
//
// It has one race. A goroutine of the first second writes a word, and the main
// goroutine writes it when all is over.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"text/template"
	"time"

	"exact.example/gosan/lab"
)

// config is written before all begins and read by every request, which are
// ordered after nobody else's reads.
var config = map[string]string{"name": "soak", "greeting": "hello"}

type session struct {
	mu    sync.Mutex
	hits  int
	notes []string
}

type service struct {
	requests atomic.Int64

	sessionsMu sync.RWMutex
	sessions   map[int]*session

	cache sync.Map
	pool  sync.Pool
	page  *template.Template

	jobs    chan job
	results chan int
	total   int
}

type job struct {
	n    int
	done chan<- int
}

func main() {
	length := flag.Duration("for", 10*time.Second, "how long to work")
	flag.Parse()
	start := time.Now()
	go func() {
		for range time.Tick(time.Second) {
			fmt.Printf("after %d s resident: %d MiB\n", int(time.Since(start).Seconds()), lab.Resident())
		}
	}()
	lost := new(int64)
	written := make(chan struct{}, 1)
	go func() {
		former(lost)
		// Nobody receives; that it is there can be seen without an order.
		written <- struct{}{}
	}()
	for len(written) == 0 {
		time.Sleep(time.Millisecond)
	}
	s := newService()
	s.run(start.Add(*length))
	latter(lost)
	fmt.Printf("requests: %d\n", s.requests.Load())
}

//go:noinline
func former(x *int64) { *x = 1 }

//go:noinline
func latter(x *int64) { *x = 2 }

func newService() *service {
	s := &service{
		sessions: map[int]*session{},
		page:     template.Must(template.New("page").Parse("{{.Name}}: {{index .Notes 3}}")),
		jobs:     make(chan job, 16),
		results:  make(chan int),
	}
	s.pool.New = func() any { return new(bytes.Buffer) }
	return s
}

// run works until the end of the given time.
func (s *service) run(until time.Time) {
	var workers, requests sync.WaitGroup
	for range 4 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for j := range s.jobs {
				j.done <- fib(j.n)
			}
		}()
	}
	var sum sync.WaitGroup
	sum.Add(1)
	go func() {
		defer sum.Done()
		for n := range s.results {
			s.total += n
		}
	}()
	limit := make(chan struct{}, 64)
	for time.Now().Before(until) {
		limit <- struct{}{}
		requests.Add(1)
		go func() {
			defer requests.Done()
			s.request(rand.IntN(500))
			<-limit
		}()
		if s.requests.Load()%256 == 0 {
			runtime.Gosched()
		}
	}
	requests.Wait()
	close(s.jobs)
	workers.Wait()
	close(s.results)
	sum.Wait()
}

func (s *service) request(id int) {
	n := s.requests.Add(1)
	_ = config["greeting"]
	s.touch(id)
	switch n % 8 {
	case 0:
		s.render(id)
	case 1:
		s.pipeline()
	case 2:
		s.wait()
	case 3:
		s.garbage()
	case 4:
		s.remember(id)
	case 5:
		s.ask()
	case 6:
		descend(int(n % 200))
	case 7:
		s.encode(id)
	}
}

// touch finds or makes a session and uses it; some are thrown away.
func (s *service) touch(id int) {
	s.sessionsMu.RLock()
	found := s.sessions[id]
	s.sessionsMu.RUnlock()
	if found == nil {
		s.sessionsMu.Lock()
		if found = s.sessions[id]; found == nil {
			found = &session{}
			s.sessions[id] = found
		}
		if len(s.sessions) > 400 {
			for old := range s.sessions {
				delete(s.sessions, old)
				break
			}
		}
		s.sessionsMu.Unlock()
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	found.hits++
	found.notes = append(found.notes, config["name"])
	if len(found.notes) > 16 {
		found.notes = nil
	}
}

// render runs a template that fails, by a panic that the package recovers.
func (s *service) render(id int) {
	buffer := s.pool.Get().(*bytes.Buffer)
	defer s.pool.Put(buffer)
	buffer.Reset()
	if err := s.page.Execute(buffer, map[string]any{"Name": id, "Notes": []int{1}}); err == nil {
		panic("the page has no fourth note")
	}
}

// pipeline sends numbers through three goroutines and channels of its own.
func (s *service) pipeline() {
	numbers, squares := make(chan int), make(chan int, 4)
	go func() {
		defer close(numbers)
		for i := range 20 {
			numbers <- i
		}
	}()
	go func() {
		defer close(squares)
		for n := range numbers {
			squares <- n * n
		}
	}()
	sum := 0
	for n := range squares {
		sum += n
	}
	s.results <- sum
}

// wait lets a timer fire, and gives up on another.
func (s *service) wait() {
	var fired sync.WaitGroup
	fired.Add(1)
	shared := 0
	time.AfterFunc(time.Duration(rand.IntN(300))*time.Microsecond, func() {
		shared++
		fired.Done()
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Microsecond):
	}
	fired.Wait()
	shared++
}

// garbage makes objects of all sizes and forgets them.
func (s *service) garbage() {
	var keep [][]byte
	for range 20 {
		block := make([]byte, 1<<rand.IntN(17))
		for i := 0; i < len(block); i += 512 {
			block[i] = 1
		}
		keep = append(keep, block)
	}
	if rand.IntN(100) == 0 {
		large := make([]int64, 1<<19)
		for i := range large {
			large[i] = int64(i)
		}
		keep = append(keep, make([]byte, large[len(large)-1]>>10))
	}
	sort.Slice(keep, func(i, j int) bool { return len(keep[i]) < len(keep[j]) })
}

// remember fills a cache whose entries come and go.
func (s *service) remember(id int) {
	s.cache.Store(id, strings.Repeat("x", id))
	if value, ok := s.cache.Load((id + 1) % 500); ok {
		fmt.Fprintf(io.Discard, "%d", len(value.(string)))
	}
	s.cache.Delete((id + 7) % 500)
}

// ask has a worker compute something.
func (s *service) ask() {
	done := make(chan int, 1)
	s.jobs <- job{rand.IntN(8), done}
	s.results <- <-done
}

// encode makes JSON, and fails to, by a panic that the package recovers.
func (s *service) encode(id int) {
	text, err := json.Marshal(map[string]any{"id": id, "tags": []string{"a", "b"}})
	if err != nil {
		panic(err)
	}
	var back map[string]any
	if err := json.Unmarshal(text, &back); err != nil {
		panic(err)
	}
	if _, err := json.Marshal(make(chan int)); err == nil {
		panic("a channel was encoded")
	}
	fmt.Fprint(io.Discard, rude{})
}

type rude struct{}

func (rude) String() string { panic("rude") }

// descend goes down and comes back by a panic.
func descend(depth int) {
	defer func() { _ = recover() }()
	fall(depth)
}

//go:noinline
func fall(depth int) int {
	if depth <= 0 {
		panic("deep enough")
	}
	return fall(depth-1-rand.IntN(2)) + 1
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}
