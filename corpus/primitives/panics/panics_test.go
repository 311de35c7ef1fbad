// Package panics: a recovered panic leaves frames without their exits. What
// comes after it must be judged right, and its stacks must be right too: the
// line that starts with "stack:" is what a report has to show.
package panics

import (
	"errors"
	"strings"
	"testing"

	"corpus.example/gosan/internal/lab"
)

//go:noinline
func fail(depth int) {
	if depth == 0 {
		panic("at the bottom")
	}
	fail(depth - 1)
}

//go:noinline
func attempt(depth int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("recovered")
		}
	}()
	fail(depth)
	return nil
}

//go:noinline
func writeAfterOne(p *int) {
	lab.Use(attempt(0))
	*p = 1
}

// stack: writeAfterOne < TestRaceAfterOne.func1 < Go.func1
func TestRaceAfterOne(t *testing.T) {
	x := 0
	join := lab.Go(func() { writeAfterOne(&x) })
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func writeAfterDeep(p *int) {
	lab.Use(attempt(60))
	*p = 1
}

// stack: writeAfterDeep < TestRaceAfterDeep.func1 < Go.func1
func TestRaceAfterDeep(t *testing.T) {
	x := 0
	join := lab.Go(func() { writeAfterDeep(&x) })
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func writeAfterMany(p *int) {
	for range 5000 {
		lab.Use(attempt(20))
	}
	*p = 1
}

// stack: writeAfterMany < TestRaceAfterMany.func1 < Go.func1
func TestRaceAfterMany(t *testing.T) {
	x := 0
	join := lab.Go(func() { writeAfterMany(&x) })
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func writeAfterFault(p *int, nothing *int) {
	func() {
		defer func() { lab.Use(recover()) }()
		*nothing = 1
	}()
	*p = 1
}

// A nil dereference arrives as a signal.
//
// stack: writeAfterFault < TestRaceAfterFault.func1 < Go.func1
func TestRaceAfterFault(t *testing.T) {
	x := 0
	join := lab.Go(func() { writeAfterFault(&x, nil) })
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func writeAfterNested(p *int) {
	func() {
		defer func() { lab.Use(recover()) }()
		defer func() {
			lab.Use(attempt(3))
			panic("again")
		}()
		fail(5)
	}()
	*p = 1
}

// One panic in another's deferred function.
//
// stack: writeAfterNested < TestRaceAfterNested.func1 < Go.func1
func TestRaceAfterNested(t *testing.T) {
	x := 0
	join := lab.Go(func() { writeAfterNested(&x) })
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func writeWhilePanicking(p *int) {
	defer func() { lab.Use(recover()) }()
	defer func() { *p = 1 }()
	fail(2)
}

func TestRaceInDeferredFunction(t *testing.T) {
	x := 0
	join := lab.Go(func() { writeWhilePanicking(&x) })
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func readInMain(p *int) {
	lab.Use(*p)
}

// The goroutine of the test itself recovers, and reads afterwards.
//
// stack: readInMain < TestRaceReaderRecovered
func TestRaceReaderRecovered(t *testing.T) {
	x := 0
	join := lab.Go(func() { x = 1 })
	for range 100 {
		lab.Use(attempt(7))
	}
	lab.Pause()
	readInMain(&x)
	join()
}

// A goroutine started after a recovery says where it was started.
//
// stack: startAfterRecovery < TestRaceStartedAfterRecovery
func TestRaceStartedAfterRecovery(t *testing.T) {
	x := 0
	lab.Use(attempt(9))
	join := startAfterRecovery(&x)
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

//go:noinline
func startAfterRecovery(p *int) (join func()) {
	done := make(chan bool)
	go func() {
		*p = 1
		close(done)
	}()
	return func() { <-done }
}

// The panic is over, and a lock that a deferred call released is released.
func TestNoRaceDeferredUnlock(t *testing.T) {
	lock := make(chan int, 1)
	x := 0
	work := func() {
		defer func() { lab.Use(recover()) }()
		lock <- 1
		defer func() { <-lock }()
		x++
		fail(3)
	}
	join := lab.Go(func() {
		for range 100 {
			work()
		}
	})
	for range 100 {
		work()
	}
	join()
}

func TestNoRaceRecursionAfterRecovery(t *testing.T) {
	var parse func(s string) int
	parse = func(s string) int {
		if s == "" {
			panic("end of input")
		}
		if strings.HasPrefix(s, "(") {
			return 1 + parse(s[1:])
		}
		return 0
	}
	try := func(s string) (depth int, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = errors.New(r.(string))
			}
		}()
		return parse(s), nil
	}
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			for i := range 300 {
				_, err := try(strings.Repeat("(", i%40))
				lab.Use(err)
			}
		}))
	}
	for _, join := range joins {
		join()
	}
}
