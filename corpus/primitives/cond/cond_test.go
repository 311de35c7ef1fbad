// Package cond: sync.Cond orders through its lock.
package cond

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type queue struct {
	mu    sync.Mutex
	ready *sync.Cond
	items []*int
}

func newQueue() *queue {
	q := &queue{}
	q.ready = sync.NewCond(&q.mu)
	return q
}

func (q *queue) put(item *int) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.ready.Signal()
}

func (q *queue) get() *int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		q.ready.Wait()
	}
	item := q.items[0]
	q.items = q.items[1:]
	return item
}

func TestRaceConditionChangedWithoutLock(t *testing.T) {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	ready := false
	waiting := lab.NewSignal()
	join := lab.Go(func() {
		mu.Lock()
		for !ready {
			waiting.Give()
			c.Wait()
		}
		mu.Unlock()
	})
	waiting.Await()
	ready = true
	mu.Lock()
	c.Signal()
	mu.Unlock()
	join()
}

// All are woken, and after Unlock nothing orders them.
func TestRaceWokenWritersAfterUnlock(t *testing.T) {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	ready := false
	x := 0
	waiter := func() {
		mu.Lock()
		for !ready {
			c.Wait()
		}
		mu.Unlock()
		lab.Pause()
		x++
	}
	first := lab.Go(waiter)
	second := lab.Go(waiter)
	mu.Lock()
	ready = true
	mu.Unlock()
	c.Broadcast()
	first()
	second()
}

func TestRaceItemKeptByProducer(t *testing.T) {
	q := newQueue()
	item := new(int)
	join := lab.Go(func() { *q.get() = 1 })
	q.put(item)
	lab.Pause()
	*item = 2
	join()
}

func TestNoRaceQueue(t *testing.T) {
	q := newQueue()
	join := lab.Go(func() {
		for range 100 {
			*q.get() += 1
		}
	})
	for i := range 100 {
		item := i
		q.put(&item)
	}
	join()
}

func TestNoRaceBroadcast(t *testing.T) {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	var config []string
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			mu.Lock()
			for config == nil {
				c.Wait()
			}
			first := config[0]
			mu.Unlock()
			lab.Use(first)
		}))
	}
	mu.Lock()
	config = []string{"a"}
	c.Broadcast()
	mu.Unlock()
	for _, join := range joins {
		join()
	}
}

func TestNoRaceReadLocker(t *testing.T) {
	var mu sync.RWMutex
	c := sync.NewCond(mu.RLocker())
	ready := false
	join := lab.Go(func() {
		c.L.Lock()
		for !ready {
			c.Wait()
		}
		c.L.Unlock()
	})
	lab.Pause()
	mu.Lock()
	ready = true
	mu.Unlock()
	c.Broadcast()
	join()
}
