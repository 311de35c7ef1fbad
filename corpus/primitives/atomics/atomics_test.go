// Package atomics: sync/atomic publishes, and does not mix with plain access.
package atomics

import (
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"corpus.example/gosan/internal/lab"
)

type config struct {
	name  string
	limit int
}

func TestRacePlainRead(t *testing.T) {
	var n int64
	join := lab.Go(func() { atomic.AddInt64(&n, 1) })
	lab.Pause()
	lab.Use(n)
	join()
}

func TestRacePlainWrite(t *testing.T) {
	var n int32
	join := lab.Go(func() { lab.Use(atomic.LoadInt32(&n)) })
	lab.Pause()
	n = 1
	join()
}

func TestRacePlainIncrement(t *testing.T) {
	var n uint64
	join := lab.Go(func() { n++ })
	lab.Pause()
	atomic.AddUint64(&n, 1)
	join()
}

func TestRaceChangedAfterPublish(t *testing.T) {
	var current atomic.Pointer[config]
	join := lab.Go(func() {
		c := &config{name: "a"}
		current.Store(c)
		c.limit = 1
	})
	for current.Load() == nil {
		lab.Pause()
	}
	lab.Pause()
	lab.Use(current.Load().limit)
	join()
}

// The flag that is read is not the one that was set.
func TestRaceOtherFlag(t *testing.T) {
	var ready, started atomic.Bool
	x := 0
	join := lab.Go(func() {
		x = 1
		ready.Store(true)
	})
	lab.Pause()
	lab.Use(started.Load())
	lab.Use(x)
	join()
}

func TestRaceFlagIsSetTooEarly(t *testing.T) {
	var ready atomic.Bool
	x := 0
	join := lab.Go(func() {
		ready.Store(true)
		x = 1
	})
	for !ready.Load() {
		lab.Pause()
	}
	lab.Pause()
	lab.Use(x)
	join()
}

// The loser of the compare-and-swap goes on as if it had won.
func TestRaceLoserWritesToo(t *testing.T) {
	var owner atomic.Int32
	x := 0
	join := lab.Go(func() {
		owner.CompareAndSwap(0, 1)
		x = 1
	})
	lab.Pause()
	owner.CompareAndSwap(0, 2)
	x = 2
	join()
	lab.Use(x)
}

func TestRaceValueHoldsPointer(t *testing.T) {
	var v atomic.Value
	v.Store(&config{})
	set := func(n int) { v.Load().(*config).limit = n }
	join := lab.Go(func() { set(1) })
	lab.Pause()
	set(2)
	join()
}

func TestRaceOrAgainstPlain(t *testing.T) {
	var flags uint32
	join := lab.Go(func() { atomic.OrUint32(&flags, 1) })
	lab.Pause()
	flags |= 2
	join()
}

// Two atomics order each by itself; the sum of both is not consistent, which
// is no data race. The plain variable beside them is one.
func TestRaceVariableBesideAtomic(t *testing.T) {
	var s struct {
		hits   atomic.Int64
		misses int64
	}
	count := func() {
		s.hits.Add(1)
		s.misses++
	}
	join := lab.Go(count)
	lab.Pause()
	count()
	join()
}

//go:noinline
func bump(n *atomic.Int32) { n.Add(1) }

// Neither the method nor what the compiler puts between it and the assembly
// announces itself.
//
// stack: AddInt32 < (*Int32).Add < bump < TestRaceStackOfMethod
func TestRaceStackOfMethod(t *testing.T) {
	var n atomic.Int32
	join := lab.Go(func() { n = atomic.Int32{} })
	lab.Pause()
	bump(&n)
	join()
}

//go:noinline
func observe(n *int64) int64 { return atomic.LoadInt64(n) }

// stack: LoadInt64 < observe < TestRaceStackOfFunction
func TestRaceStackOfFunction(t *testing.T) {
	var n int64
	join := lab.Go(func() { n = 1 })
	lab.Pause()
	lab.Use(observe(&n))
	join()
}

type guarded struct {
	mu sync.Mutex
	n  int
}

//go:noinline
func lock(g *guarded) { g.mu.Lock() }

// A lock that is copied while others use it.
//
// stack: (*Mutex).Lock < (*Mutex).Lock < lock < TestRaceStackOfLock
func TestRaceStackOfLock(t *testing.T) {
	g := new(guarded)
	join := lab.Go(func() { *g = guarded{} })
	lab.Pause()
	lock(g)
	g.mu.Unlock()
	join()
}

// An atomic operation of nothing panics, and the stack can be walked from there.
func TestNoRaceAddToNil(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	var nothing *int64
	atomic.AddInt64(nothing, 1)
}

func TestNoRacePublish(t *testing.T) {
	var current atomic.Pointer[config]
	join := lab.Go(func() {
		current.Store(&config{name: "a", limit: 7})
	})
	for {
		if c := current.Load(); c != nil {
			c.limit++
			break
		}
		lab.Pause()
	}
	join()
}

func TestNoRaceFlag(t *testing.T) {
	var ready int32
	x := 0
	join := lab.Go(func() {
		x = 1
		atomic.StoreInt32(&ready, 1)
	})
	for atomic.LoadInt32(&ready) == 0 {
		lab.Pause()
	}
	x++
	join()
}

func TestNoRaceCompareAndSwapLock(t *testing.T) {
	var lock atomic.Bool
	x := 0
	work := func() {
		for range 50 {
			for !lock.CompareAndSwap(false, true) {
				lab.Pause()
			}
			x++
			lock.Store(false)
		}
	}
	join := lab.Go(work)
	work()
	join()
}

func TestNoRaceStack(t *testing.T) {
	type node struct {
		next  *node
		value int
	}
	var head atomic.Pointer[node]
	push := func(n int) {
		e := &node{value: n}
		for {
			e.next = head.Load()
			if head.CompareAndSwap(e.next, e) {
				return
			}
		}
	}
	join := lab.Go(func() {
		for i := range 100 {
			push(i)
		}
	})
	for i := range 100 {
		push(i)
	}
	join()
	sum := 0
	for e := head.Load(); e != nil; e = e.next {
		sum += e.value
	}
	if sum != 2*99*50 {
		t.Fatalf("sum = %d", sum)
	}
}

// The last one to count down may use what all the others wrote.
func TestNoRaceLastOneOut(t *testing.T) {
	var left atomic.Int64
	var parts [8]int
	left.Store(int64(len(parts)))
	total := make(chan int)
	for i := range parts {
		go func() {
			parts[i] = i
			if left.Add(-1) == 0 {
				sum := 0
				for _, part := range parts {
					sum += part
				}
				total <- sum
			}
		}()
	}
	if got := <-total; got != 28 {
		t.Fatalf("total = %d, want 28", got)
	}
}

func TestNoRaceSwap(t *testing.T) {
	var slot atomic.Pointer[config]
	join := lab.Go(func() {
		for i := range 100 {
			if c := slot.Swap(&config{limit: i}); c != nil {
				c.limit++
			}
		}
	})
	for i := range 100 {
		if c := slot.Swap(&config{limit: -i}); c != nil {
			c.limit++
		}
	}
	join()
}

func TestNoRaceAndOr(t *testing.T) {
	var flags atomic.Uint32
	x := 0
	join := lab.Go(func() {
		x = 1
		flags.Or(4)
	})
	for flags.And(^uint32(2))&4 == 0 {
		lab.Pause()
	}
	x++
	join()
}

func TestNoRaceOfEverySize(t *testing.T) {
	var (
		i32 int32
		i64 int64
		u32 uint32
		u64 uint64
		ptr uintptr
		p   unsafe.Pointer
	)
	work := func() {
		for range 50 {
			atomic.AddInt32(&i32, 1)
			atomic.AddInt64(&i64, 1)
			atomic.AddUint32(&u32, ^uint32(0))
			atomic.AddUint64(&u64, 2)
			atomic.AddUintptr(&ptr, 3)
			atomic.CompareAndSwapInt32(&i32, 3, 4)
			atomic.SwapInt64(&i64, atomic.LoadInt64(&i64))
			atomic.OrInt32(&i32, 1)
			atomic.AndInt64(&i64, -1)
			atomic.OrUint64(&u64, 1)
			atomic.AndUintptr(&ptr, 7)
			atomic.StorePointer(&p, unsafe.Pointer(&i32))
			lab.Use(atomic.LoadPointer(&p))
		}
	}
	join := lab.Go(work)
	work()
	join()
}

func TestNoRaceFieldsOfStruct(t *testing.T) {
	type stats struct {
		open   atomic.Bool
		hits   atomic.Int32
		misses atomic.Int32
		name   string
	}
	s := stats{name: "cache"}
	work := func() {
		s.open.Store(true)
		s.hits.Add(1)
		s.misses.Add(1)
		lab.Use(s.name)
	}
	join := lab.Go(work)
	work()
	join()
}

func TestNoRaceValue(t *testing.T) {
	var v atomic.Value
	v.Store(config{})
	join := lab.Go(func() {
		for i := range 100 {
			v.Store(config{limit: i})
		}
	})
	for range 100 {
		lab.Use(v.Load().(config).limit)
	}
	join()
}
