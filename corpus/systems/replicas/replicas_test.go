package replicas

import (
	"context"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

func three() []Replica {
	return []Replica{
		{"eu-central", 2 * time.Millisecond},
		{"eu-west", 9 * time.Millisecond},
		{"us-east", 16 * time.Millisecond},
	}
}

func TestRaceFirstIntoSharedVariable(t *testing.T) {
	var q Query
	if q.FirstShared(three()) == nil {
		t.Error("no answer")
	}
	q.Drain()
}

func TestNoRaceFirstByChannel(t *testing.T) {
	var q Query
	q.FirstByChannel(three()).Value++
	q.Drain()
}

func TestNoRaceFirstBySwap(t *testing.T) {
	var q Query
	q.FirstBySwap(three()).Value++
	q.Drain()
}

func TestNoRaceFirstWithin(t *testing.T) {
	var q Query
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	if a, err := q.FirstWithin(ctx, three()); err != nil {
		t.Error(err)
	} else {
		a.Value++
	}
	cancel()
	q.Drain()
	ctx, cancel = context.WithTimeout(context.Background(), 0)
	defer cancel()
	if _, err := q.FirstWithin(ctx, three()); err != ErrNoAnswer {
		t.Errorf("got %v", err)
	}
	q.Drain()
}

func TestRaceChannelReplacedWhilePublishing(t *testing.T) {
	f := NewFeed()
	join := lab.Go(func() { f.Publish(1) })
	lab.Pause()
	f.Reconnect()
	join()
}

func TestRaceChannelReplacedWhileListening(t *testing.T) {
	f := NewFeed()
	f.Publish(1)
	join := lab.Go(func() { f.Next() })
	lab.Pause()
	f.Reconnect()
	join()
}

func TestNoRaceChannelReplacedUnderLock(t *testing.T) {
	f := NewFeed()
	join := lab.Go(func() {
		for i := range 6 {
			f.PublishLocked(i)
		}
	})
	for range 3 {
		f.ReconnectLocked()
	}
	join()
}

func use(s Stack) {
	for range 50 {
		s.Push(&Answer{})
		if conn := s.Pop(); conn != nil {
			conn.Value++
		}
	}
}

func TestRaceStackOfNobody(t *testing.T) {
	s := &Bare{}
	join := lab.Go(func() { s.Push(&Answer{}) })
	lab.Pause()
	s.Pop()
	join()
}

func TestNoRaceStackWithMutex(t *testing.T) {
	s := &Mutexed{}
	join := lab.Go(func() { use(s) })
	use(s)
	join()
}

func TestNoRaceStackInChannel(t *testing.T) {
	s := NewChanneled()
	join := lab.Go(func() { use(s) })
	use(s)
	join()
}
