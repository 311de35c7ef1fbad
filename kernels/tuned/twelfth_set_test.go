// The twelfth set of kernels that were held back, before they were looked at.
package tuned

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Captured variable: a consumer commits its offset in the background while it
// fetches the next batch. A commit that starts only when that batch is there
// reads the offset while it is moved on.
func TestOffsetCommitted(t *testing.T) {
	var mu sync.Mutex
	committed, worst := 0, 0
	offset := 0
	var wg sync.WaitGroup
	for range 3 {
		time.Sleep(3 * time.Millisecond) // a batch is fetched
		mu.Lock()
		worst = max(worst, offset-committed)
		mu.Unlock()
		offset += 10
		wg.Add(1)
		go func() {
			defer wg.Done()
			at := offset
			mu.Lock()
			committed = max(committed, at)
			mu.Unlock()
		}()
	}
	wg.Wait()
	if committed == 0 || worst > 30 {
		t.Errorf("committed %d, behind by %d", committed, worst)
	}
}

// WaitGroup misuse: each directory counts itself in, once it may open a file.
// One that starts when the directory above it is through is not waited for, and
// adds to the total while that is read.
func TestDirectorySizes(t *testing.T) {
	tree := map[string][]string{
		"/":    {"/etc", "/var"},
		"/var": {"/var/lib", "/var/log"},
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	open := make(chan struct{}, 8)
	var walk func(dir string)
	walk = func(dir string) {
		for _, sub := range tree[dir] {
			go func() {
				open <- struct{}{}
				wg.Add(1)
				defer wg.Done()
				walk(sub)
				<-open
			}()
		}
		time.Sleep(2 * time.Millisecond) // the files of the directory itself
		mu.Lock()
		total += len(dir)
		mu.Unlock()
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		walk("/")
	}()
	wg.Wait()
	if total == 0 {
		t.Error("nothing was counted")
	}
}

// Channel closed against send: a client that has seen that the pool is not
// draining, and counts itself in after the pool found nobody in flight, sends
// on the channel that the pool closes.
func TestPoolDrained(t *testing.T) {
	var draining atomic.Bool
	var inFlight atomic.Int32
	jobs := make(chan chan int, 4)
	submit := func() (err error) {
		if draining.Load() {
			return errors.New("draining")
		}
		inFlight.Add(1)
		defer inFlight.Add(-1)
		defer func() {
			if recover() != nil {
				err = errors.New("closed")
			}
		}()
		reply := make(chan int, 1)
		jobs <- reply
		<-reply
		return nil
	}
	var wg sync.WaitGroup
	wg.Add(4)
	go func() {
		defer wg.Done()
		n := 0
		for reply := range jobs {
			n++
			reply <- n
		}
	}()
	for i := range 3 {
		go func() {
			defer wg.Done()
			for submit() == nil {
				time.Sleep(time.Duration(i+2) * time.Millisecond)
			}
		}()
	}
	time.Sleep(9 * time.Millisecond)
	draining.Store(true)
	for inFlight.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	close(jobs)
	wg.Wait()
}

// Map behind a rare branch: a gateway sheds what is too much for it, and notes
// for whom. When a slow request makes three meet, the report looks through the
// map that the third one wrote to without a lock.
func TestShedRequests(t *testing.T) {
	var inFlight, shed atomic.Int32
	byTenant := make(map[string]int)
	serve := func(tenant string) {
		defer inFlight.Add(-1)
		if inFlight.Add(1) > 2 {
			shed.Add(1)
			byTenant[tenant]++
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	var wg sync.WaitGroup
	for i, tenant := range []string{"red", "blue", "red", "green"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * 4 * time.Millisecond)
			serve(tenant)
		}()
	}
	time.Sleep(20 * time.Millisecond)
	if shed.Load() > 0 {
		for tenant, n := range byTenant {
			t.Logf("%s: %d shed", tenant, n)
		}
	}
	wg.Wait()
}

// Timeout against result: when a proposal is applied later than its proposer
// waits, both write its error.
func TestProposalTimedOut(t *testing.T) {
	type proposal struct {
		key     string
		applied chan struct{}
		index   int
		err     error
	}
	queue := make(chan *proposal, 4)
	propose := func(key string) error {
		p := &proposal{key: key, applied: make(chan struct{})}
		queue <- p
		select {
		case <-p.applied:
		case <-time.After(40 * time.Millisecond):
			p.err = errors.New("timed out: " + key)
		}
		return p.err
	}
	var applier, clients sync.WaitGroup
	applier.Add(1)
	go func() {
		defer applier.Done()
		index := 0
		for p := range queue {
			time.Sleep(2 * time.Millisecond) // written to the log
			index++
			p.index, p.err = index, nil
			close(p.applied)
		}
	}()
	for _, key := range []string{"a", "b", "c"} {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for range 2 {
				if err := propose(key); err != nil {
					return
				}
			}
		}()
	}
	clients.Wait()
	close(queue)
	applier.Wait()
}

// Lazy start: who comes first dials, and who comes later does not wait for
// that. A request that comes while somebody dials reads the connections that
// are being set.
func TestWarmPool(t *testing.T) {
	const idle, starting, ready = 0, 1, 2
	var state atomic.Int32
	var conns []string
	get := func() (string, bool) {
		if state.CompareAndSwap(idle, starting) {
			var dialled []string
			for _, host := range []string{"one", "two"} {
				time.Sleep(time.Millisecond)
				dialled = append(dialled, host)
			}
			conns = dialled
			state.Store(ready)
		}
		if len(conns) == 0 {
			return "", false
		}
		return conns[0], true
	}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { // warms it up
		defer wg.Done()
		get()
	}()
	time.Sleep(10 * time.Millisecond) // the rest of the service starts
	var refused atomic.Int32
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, ok := get(); !ok {
				refused.Add(1)
			}
		}()
	}
	wg.Wait()
}

// Parallel subtests that share state: each keeps a pointer to its row of the
// table. If the next one comes before the status is in, the table grows, and
// is copied while the status is written.
func TestRowsOfCases(t *testing.T) {
	type row struct {
		name   string
		status int
	}
	var mu sync.Mutex
	var rows []row
	finished := 0
	for i, name := range []string{"insert", "update", "delete"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * 5 * time.Millisecond) // its fixture
			mu.Lock()
			rows = append(rows, row{name: name})
			r := &rows[len(rows)-1]
			mu.Unlock()
			time.Sleep(time.Millisecond) // the statement runs
			r.status = 200
			mu.Lock()
			finished++
			mu.Unlock()
		})
	}
}

// Cancellation against clean-up: the upload is dropped as soon as it is
// cancelled, not when its storer has left. A keep-alive that comes between the
// last part and that is stored while the parts are dropped.
func TestUploadAborted(t *testing.T) {
	type part struct {
		data   string
		stored chan struct{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	parts := make(chan part)
	var upload []string
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for {
			select {
			case p := <-parts:
				upload = append(upload, p.data)
				if p.stored != nil {
					close(p.stored)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		defer wg.Done()
		tick := time.NewTicker(12 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				select {
				case parts <- part{}:
				case <-ctx.Done():
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for _, data := range []string{"head", "body", "tail"} {
		p := part{data, make(chan struct{})}
		parts <- p
		<-p.stored
		time.Sleep(2 * time.Millisecond) // the client sends the next
	}
	cancel()
	upload = nil
	wg.Wait()
}

// Published before it is ready: readers go by the version, which is set when
// the index is complete, but the rules are there before. A reader that takes
// the version before a reload, and the rules in it, reads an index being built.
func TestSnapshotVersion(t *testing.T) {
	type snapshot struct {
		rules []string
		index map[string]int
	}
	var current atomic.Pointer[snapshot]
	var version atomic.Int32
	reload := func(n int32, rules ...string) {
		s := &snapshot{rules: rules}
		current.Store(s)
		index := make(map[string]int)
		for i, rule := range rules {
			index[strings.ToLower(rule)] = i
		}
		s.index = index
		version.Store(n)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			allowed := 0
			for seen := int32(0); seen < 3; time.Sleep(2 * time.Millisecond) {
				if v := version.Load(); v != seen {
					if _, ok := current.Load().index["allow"]; ok {
						allowed++
					}
					seen = v
				}
			}
		}()
	}
	for n := range int32(3) {
		reload(n+1, "Deny", "Allow", "Log")
		time.Sleep(5 * time.Millisecond)
	}
	wg.Wait()
}

// A write under RLock: a page that is not in the cache is put there by who holds
// it for reading only. The sweeper, which locks it, mostly comes between two
// requests; when it does not, the second reads what the first writes.
func TestTemplateCache(t *testing.T) {
	var mu sync.RWMutex
	cache := make(map[string]string)
	render := func(name string) string {
		mu.RLock()
		defer mu.RUnlock()
		page, ok := cache[name]
		if !ok {
			page = strings.ToUpper(name)
			cache[name] = page
		}
		return page
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				mu.Lock()
				if len(cache) > 2 {
					clear(cache)
				}
				mu.Unlock()
			case <-stop:
				return
			}
		}
	}()
	for _, name := range []string{"home", "about", "home", "team"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_ = render(name)
		}()
		time.Sleep(8 * time.Millisecond)
	}
	close(stop)
	wg.Wait()
}
