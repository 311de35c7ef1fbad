package roster

import (
	"sync"
	"sync/atomic"
)

// Registry holds the one roster of a process, made when it is first asked for.
type Registry struct {
	roster *Roster
	once   sync.Once
	ready  atomic.Pointer[Roster]
	mu     sync.Mutex
}

// Lazy makes the roster if nobody has.
func (g *Registry) Lazy() *Roster {
	if g.roster == nil {
		g.roster = &Roster{}
	}
	return g.roster
}

// DoubleChecked locks only if it finds nothing, and looks without the lock.
func (g *Registry) DoubleChecked() *Roster {
	if g.roster == nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.roster == nil {
			g.roster = &Roster{}
		}
	}
	return g.roster
}

// Once makes the roster once.
func (g *Registry) Once() *Roster {
	g.once.Do(func() { g.roster = &Roster{} })
	return g.roster
}

// DoubleCheckedAtomically looks at a pointer that is published.
func (g *Registry) DoubleCheckedAtomically() *Roster {
	if r := g.ready.Load(); r != nil {
		return r
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ready.Load() == nil {
		g.ready.Store(&Roster{})
	}
	return g.ready.Load()
}
