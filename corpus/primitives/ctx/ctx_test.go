// Package ctx: cancelling comes before whatever is told of it.
package ctx

import (
	"context"
	"errors"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

type requestID struct{}

func TestRaceWriteAfterCancel(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	join := lab.Go(func() {
		cancel()
		x = 1
	})
	<-c.Done()
	lab.Pause()
	lab.Use(x)
	join()
}

// The deadline is nobody's signal: the worker has not said that it is done.
func TestRaceDeadlineJoinsNobody(t *testing.T) {
	c, cancel := context.WithTimeout(context.Background(), 8*time.Millisecond)
	defer cancel()
	var answer string
	join := lab.Go(func() { answer = "late" })
	<-c.Done()
	lab.Use(answer)
	join()
}

// The one who cancels goes on with what the cancelled still use.
func TestRaceCancelIsNoJoin(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	join := lab.Go(func() {
		<-c.Done()
		x = 1
	})
	cancel()
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

func TestRaceValueIsShared(t *testing.T) {
	c := context.WithValue(context.Background(), requestID{}, map[string]string{})
	tag := func(key string) {
		c.Value(requestID{}).(map[string]string)[key] = "x"
	}
	join := lab.Go(func() { tag("a") })
	lab.Pause()
	tag("b")
	join()
}

func TestRaceAfterFunc(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	last := make(chan bool)
	context.AfterFunc(c, func() {
		x = 1
		close(last)
	})
	cancel()
	lab.Pause()
	x = 2
	<-last
	lab.Use(x)
}

func TestRaceContextVariable(t *testing.T) {
	c := context.Background()
	join := lab.Go(func() { lab.Use(c.Err()) })
	lab.Pause()
	c = context.WithValue(c, requestID{}, 1)
	join()
}

func TestNoRaceDone(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	join := lab.Go(func() {
		x = 1
		cancel()
	})
	<-c.Done()
	x = 2
	lab.Use(x)
	join()
}

func TestNoRaceErrIsPolled(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	join := lab.Go(func() {
		x = 1
		cancel()
	})
	for c.Err() == nil {
		lab.Pause()
	}
	x = 2
	lab.Use(x)
	join()
}

func TestNoRaceCause(t *testing.T) {
	type failure struct {
		error
		attempts int
	}
	c, cancel := context.WithCancelCause(context.Background())
	join := lab.Go(func() {
		cancel(&failure{errors.New("refused"), 3})
	})
	<-c.Done()
	context.Cause(c).(*failure).attempts++
	join()
}

func TestNoRaceAfterFunc(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	last := make(chan bool)
	context.AfterFunc(c, func() {
		x++
		close(last)
	})
	x = 1
	cancel()
	<-last
	lab.Use(x)
}

func TestNoRaceStoppedAfterFunc(t *testing.T) {
	c, cancel := context.WithCancel(context.Background())
	x := 0
	stop := context.AfterFunc(c, func() { x = 1 })
	if !stop() {
		t.Fatal("the function has run")
	}
	cancel()
	x = 2
	lab.Use(x)
}

func TestNoRaceTreeOfContexts(t *testing.T) {
	root, cancel := context.WithCancel(context.Background())
	config := ""
	var joins []func()
	for i := range 4 {
		child, cancelChild := context.WithTimeout(context.WithValue(root, requestID{}, i), time.Hour)
		joins = append(joins, lab.Go(func() {
			defer cancelChild()
			<-child.Done()
			lab.Use(config)
		}))
	}
	config = "stopped"
	cancel()
	for _, join := range joins {
		join()
	}
}

func TestNoRaceWithoutCancel(t *testing.T) {
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), requestID{}, "r1"))
	c := context.WithoutCancel(parent)
	cancel()
	join := lab.Go(func() { lab.Use(c.Value(requestID{}).(string)) })
	lab.Use(c.Value(requestID{}).(string))
	join()
}
