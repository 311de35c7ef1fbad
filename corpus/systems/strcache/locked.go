package strcache

import (
	"hash/maphash"
	"sync"
	"time"
)

// Locked is Plain behind a lock.
type Locked struct {
	mu    sync.RWMutex
	plain *Plain
}

// NewLocked returns an empty cache.
func NewLocked() *Locked { return &Locked{plain: NewPlain()} }

// Get returns what has not expired.
func (c *Locked) Get(key string) (string, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.plain.Get(key)
}

// Set keeps the value for the time given.
func (c *Locked) Set(key, value string, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain.Set(key, value, ttl)
}

// Sweep drops what has expired.
func (c *Locked) Sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain.Sweep()
}

// SelfCleaning drops an expired entry when it is asked for, with no more than
// the read lock.
type SelfCleaning struct {
	Locked
}

// NewSelfCleaning returns an empty cache.
func NewSelfCleaning() *SelfCleaning {
	return &SelfCleaning{Locked{plain: NewPlain()}}
}

// Get returns what has not expired, and deletes what has.
func (c *SelfCleaning) Get(key string) (string, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	value, ok := c.plain.Get(key)
	if !ok {
		delete(c.plain.entries, key)
	}
	return value, ok
}

// Sharded spreads the keys over several caches, each with its own lock.
type Sharded struct {
	seed   maphash.Seed
	shards [8]*Locked
}

// NewSharded returns an empty cache.
func NewSharded() *Sharded {
	c := &Sharded{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i] = NewLocked()
	}
	return c
}

func (c *Sharded) shard(key string) *Locked {
	return c.shards[maphash.String(c.seed, key)%uint64(len(c.shards))]
}

// Get returns what has not expired.
func (c *Sharded) Get(key string) (string, bool) { return c.shard(key).Get(key) }

// Set keeps the value for the time given.
func (c *Sharded) Set(key, value string, ttl time.Duration) { c.shard(key).Set(key, value, ttl) }

// Sweep drops what has expired, shard by shard.
func (c *Sharded) Sweep() {
	for _, shard := range c.shards {
		shard.Sweep()
	}
}
