// Package group: goroutines that are started together, waited for together,
// and fail together, as with an errgroup.
package group

import (
	"context"
	"sync"
)

// Group runs functions and keeps the first error.
type Group struct {
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup
	slots  chan int
	once   sync.Once
	err    error
}

// WithContext returns a group and a context that ends at the first error.
func WithContext(parent context.Context, limit int) (*Group, context.Context) {
	ctx, cancel := context.WithCancelCause(parent)
	return &Group{cancel: cancel, slots: make(chan int, limit)}, ctx
}

// Go runs f, once fewer than limit others are running.
func (g *Group) Go(f func() error) {
	g.slots <- 1
	g.wait.Add(1)
	go func() {
		defer func() {
			<-g.slots
			g.wait.Done()
		}()
		if err := f(); err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel(err)
			})
		}
	}()
}

// Wait returns the first error when all are done.
func (g *Group) Wait() error {
	g.wait.Wait()
	g.cancel(nil)
	return g.err
}
