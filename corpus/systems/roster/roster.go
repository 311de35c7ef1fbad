// Package roster keeps the list of a cluster's members, as heard from their
// heartbeats.
package roster

import (
	"sync"
	"time"
)

// Member is one machine.
type Member struct {
	Name string
	Load int
	Seen time.Time
}

// Roster is the list. Each iterates over it under the lock.
type Roster struct {
	mu      sync.Mutex
	members []Member
}

// Each calls f for every member, until f returns false.
func (r *Roster) Each(f func(Member) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.members {
		if !f(m) {
			return
		}
	}
}

// Heard updates the member or appends it. It takes no lock: "only the
// listener calls it".
func (r *Roster) Heard(name string, load int) {
	for i := range r.members {
		if r.members[i].Name == name {
			r.members[i].Load = load
			r.members[i].Seen = time.Now()
			return
		}
	}
	r.members = append(r.members, Member{name, load, time.Now()})
}

// HeardLocked does the same under the lock.
func (r *Roster) HeardLocked(name string, load int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Heard(name, load)
}

// Find returns the member itself, not a copy, though it locks to find it.
func (r *Roster) Find(name string) *Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		if r.members[i].Name == name {
			return &r.members[i]
		}
	}
	return nil
}
