// Package closure: captured variables, of loops and of functions.
package closure

import (
	"errors"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// A loop over a variable of the function shares it between iterations.
func TestRaceLoopVariableOutside(t *testing.T) {
	var i int
	var done sync.WaitGroup
	for i = 0; i < 3; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			lab.Use(i)
		}()
		lab.Pause()
	}
	done.Wait()
}

func fetch() error { return errors.New("refused") }

// One err for the function and for the goroutine: "=" where ":=" was meant.
func TestRaceErrIsShared(t *testing.T) {
	err := fetch()
	join := lab.Go(func() {
		err = fetch()
	})
	lab.Pause()
	if err = fetch(); err == nil {
		t.Error("no error")
	}
	join()
}

func answer(started chan<- func()) (n int) {
	started <- lab.Go(func() { n = 1 })
	lab.Pause()
	return 2
}

func TestRaceNamedResult(t *testing.T) {
	started := make(chan func(), 1)
	lab.Use(answer(started))
	(<-started)()
}

func TestRaceDeferredClosure(t *testing.T) {
	x := 0
	var join func()
	func() {
		defer func() {
			lab.Pause()
			x = 2
		}()
		join = lab.Go(func() { x = 1 })
	}()
	join()
	lab.Use(x)
}

type server struct{ state string }

func (s *server) start() { s.state = "started" }
func (s *server) stop()  { s.state = "stopped" }

func TestRaceMethodValues(t *testing.T) {
	var s server
	start, stop := s.start, s.stop
	join := lab.Go(start)
	lab.Pause()
	stop()
	join()
}

func TestRaceGenerator(t *testing.T) {
	counter := func() func() int {
		n := 0
		return func() int {
			n++
			return n
		}
	}
	next := counter()
	join := lab.Go(func() { next() })
	lab.Pause()
	next()
	join()
}

func TestRaceIteratorBody(t *testing.T) {
	total := 0
	each := func(yield func(int) bool) {
		for i := range 3 {
			if !yield(i) {
				return
			}
		}
	}
	join := lab.Go(func() {
		for i := range each {
			total += i
		}
	})
	lab.Pause()
	for i := range each {
		total += i
	}
	join()
}

func TestNoRaceLoopVariable(t *testing.T) {
	var done sync.WaitGroup
	for i := 0; i < 8; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			lab.Use(i)
		}()
	}
	for name := range map[string]int{"a": 1, "b": 2} {
		done.Add(1)
		go func() {
			defer done.Done()
			lab.Use(name)
		}()
	}
	done.Wait()
}

func TestNoRaceOwnErr(t *testing.T) {
	err := fetch()
	join := lab.Go(func() {
		err := fetch()
		lab.Use(err)
	})
	if err = fetch(); err == nil {
		t.Error("no error")
	}
	join()
}

func TestNoRaceOneGeneratorEach(t *testing.T) {
	counter := func() func() int {
		n := 0
		return func() int {
			n++
			return n
		}
	}
	join := lab.Go(func() { counter()() })
	counter()()
	join()
}

func TestNoRaceCapturedByValue(t *testing.T) {
	x := 1
	y := x
	join := lab.Go(func() { lab.Use(y) })
	x = 2
	lab.Use(x)
	join()
}
