package strcache

import (
	"sync"
	"time"
)

// Concurrent keeps its entries in a sync.Map.
type Concurrent struct {
	entries sync.Map
}

// Get returns what has not expired.
func (c *Concurrent) Get(key string) (string, bool) {
	e, ok := c.entries.Load(key)
	if !ok || e.(*entry).expired() {
		return "", false
	}
	return e.(*entry).value, true
}

// Set keeps the value for the time given.
func (c *Concurrent) Set(key, value string, ttl time.Duration) {
	c.entries.Store(key, &entry{value, time.Now().Add(ttl)})
}

// Sweep drops what has expired.
func (c *Concurrent) Sweep() {
	c.entries.Range(func(key, e any) bool {
		if e.(*entry).expired() {
			c.entries.CompareAndDelete(key, e)
		}
		return true
	})
}

// Owned is a map that belongs to one goroutine, which is asked through a
// channel of functions.
type Owned struct {
	requests chan func(*Plain)
}

// NewOwned starts the owner.
func NewOwned() *Owned {
	c := &Owned{requests: make(chan func(*Plain))}
	go func() {
		plain := NewPlain()
		for request := range c.requests {
			request(plain)
		}
	}()
	return c
}

// Close ends the owner.
func (c *Owned) Close() { close(c.requests) }

// Get returns what has not expired.
func (c *Owned) Get(key string) (value string, ok bool) {
	done := make(chan struct{})
	c.requests <- func(plain *Plain) {
		value, ok = plain.Get(key)
		close(done)
	}
	<-done
	return value, ok
}

// Set keeps the value for the time given.
func (c *Owned) Set(key, value string, ttl time.Duration) {
	c.requests <- func(plain *Plain) { plain.Set(key, value, ttl) }
}

// Sweep drops what has expired.
func (c *Owned) Sweep() {
	c.requests <- func(plain *Plain) { plain.Sweep() }
}
