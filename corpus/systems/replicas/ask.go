// Package replicas asks several replicas the same question.
package replicas

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Replica answers after its latency.
type Replica struct {
	Name    string
	Latency time.Duration
}

// Answer is what a replica says.
type Answer struct {
	From  string
	Value int
}

func (r Replica) ask() *Answer {
	time.Sleep(r.Latency)
	return &Answer{From: r.Name, Value: len(r.Name)}
}

// Query keeps what is needed to wait for those that are no longer waited for.
type Query struct {
	losers sync.WaitGroup
}

// Drain waits for the replicas that came too late.
func (q *Query) Drain() { q.losers.Wait() }

// FirstShared lets each replica write its answer into one variable if that is
// still empty.
func (q *Query) FirstShared(replicas []Replica) *Answer {
	var first *Answer
	answered := make(chan bool, len(replicas))
	for _, r := range replicas {
		q.losers.Add(1)
		go func() {
			defer q.losers.Done()
			a := r.ask()
			if first == nil {
				first = a
			}
			answered <- true
		}()
	}
	<-answered
	return first
}

// FirstByChannel receives the first answer and leaves the others in the
// channel's buffer.
func (q *Query) FirstByChannel(replicas []Replica) *Answer {
	answers := make(chan *Answer, len(replicas))
	for _, r := range replicas {
		q.losers.Add(1)
		go func() {
			defer q.losers.Done()
			answers <- r.ask()
		}()
	}
	return <-answers
}

// FirstBySwap publishes the first answer atomically.
func (q *Query) FirstBySwap(replicas []Replica) *Answer {
	var first atomic.Pointer[Answer]
	won := make(chan bool, 1)
	for _, r := range replicas {
		q.losers.Add(1)
		go func() {
			defer q.losers.Done()
			if first.CompareAndSwap(nil, r.ask()) {
				won <- true
			}
		}()
	}
	<-won
	return first.Load()
}

// ErrNoAnswer says that the context ended first.
var ErrNoAnswer = errors.New("no replica has answered")

// FirstWithin gives up when the context ends.
func (q *Query) FirstWithin(ctx context.Context, replicas []Replica) (*Answer, error) {
	answers := make(chan *Answer)
	for _, r := range replicas {
		q.losers.Add(1)
		go func() {
			defer q.losers.Done()
			a := r.ask()
			select {
			case answers <- a:
			case <-ctx.Done():
			}
		}()
	}
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return nil, ErrNoAnswer
	}
}
