// Kernels that no strategy was tuned on: ../README.md.
package heldback

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// The prefetch of the next page writes the error of the page it was started
// from, but only when it finds no connection: the reporter must have the second
// one at that moment.
func TestPrefetchKeepsError(t *testing.T) {
	conns := make(chan int, 2)
	conns <- 1
	conns <- 2
	take := func() (int, error) {
		select {
		case conn := <-conns:
			return conn, nil
		default:
			return 0, errors.New("no connection free")
		}
	}
	page := func() error {
		conn, err := take()
		if err != nil {
			return err
		}
		defer func() { conns <- conn }()
		next := make(chan bool)
		go func() {
			defer close(next)
			spare, failed := take()
			if failed != nil {
				err = fmt.Errorf("prefetch: %w", failed)
				return
			}
			conns <- spare
		}()
		time.Sleep(200 * time.Microsecond)
		if err != nil {
			return err
		}
		<-next
		return nil
	}
	reported := make(chan bool)
	go func() {
		defer close(reported)
		for range 3 {
			time.Sleep(700 * time.Microsecond)
			if conn, err := take(); err == nil {
				_ = fmt.Sprint("connection ", conn, " is up")
				conns <- conn
			}
		}
	}()
	for range 5 {
		_ = page()
	}
	<-reported
}

// The look at closing and the Add are not one step.  A job is let in, the server
// closes and has nobody to wait for, and the job uses the store being closed.
func TestJobLetInUncounted(t *testing.T) {
	var mu sync.Mutex
	var jobs, listener sync.WaitGroup
	closing, served := false, 0
	store := struct {
		rows int
		open bool
	}{3, true}
	serve := func() bool {
		mu.Lock()
		refused := closing
		mu.Unlock()
		if refused {
			return false
		}
		jobs.Add(1)
		go func() {
			defer jobs.Done()
			if store.open {
				mu.Lock()
				served += store.rows
				mu.Unlock()
			}
		}()
		return true
	}
	listener.Add(1)
	go func() {
		defer listener.Done()
		for round := 0; round < 12 && serve(); round++ {
			time.Sleep(400 * time.Microsecond)
		}
	}()
	time.Sleep(3 * time.Millisecond)
	mu.Lock()
	closing = true
	mu.Unlock()
	jobs.Wait()
	store.open = false
	listener.Wait()
}

// The watcher wants three events and goes.  A second source that has just seen
// it there sends while, or after, the channel is closed.
func TestEventForStoppedWatcher(t *testing.T) {
	var mu sync.Mutex
	var sources sync.WaitGroup
	stopped := false
	events := make(chan int, 4)
	post := func(event int) {
		defer func() { _ = recover() }()
		mu.Lock()
		gone := stopped
		mu.Unlock()
		if gone {
			return
		}
		select {
		case events <- event:
		default:
		}
	}
	source := func(count int, pause time.Duration) {
		defer sources.Done()
		for event := range count {
			time.Sleep(pause)
			post(event)
		}
	}
	sources.Add(2)
	go source(3, 500*time.Microsecond)
	go source(2, 850*time.Microsecond)
	for range 3 {
		<-events
	}
	mu.Lock()
	stopped = true
	mu.Unlock()
	close(events)
	sources.Wait()
}

// Who finds the lock taken does not wait: the number is put aside for the next
// that gets the lock.  Two must count at the same moment for that.
func TestNumberPutAside(t *testing.T) {
	var mu sync.Mutex
	var aside []int
	totals := map[string]int{}
	count := func(n int) {
		if !mu.TryLock() {
			aside = append(aside, n)
			return
		}
		defer mu.Unlock()
		if len(aside) > 0 {
			for _, late := range aside {
				totals["late"] += late
			}
			aside = aside[:0]
		}
		totals["now"] += n
	}
	var workers sync.WaitGroup
	for _, pause := range []int{310, 530, 870} {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range 4 {
				time.Sleep(time.Duration(pause) * time.Microsecond)
				count(n)
			}
		}()
	}
	workers.Wait()
}

// The caller that runs out of patience says how far its call had come.  The call
// must be held up for longer than the timeout, and goes on meanwhile.
func TestStageInTimeoutMessage(t *testing.T) {
	type call struct {
		stage    string
		answered chan bool
	}
	var conn sync.Mutex
	var all sync.WaitGroup
	send := func(c *call) {
		defer all.Done()
		c.stage = "waiting"
		conn.Lock()
		c.stage = "sent"
		time.Sleep(2 * time.Millisecond)
		conn.Unlock()
		c.stage = "answered"
		close(c.answered)
	}
	for id := range 2 {
		c := &call{"new", make(chan bool)}
		all.Add(2)
		go send(c)
		go func() {
			defer all.Done()
			select {
			case <-c.answered:
			case <-time.After(30 * time.Millisecond):
				t.Logf("call %d got no answer, it is %s", id, c.stage)
			}
		}()
	}
	all.Wait()
}

// The worker goes when the queue is empty and comes back with the next job.  It
// says that it is gone before it empties its scratch, so a job that comes in
// between starts a second worker on the same scratch.
func TestIdleWorkerComesBack(t *testing.T) {
	var mu, logLock sync.Mutex
	var workers, clients sync.WaitGroup
	var queue, scratch []int
	var lines []string
	running := false
	note := func(line string) {
		logLock.Lock()
		defer logLock.Unlock()
		lines = append(lines, line)
	}
	work := func() {
		defer workers.Done()
		for {
			mu.Lock()
			jobs := queue
			queue = nil
			running = len(jobs) > 0
			mu.Unlock()
			if len(jobs) == 0 {
				break
			}
			scratch = append(scratch, jobs...)
		}
		scratch = scratch[:0]
		note("idle")
	}
	submit := func(job int) {
		note("job")
		mu.Lock()
		defer mu.Unlock()
		queue = append(queue, job)
		if !running {
			running = true
			workers.Add(1)
			go work()
		}
	}
	for _, pause := range []int{350, 600} {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for job := range 4 {
				time.Sleep(time.Duration(pause) * time.Microsecond)
				submit(job)
			}
		}()
	}
	clients.Wait()
	workers.Wait()
}

// Cleanup runs after what is deferred, so the account is wiped when it has been
// handed back.  A subtest that starts late takes it before the wiping.
func TestAccountHandedBack(t *testing.T) {
	type account struct {
		owner   string
		balance int
	}
	var mu sync.Mutex
	var free []*account
	take := func() *account {
		mu.Lock()
		defer mu.Unlock()
		if len(free) == 0 {
			return &account{}
		}
		a := free[len(free)-1]
		free = free[:len(free)-1]
		return a
	}
	give := func(a *account) {
		mu.Lock()
		defer mu.Unlock()
		free = append(free, a)
	}
	for i, name := range []string{"deposit", "withdraw", "close"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := take()
			defer give(a)
			t.Cleanup(func() { *a = account{} })
			a.owner = name
			time.Sleep(time.Duration(2*i+1) * time.Millisecond)
			a.balance += 10
		})
	}
}

// A configuration is given up when one of its modules fails, and what the others
// left to clean up is walked without the lock.  The module fails only when the
// old server gives its port back late, and a slower module registers meanwhile.
func TestModuleAfterRollback(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mu, ports sync.Mutex
	var all sync.WaitGroup
	var cleanups []func()
	portTaken := true
	provision := func(pause time.Duration, listens bool) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(pause)
		if listens {
			ports.Lock()
			defer ports.Unlock()
			if portTaken {
				return errors.New("address already in use")
			}
			portTaken = true
		}
		mu.Lock()
		defer mu.Unlock()
		cleanups = append(cleanups, func() {})
		return nil
	}
	all.Add(4)
	go func() {
		defer all.Done()
		time.Sleep(time.Millisecond)
		ports.Lock()
		portTaken = false
		ports.Unlock()
	}()
	results := make(chan error, 3)
	for i := range 3 {
		go func() {
			defer all.Done()
			results <- provision(time.Duration(i+2)*time.Millisecond, i == 1)
		}()
	}
	for range 3 {
		if err := <-results; err != nil {
			break
		}
	}
	cancel()
	for _, cleanup := range cleanups {
		cleanup()
	}
	all.Wait()
}

// The timer's function sets the timer again by the session that is still to get
// it.  Who opens the session must be held up for a beat before it has the lock.
func TestTimerNotYetKept(t *testing.T) {
	type session struct {
		timer *time.Timer
		beats int
	}
	var mu sync.Mutex
	var sessions sync.WaitGroup
	open := map[int]*session{}
	start := func(id int) {
		s := &session{}
		s.timer = time.AfterFunc(time.Millisecond, func() {
			mu.Lock()
			s.beats++
			over := s.beats == 3
			mu.Unlock()
			if over || s.timer == nil {
				sessions.Done()
				return
			}
			s.timer.Reset(time.Millisecond)
		})
		mu.Lock()
		open[id] = s
		mu.Unlock()
	}
	sessions.Add(2)
	for id := range 2 {
		go start(id)
	}
	sessions.Wait()
}

// The connection is looked up under the lock and looked at outside.  Another
// user must call it broken between the lookup and the second lock.
func TestBrokenWhileChosen(t *testing.T) {
	type conn struct {
		broken bool
		users  int
	}
	var mu sync.RWMutex
	conns := map[string]*conn{"orders": {}}
	get := func(host string) *conn {
		mu.RLock()
		c := conns[host]
		mu.RUnlock()
		broken := c.broken
		mu.Lock()
		defer mu.Unlock()
		if broken && conns[host] == c {
			conns[host] = &conn{}
		}
		c = conns[host]
		c.users++
		return c
	}
	release := func(c *conn, failed bool) {
		mu.Lock()
		defer mu.Unlock()
		c.users--
		if failed {
			c.broken = true
		}
	}
	var all sync.WaitGroup
	for worker := range 3 {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := range 3 {
				c := get("orders")
				time.Sleep(time.Duration(200+130*worker) * time.Microsecond)
				release(c, worker == 0 && round == 1)
				time.Sleep(150 * time.Microsecond)
			}
		}()
	}
	all.Wait()
}
