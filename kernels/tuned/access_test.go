// Kernels for whose races a goroutine must be held at an access: ../README.md.
package tuned

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The breaker opens after three failures; the last of them is noted outside.
func TestBreakerOpens(t *testing.T) {
	type breaker struct {
		mu       sync.Mutex
		failures int
		open     bool
		reason   error
	}
	b := new(breaker)
	fail := func(err error) {
		b.mu.Lock()
		b.failures++
		trips := b.failures == 3
		if trips {
			b.open = true
		}
		b.mu.Unlock()
		if trips {
			b.reason = err
		}
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 200 * time.Microsecond)
			fail(io.EOF)
		}()
	}
	time.Sleep(2 * time.Millisecond)
	b.mu.Lock()
	open := b.open
	b.mu.Unlock()
	if open {
		_ = b.reason
	}
	wg.Wait()
}

// A half second is enough for every answer, or so it seems.
func TestHalfSecondIsEnough(t *testing.T) {
	var body []byte
	got := make(chan struct{})
	go func() {
		time.Sleep(2 * time.Millisecond)
		body = append(body, "data"...)
		close(got)
	}()
	select {
	case <-got:
	case <-time.After(500 * time.Millisecond):
	}
	_ = len(body)
}

// The lease is renewed by a ticker; who releases it does not wait for that.
func TestLeaseRenewal(t *testing.T) {
	type lease struct{ until int }
	l := &lease{}
	stop := make(chan struct{})
	var mu sync.Mutex
	ticks := 0
	go func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				mu.Lock()
				ticks++
				mu.Unlock()
				l.until++
			}
		}
	}()
	time.Sleep(5 * time.Millisecond)
	close(stop)
	mu.Lock()
	n := ticks
	mu.Unlock()
	if n > 0 {
		l.until = 0
	}
}

// Two stages: the second resets what the first may still fill.
func TestStageReset(t *testing.T) {
	var wg sync.WaitGroup
	in, out := make(chan int, 4), make(chan int, 4)
	stats := struct{ seen, last int }{}
	wg.Add(2)
	go func() {
		defer wg.Done()
		for v := range in {
			out <- v * 2
			stats.seen++
		}
		close(out)
	}()
	go func() {
		defer wg.Done()
		for v := range out {
			if v == 4 {
				time.Sleep(300 * time.Microsecond)
				stats.seen = 0
			}
		}
	}()
	for i := range 3 {
		in <- i
	}
	close(in)
	wg.Wait()
}

// The error of the group is read when its context ends, not when all are done.
func TestGroupError(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	var once sync.Once
	var first error
	run := func(f func() error) {
		go func() {
			if err := f(); err != nil {
				once.Do(func() {
					cancel(err)
					first = err
				})
			}
		}()
	}
	run(func() error { return nil })
	run(func() error { time.Sleep(300 * time.Microsecond); return errors.New("second") })
	<-ctx.Done()
	time.Sleep(time.Millisecond)
	_ = first
}

// A writer is swapped while a line is on its way.
func TestSwappedWriter(t *testing.T) {
	var mu sync.Mutex
	old := new(bytes.Buffer)
	var current io.Writer = old
	log := func(line string) {
		mu.Lock()
		w := current
		mu.Unlock()
		io.WriteString(w, line)
	}
	done := make(chan bool)
	go func() {
		log("one")
		mu.Lock()
		mu.Unlock()
		done <- true
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	current = new(bytes.Buffer)
	mu.Unlock()
	_ = old.String()
	<-done
}

// The map of waiters is walked when one more registers.
func TestWaitersWalked(t *testing.T) {
	type hub struct {
		mu      sync.Mutex
		waiters map[int]chan int
		closed  bool
	}
	h := &hub{waiters: map[int]chan int{1: make(chan int, 1)}}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		h.mu.Lock()
		waiters := h.waiters
		h.mu.Unlock()
		for _, w := range waiters {
			select {
			case w <- 1:
			default:
			}
		}
		h.mu.Lock()
		h.closed = true
		h.mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		h.mu.Lock()
		h.waiters[2] = make(chan int, 1)
		h.mu.Unlock()
	}()
	wg.Wait()
}

// A counter by hand: functions of sync/atomic, and once a plain read.
func TestPlainReadOfCounter(t *testing.T) {
	var n, m int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		atomic.AddInt64(&n, 1)
		mu.Lock()
		m++
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(500 * time.Microsecond)
		mu.Lock()
		m++
		mu.Unlock()
		if n > 0 {
			m--
		}
	}()
	wg.Wait()
}

// The value is there before the flag, which old code sets by hand.
func TestFlagByHand(t *testing.T) {
	var ready uint32
	conf := map[string]string{}
	go func() {
		atomic.StoreUint32(&ready, 1)
		conf["a"] = "b"
		atomic.StoreUint32(&ready, 2)
	}()
	time.Sleep(500 * time.Microsecond)
	if atomic.LoadUint32(&ready) > 0 {
		_ = conf["a"]
	}
}

// The condition is signalled before what was waited for is written.
func TestCondBeforeValue(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	arrived := false
	value := 0
	go func() {
		mu.Lock()
		arrived = true
		cond.Broadcast()
		mu.Unlock()
		value = 7
		mu.Lock()
		mu.Unlock()
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	for !arrived {
		cond.Wait()
	}
	mu.Unlock()
	_ = value
}

// A batch is sent by size or by age; by age it is not locked.
func TestBatchByAge(t *testing.T) {
	var mu sync.Mutex
	var batch []int
	sent := make(chan []int, 4)
	timer := time.AfterFunc(100*time.Millisecond, func() {
		sent <- batch
		batch = nil
	})
	add := func(v int) {
		mu.Lock()
		defer mu.Unlock()
		batch = append(batch, v)
		if len(batch) == 2 {
			timer.Stop()
			sent <- batch
			batch = nil
		}
	}
	add(1)
	time.Sleep(500 * time.Microsecond)
	add(2)
	<-sent
}

// Only the third worker of a pool takes the slow path.
func TestThirdWorkerIsSlow(t *testing.T) {
	jobs := make(chan int, 8)
	for i := range 4 {
		jobs <- i
	}
	close(jobs)
	var mu sync.Mutex
	done, slow := 0, 0
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range jobs {
				mu.Lock()
				done++
				mu.Unlock()
				if w == 2 {
					slow++
				}
				time.Sleep(200 * time.Microsecond)
			}
		}()
	}
	time.Sleep(2 * time.Millisecond)
	mu.Lock()
	all := done == 4
	mu.Unlock()
	if all {
		_ = slow
	}
	wg.Wait()
}

// Copies of a struct under the lock, and a field of it without.
func TestCopiedStruct(t *testing.T) {
	type state struct {
		a, b, c, d int
		name       string
	}
	var mu sync.Mutex
	var s state
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.Lock()
		s = state{a: 1, name: "x"}
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(700 * time.Microsecond)
		mu.Lock()
		c := s
		mu.Unlock()
		if c.a == 1 {
			s.c = 2
		}
		mu.Lock()
		mu.Unlock()
	}()
	wg.Wait()
	go func() {
		mu.Lock()
		mu.Unlock()
		s.d = 1
		mu.Lock()
		mu.Unlock()
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	c := s
	mu.Unlock()
	_ = c
}

// Double-checked initialisation, with a plain check.
func TestDoubleChecked(t *testing.T) {
	var mu sync.Mutex
	var conn *int
	get := func() *int {
		if conn != nil {
			return conn
		}
		mu.Lock()
		defer mu.Unlock()
		if conn == nil {
			conn = new(int)
		}
		return conn
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 400 * time.Microsecond)
			mu.Lock()
			mu.Unlock()
			_ = get()
		}()
	}
	wg.Wait()
}

// The last user of a pooled buffer puts it back and looks into it once more.
func TestPooledTwice(t *testing.T) {
	free := make(chan []byte, 4)
	free <- make([]byte, 8)
	var wg sync.WaitGroup
	wg.Add(2)
	for i := range 2 {
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			b := <-free
			b[0] = byte(i)
			free <- b
			if b[0] == 0 {
				free <- make([]byte, 8)
			}
		}()
	}
	wg.Wait()
}

// Shutdown drains, unless it takes too long.
func TestDrainOrGiveUp(t *testing.T) {
	var wg sync.WaitGroup
	results := []int{}
	var mu sync.Mutex
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			mu.Lock()
			results = append(results, i)
			mu.Unlock()
		}()
	}
	drained := make(chan struct{})
	go func() { wg.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-time.After(200 * time.Millisecond):
	}
	_ = len(results)
}

// A reader of a pipe keeps the slice that it was handed.
func TestPipeKeepsSlice(t *testing.T) {
	r, w := io.Pipe()
	line := make([]byte, 4)
	sum := 0
	var mu sync.Mutex
	go func() {
		n, _ := r.Read(line)
		mu.Lock()
		sum += n
		mu.Unlock()
		_ = line[0]
	}()
	w.Write([]byte("abcd"))
	time.Sleep(time.Millisecond)
	mu.Lock()
	n := sum
	mu.Unlock()
	if n == 4 {
		copy(line, "efgh")
	}
}

// Two goroutines build one string.
func TestSharedBuilder(t *testing.T) {
	var b strings.Builder
	var mu sync.Mutex
	turn := 0
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			mu.Lock()
			turn++
			mu.Unlock()
			b.WriteString("x")
			mu.Lock()
			turn++
			mu.Unlock()
		}()
	}
	wg.Wait()
}

// The generation is looked at before and after, and the entry in between.
func TestGenerations(t *testing.T) {
	var generation atomic.Int64
	entry := "a"
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		generation.Add(1)
		entry = "b"
		generation.Add(1)
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		for {
			before := generation.Load()
			e := entry
			if before == generation.Load() && e != "" {
				return
			}
		}
	}()
	wg.Wait()
}

// The election is won twice if the first winner is slow to say so.
func TestTwoLeaders(t *testing.T) {
	var mu sync.Mutex
	leader := 0
	term := 0
	var wg sync.WaitGroup
	for i := 1; i <= 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			mu.Lock()
			free := leader == 0
			mu.Unlock()
			if free {
				term++
				mu.Lock()
				leader = i
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
}

// Who comes too late to a barrier finds it gone, and resets it.
func TestLateAtBarrier(t *testing.T) {
	var mu sync.Mutex
	count, phase := 0, 0
	gate := make(chan struct{})
	arrive := func() {
		mu.Lock()
		count++
		if count == 2 {
			close(gate)
		}
		mu.Unlock()
		<-gate
		if phase == 0 {
			mu.Lock()
			phase = 1
			mu.Unlock()
		}
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			arrive()
			time.Sleep(300 * time.Microsecond)
		}()
	}
	wg.Wait()
}

// The hedge: the second request goes out when the first is late.
func TestHedge(t *testing.T) {
	winner := ""
	answers := make(chan string, 2)
	ask := func(who string, after time.Duration) {
		time.Sleep(after)
		if winner == "" {
			winner = who
		}
		answers <- who
	}
	go ask("first", time.Millisecond)
	select {
	case <-answers:
	case <-time.After(30 * time.Millisecond):
		go ask("second", 0)
		<-answers
	}
	_ = winner
}
