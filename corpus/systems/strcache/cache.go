// Package strcache holds several makes of one thing: a cache of strings whose
// entries expire.
package strcache

import "time"

// Cache is what all of them do.
type Cache interface {
	Get(key string) (string, bool)
	Set(key, value string, ttl time.Duration)
	// Sweep drops what has expired, and is called by a janitor now and then.
	Sweep()
}

type entry struct {
	value   string
	expires time.Time
}

func (e entry) expired() bool { return time.Now().After(e.expires) }

// Janitor sweeps the cache until it is stopped.
func Janitor(c Cache, every time.Duration) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.Sweep()
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// Plain has no lock. It "only runs on one machine".
type Plain struct {
	entries map[string]entry
}

// NewPlain returns an empty cache.
func NewPlain() *Plain { return &Plain{entries: map[string]entry{}} }

// Get returns what has not expired.
func (c *Plain) Get(key string) (string, bool) {
	e, ok := c.entries[key]
	if !ok || e.expired() {
		return "", false
	}
	return e.value, true
}

// Set keeps the value for the time given.
func (c *Plain) Set(key, value string, ttl time.Duration) {
	c.entries[key] = entry{value, time.Now().Add(ttl)}
}

// Sweep drops what has expired.
func (c *Plain) Sweep() {
	for key, e := range c.entries {
		if e.expired() {
			delete(c.entries, key)
		}
	}
}
