// The eighth set of kernels that were held back, before they were looked at.
package tuned

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A ticket is closed under the lock; the comment of who closed it comes after.
func TestClosingComment(t *testing.T) {
	type ticket struct {
		open     bool
		comments []string
	}
	var mu sync.Mutex
	tickets := []*ticket{{open: true}, {open: true}}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for _, k := range tickets {
			mu.Lock()
			k.open = false
			mu.Unlock()
			k.comments = append(k.comments, "done")
		}
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		var all []string
		for _, k := range tickets {
			mu.Lock()
			closed := !k.open
			mu.Unlock()
			if closed {
				all = append(all, k.comments...)
			}
		}
		_ = strings.Join(all, "\n")
	}()
	wg.Wait()
}

// The upload that takes too long is replaced by a note, in the same field.
func TestUploadReplaced(t *testing.T) {
	var report bytes.Buffer
	uploaded := make(chan int, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	go func() {
		time.Sleep(200 * time.Microsecond)
		select {
		case <-ctx.Done():
			return
		default:
		}
		report.WriteString("uploaded")
		uploaded <- report.Len()
	}()
	select {
	case <-uploaded:
	case <-ctx.Done():
		report.Reset()
		report.WriteString("too late")
	}
}

// The last reader of a file releases it; a new reader may have come meanwhile.
func TestReleasedByLastReader(t *testing.T) {
	type file struct {
		mu      sync.Mutex
		readers int
		mapped  []byte
	}
	f := &file{mapped: []byte("data")}
	read := func() byte {
		f.mu.Lock()
		f.readers++
		if f.mapped == nil {
			f.mapped = []byte("again")
		}
		f.mu.Unlock()
		c := f.mapped[0]
		f.mu.Lock()
		f.readers--
		last := f.readers == 0
		f.mu.Unlock()
		if last {
			f.mu.Lock()
			f.mapped = []byte("next")
			f.mu.Unlock()
		}
		return c
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			_ = read()
		}()
	}
	wg.Wait()
}

// A worker tells that it is free before it has put its tools away.
func TestFreeTooEarly(t *testing.T) {
	free := make(chan int, 2)
	tools := [2]int{}
	jobs := [2]chan int{make(chan int, 1), make(chan int, 1)}
	var wg sync.WaitGroup
	for w := range jobs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for job := range jobs[w] {
				tools[w] = job
				free <- w
				tools[w] = 0
			}
		}()
	}
	for job := 1; job <= 2; job++ {
		jobs[job-1] <- job
	}
	time.Sleep(time.Millisecond)
	for range jobs {
		w := <-free
		close(jobs[w])
		_ = tools[w]
	}
	wg.Wait()
}

// The index is rebuilt when it is stale; a search may have begun before.
func TestSearchInRebuild(t *testing.T) {
	var mu sync.RWMutex
	var stale atomic.Bool
	index := map[string]int{"a": 1}
	search := func(word string) int {
		if stale.Load() {
			mu.RLock()
			defer mu.RUnlock()
		}
		return index[word]
	}
	rebuild := func() {
		stale.Store(true)
		mu.Lock()
		index["b"] = 2
		mu.Unlock()
		stale.Store(false)
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		_ = search("a")
		mu.RLock()
		mu.RUnlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		rebuild()
	}()
	wg.Wait()
}

// Subtests that run side by side fill in one table of results.
func TestTableOfResults(t *testing.T) {
	results := map[string]bool{}
	var mu sync.Mutex
	finished := 0
	t.Run("group", func(t *testing.T) {
		for i, name := range []string{"x", "y", "z"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				time.Sleep(time.Duration(i) * 600 * time.Microsecond)
				mu.Lock()
				finished++
				first := finished == 1
				mu.Unlock()
				if first {
					results[name] = true
					return
				}
				mu.Lock()
				results[name] = true
				mu.Unlock()
			})
		}
	})
}

// A retry is armed; success disarms it, unless it has just gone off.
func TestRetryGoesOff(t *testing.T) {
	attempts := 0
	var mu sync.Mutex
	succeeded := false
	retry := time.AfterFunc(300*time.Millisecond, func() {
		mu.Lock()
		ok := succeeded
		mu.Unlock()
		if !ok {
			attempts++
		}
	})
	attempts++
	time.Sleep(300 * time.Microsecond)
	mu.Lock()
	succeeded = true
	mu.Unlock()
	if !retry.Stop() {
		attempts = 0
	}
}

// Producers publish a pointer, and one of them counts on into what it points to.
func TestCountsOn(t *testing.T) {
	type sample struct{ n, sum int }
	latest := make(chan *sample, 1)
	publish := func(s *sample) {
		select {
		case <-latest:
		default:
		}
		select {
		case latest <- s:
		default:
		}
	}
	var mu sync.Mutex
	rounds := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := &sample{}
		for i := range 3 {
			s.n++
			if i == 1 {
				publish(s)
			}
			s.sum += i
			mu.Lock()
			rounds++
			mu.Unlock()
		}
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	n := rounds
	mu.Unlock()
	if n > 1 {
		s := <-latest
		_ = s.sum
	}
	<-done
}

// The seat is checked, reserved and paid for in three steps.
func TestSeatTakenTwice(t *testing.T) {
	var mu sync.Mutex
	taken := map[int]bool{}
	paid := map[int]string{}
	book := func(who string) {
		mu.Lock()
		free := !taken[1]
		mu.Unlock()
		if !free {
			return
		}
		mu.Lock()
		taken[1] = true
		mu.Unlock()
		paid[1] = who
		mu.Lock()
		taken[2] = false
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i, who := range []string{"ann", "bob"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 900 * time.Microsecond)
			book(who)
		}()
	}
	wg.Wait()
}

// The cache of a parent is read by a child that outlives the call.
func TestChildOutlivesCall(t *testing.T) {
	type request struct {
		headers map[string]string
		done    atomic.Bool
	}
	pool := sync.Pool{New: func() any { return &request{headers: map[string]string{}} }}
	var mu sync.Mutex
	logged := 0
	handle := func() {
		r := pool.Get().(*request)
		r.headers["id"] = "1"
		go func() {
			mu.Lock()
			logged++
			mu.Unlock()
			if !r.done.Load() {
				_ = r.headers["id"]
			}
		}()
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		mu.Unlock()
		r.done.Store(true)
		clear(r.headers)
	}
	handle()
}
