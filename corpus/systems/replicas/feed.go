package replicas

import "sync"

// Feed passes updates to whoever listens. Reconnecting replaces the channel.
type Feed struct {
	mu      sync.Mutex
	updates chan int
}

// NewFeed returns a feed with room for some updates.
func NewFeed() *Feed { return &Feed{updates: make(chan int, 8)} }

// Publish sends on the channel as it finds it.
func (f *Feed) Publish(n int) { f.updates <- n }

// Next receives from the channel as it finds it.
func (f *Feed) Next() int { return <-f.updates }

// Reconnect replaces the channel through the pointer that all share.
func (f *Feed) Reconnect() { f.updates = make(chan int, 8) }

func (f *Feed) current() chan int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.updates
}

// PublishLocked sends on the channel that is current under the lock.
func (f *Feed) PublishLocked(n int) { f.current() <- n }

// ReconnectLocked replaces the channel under the lock, and passes on what was
// left in the old one.
func (f *Feed) ReconnectLocked() {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.updates
	f.updates = make(chan int, 8)
	for len(old) > 0 {
		f.updates <- <-old
	}
}
