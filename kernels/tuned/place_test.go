// Kernels for whose races a goroutine must be held where nobody followed: ../README.md.
package tuned

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The retry of a failed attempt shares the buffer with an attempt that is late.
func TestLateAttempt(t *testing.T) {
	buf := make([]int, 1)
	attempt := func(ctx context.Context, n int) error {
		done := make(chan error, 1)
		go func() {
			time.Sleep(200 * time.Microsecond)
			if n == 0 && ctx.Err() == nil {
				buf[0] = n
			}
			done <- nil
		}()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for n := range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		err := attempt(ctx, n)
		cancel()
		if err == nil {
			return
		}
		buf[0] = -1
	}
}

// The cache is filled by who misses; eviction comes when it is full of two.
func TestEvictionOfTwo(t *testing.T) {
	type item struct{ hits int }
	var mu sync.Mutex
	cache := map[int]*item{}
	get := func(k int) *item {
		mu.Lock()
		defer mu.Unlock()
		it := cache[k]
		if it == nil {
			it = &item{}
			if len(cache) == 2 {
				for old, x := range cache {
					delete(cache, old)
					x.hits = 0
					break
				}
			}
			cache[k] = it
		}
		return it
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			it := get(i)
			it.hits++
			mu.Lock()
			mu.Unlock()
		}()
	}
	wg.Wait()
}

// Stop comes while a start is half done, and only then meets it.
func TestStopInStart(t *testing.T) {
	type server struct {
		mu      sync.Mutex
		state   int
		conns   []int
		closing atomic.Bool
	}
	s := &server{}
	start := func() {
		s.mu.Lock()
		if s.state != 0 {
			s.mu.Unlock()
			return
		}
		s.state = 1
		s.mu.Unlock()
		s.conns = append(s.conns, 1)
		s.mu.Lock()
		s.state = 2
		s.mu.Unlock()
	}
	stop := func() {
		s.closing.Store(true)
		s.mu.Lock()
		state := s.state
		s.state = 3
		s.mu.Unlock()
		if state == 1 {
			s.conns = nil
		}
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); start() }()
	go func() { defer wg.Done(); time.Sleep(time.Millisecond); stop() }()
	wg.Wait()
}

// A goroutine reads what was published twice; the second time it is reused.
func TestDoubleBuffer(t *testing.T) {
	var front atomic.Pointer[[]int]
	buffers := [2][]int{make([]int, 1), make([]int, 1)}
	front.Store(&buffers[0])
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for i := 1; i <= 2; i++ {
			back := &buffers[i%2]
			(*back)[0] = i
			front.Store(back)
		}
	}()
	go func() {
		defer wg.Done()
		time.Sleep(500 * time.Microsecond)
		b := front.Load()
		_ = (*b)[0]
	}()
	wg.Wait()
}

// The third of three locks is taken in another order by who is in a hurry.
func TestHurry(t *testing.T) {
	var locks [3]sync.Mutex
	total := 0
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			locks[0].Lock()
			locks[0].Unlock()
			if i == 1 {
				locks[1].Lock()
				total++
				locks[1].Unlock()
			} else {
				locks[2].Lock()
				total++
				locks[2].Unlock()
			}
			locks[0].Lock()
			locks[0].Unlock()
		}()
	}
	wg.Wait()
}

// Names are handed out under a lock, and printed by who got there first.
func TestFormattedLate(t *testing.T) {
	type user struct{ name, mail string }
	var mu sync.RWMutex
	u := &user{name: "a"}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.Lock()
		u.name = "b"
		mu.Unlock()
		u.mail = "b@c"
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.RLock()
		s := fmt.Sprint(*u)
		mu.RUnlock()
		_ = s
	}()
	wg.Wait()
}

// A clean-up of the test meets a goroutine that outlives it.
func TestCleanupMeetsPoller(t *testing.T) {
	resource := map[string]int{"a": 1}
	quit := make(chan bool)
	t.Cleanup(func() {
		delete(resource, "a")
	})
	var mu sync.Mutex
	polls := 0
	go func() {
		for {
			select {
			case <-quit:
				_ = resource["a"]
				return
			case <-time.After(time.Millisecond):
				mu.Lock()
				polls++
				mu.Unlock()
			}
		}
	}()
	time.Sleep(2 * time.Millisecond)
	mu.Lock()
	mu.Unlock()
	close(quit)
}

// Random back-off lets two writers meet seldom.
func TestBackOff(t *testing.T) {
	var busy atomic.Bool
	file := []string{}
	write := func(s string) {
		for range 50 {
			if !busy.Load() {
				busy.Store(true)
				file = append(file, s)
				busy.Store(false)
				return
			}
			time.Sleep(time.Duration(rand.Intn(100)) * time.Microsecond)
		}
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			write("x")
		}()
	}
	wg.Wait()
}

// The watchdog looks at the progress of who has not reported for a while.
func TestWatchdog(t *testing.T) {
	var mu sync.Mutex
	reported := time.Now()
	progress := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3 {
			progress++
			mu.Lock()
			reported = time.Now()
			mu.Unlock()
			time.Sleep(200 * time.Microsecond)
		}
	}()
	time.Sleep(2 * time.Millisecond)
	mu.Lock()
	late := time.Since(reported) > time.Millisecond
	mu.Unlock()
	if late {
		_ = progress
	}
	<-done
}

// The second of two notifications is merged with the first, if that is slow.
func TestMergedNotification(t *testing.T) {
	notify := make(chan struct{}, 1)
	state := 0
	var mu sync.Mutex
	seen := make(chan bool)
	go func() {
		defer close(seen)
		for range notify {
			mu.Lock()
			s := state
			mu.Unlock()
			if s == 2 {
				return
			}
		}
	}()
	for i := 1; i <= 2; i++ {
		mu.Lock()
		state = i
		mu.Unlock()
		select {
		case notify <- struct{}{}:
		default:
			state = 2
			notify <- struct{}{}
		}
		time.Sleep(300 * time.Microsecond)
	}
	<-seen
}

// Subtests in parallel take the next port from a list.
func TestPortsOfSubtests(t *testing.T) {
	ports := []int{1, 2, 3}
	var mu sync.Mutex
	used := 0
	for i := range 3 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * 700 * time.Microsecond)
			mu.Lock()
			used++
			mu.Unlock()
			p := ports[0]
			ports = ports[1:]
			_ = p
			mu.Lock()
			used--
			mu.Unlock()
		})
	}
}

// A semaphore of two guards what only one may do.
func TestSemaphoreOfTwo(t *testing.T) {
	sem := make(chan bool, 2)
	n := 0
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			sem <- true
			n++
			<-sem
		}()
	}
	wg.Wait()
}

// The panic of a worker is kept for whoever asks.
func TestKeptPanic(t *testing.T) {
	var caught any
	var mu sync.Mutex
	failed := 0
	go func() {
		defer func() {
			mu.Lock()
			failed++
			mu.Unlock()
			caught = recover()
		}()
		panic("oh")
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	n := failed
	mu.Unlock()
	if n > 0 {
		_ = caught
	}
}

// Whether the list is sorted is said before it is.
func TestSortedTooEarly(t *testing.T) {
	list := []int{3, 1, 2}
	sorted := make(chan bool, 1)
	go func() {
		sorted <- true
		for i := range list {
			for j := i + 1; j < len(list); j++ {
				if list[j] < list[i] {
					list[i], list[j] = list[j], list[i]
				}
			}
		}
	}()
	time.Sleep(time.Millisecond)
	<-sorted
	_ = list[0]
}

// Both sides of a swap keep what they gave away for one more look.
func TestSwapAndLook(t *testing.T) {
	type box struct{ n int }
	left, right := make(chan *box, 1), make(chan *box, 1)
	var wg sync.WaitGroup
	swap := func(out, in chan *box) {
		defer wg.Done()
		mine := &box{}
		out <- mine
		got := <-in
		got.n++
		time.Sleep(300 * time.Microsecond)
		mine.n--
	}
	wg.Add(2)
	go swap(left, right)
	go swap(right, left)
	wg.Wait()
}

// The idle connection is closed after ten seconds, as nobody waits so long.
func TestTenSeconds(t *testing.T) {
	open := true
	use := make(chan bool, 1)
	go func() {
		select {
		case <-use:
		case <-time.After(10 * time.Second):
			open = false
		}
	}()
	time.Sleep(time.Millisecond)
	if open {
		use <- true
	}
}

// The worker that takes the last item also sums up, while one is still adding.
func TestLastItemSums(t *testing.T) {
	var left atomic.Int32
	left.Store(3)
	sums := [3]int{}
	total := 0
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			if left.Add(-1) == 0 {
				for _, s := range sums {
					total += s
				}
				return
			}
			sums[i] = i
			left.Load()
		}()
	}
	wg.Wait()
}

// The stale check of a lock-free stack's head.
func TestPoppedTwice(t *testing.T) {
	type node struct {
		next *node
		v    int
	}
	var head atomic.Pointer[node]
	head.Store(&node{v: 1, next: &node{v: 2}})
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			h := head.Load()
			n := h.next
			if head.CompareAndSwap(h, n) {
				h.next = nil
			}
		}()
	}
	wg.Wait()
}

// The config is reloaded when a request is between two looks at it.
func TestReloadBetweenLooks(t *testing.T) {
	type config struct {
		limits map[string]int
		name   string
	}
	var mu sync.Mutex
	conf := &config{limits: map[string]int{"a": 1}}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		mu.Lock()
		c := conf
		mu.Unlock()
		n := 0
		for range c.limits {
			n++
		}
		mu.Lock()
		mu.Unlock()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		mu.Lock()
		if conf.name == "" {
			conf.limits["b"] = 2
		}
		mu.Unlock()
	}()
	wg.Wait()
}

// The queue grows while its length is shown: functions of sync/atomic guard it.
func TestSpinLock(t *testing.T) {
	var spin int32
	queue := []int{}
	lock := func() bool { return atomic.CompareAndSwapInt32(&spin, 0, 1) }
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		if lock() {
			queue = append(queue, 1)
			atomic.StoreInt32(&spin, 0)
		}
	}()
	go func() {
		defer wg.Done()
		time.Sleep(time.Millisecond)
		if atomic.LoadInt32(&spin) == 1 {
			_ = len(queue)
		}
		if lock() {
			queue = append(queue, 2)
			atomic.StoreInt32(&spin, 0)
		}
	}()
	wg.Wait()
}

// A second subscriber comes when the first is just told that it is alone.
func TestAlone(t *testing.T) {
	var mu sync.Mutex
	subscribers := 0
	mode := ""
	subscribe := func() {
		mu.Lock()
		subscribers++
		n := subscribers
		mu.Unlock()
		if n == 1 {
			mode = "alone"
			return
		}
		mu.Lock()
		if subscribers > 1 {
			mode = "many"
		}
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			subscribe()
			mu.Lock()
			subscribers--
			mu.Unlock()
		}()
	}
	wg.Wait()
	_ = mode
}

// WaitGroup is reused before all of its last waiters are gone.
func TestReusedWaitGroup(t *testing.T) {
	var wg sync.WaitGroup
	var outer sync.WaitGroup
	round := 0
	wg.Add(1)
	outer.Add(2)
	go func() {
		defer outer.Done()
		wg.Wait()
		_ = round
	}()
	go func() {
		defer outer.Done()
		time.Sleep(300 * time.Microsecond)
		wg.Done()
		time.Sleep(time.Millisecond)
		round++
	}()
	outer.Wait()
}
