//go:build race

// Package annotate: code that tells the detector itself what is ordered, as a
// library with its own locks does.
package annotate

import (
	"runtime"
	"testing"
	"unsafe"

	"corpus.example/gosan/internal/lab"
)

// hidden passes a token from one goroutine to another behind the detector's
// back: the order is real, and the detector is not told of it.
type hidden chan int

func newHidden() hidden { return make(hidden, 1) }

func (h hidden) pass() {
	runtime.RaceDisable()
	h <- 1
	runtime.RaceEnable()
}

func (h hidden) take() {
	runtime.RaceDisable()
	<-h
	runtime.RaceEnable()
}

func TestRaceDisabledChannel(t *testing.T) {
	x := 0
	token := newHidden()
	join := lab.Go(func() {
		x = 1
		token.pass()
	})
	token.take()
	x = 2
	join()
	lab.Use(x)
}

// RaceDisable hides synchronisation, not the accesses themselves.
func TestRaceAccessWhileDisabled(t *testing.T) {
	x := 0
	join := lab.Go(func() {
		runtime.RaceDisable()
		x = 1
		runtime.RaceEnable()
	})
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

func TestRaceDisableNests(t *testing.T) {
	x := 0
	c := make(chan int, 1)
	join := lab.Go(func() {
		x = 1
		runtime.RaceDisable()
		runtime.RaceDisable()
		runtime.RaceEnable()
		c <- 1
		runtime.RaceEnable()
	})
	<-c
	x = 2
	join()
	lab.Use(x)
}

func TestRaceAnnotatedAccesses(t *testing.T) {
	p := unsafe.Pointer(new(int))
	join := lab.Go(func() { runtime.RaceWrite(p) })
	lab.Pause()
	runtime.RaceRead(p)
	join()
}

func TestRaceAnnotatedRanges(t *testing.T) {
	buf := make([]byte, 256)
	join := lab.Go(func() { runtime.RaceWriteRange(unsafe.Pointer(&buf[0]), 200) })
	lab.Pause()
	runtime.RaceReadRange(unsafe.Pointer(&buf[100]), 150)
	join()
}

func TestRaceAnnotatedRangeAgainstByte(t *testing.T) {
	buf := make([]byte, 256)
	join := lab.Go(func() { runtime.RaceReadRange(unsafe.Pointer(&buf[3]), 100) })
	lab.Pause()
	buf[77] = 1
	join()
}

func TestRaceAcquireOfAnother(t *testing.T) {
	x := 0
	var left, right int
	token := newHidden()
	join := lab.Go(func() {
		x = 1
		runtime.RaceRelease(unsafe.Pointer(&left))
		token.pass()
	})
	token.take()
	runtime.RaceAcquire(unsafe.Pointer(&right))
	x = 2
	join()
	lab.Use(x)
}

// Release replaces what the address stood for: the first one is forgotten.
func TestRaceReleaseReplaces(t *testing.T) {
	x, lock := 0, 0
	addr := unsafe.Pointer(&lock)
	first, second := newHidden(), newHidden()
	joinFirst := lab.Go(func() {
		x = 1
		runtime.RaceRelease(addr)
		first.pass()
	})
	joinSecond := lab.Go(func() {
		first.take()
		runtime.RaceRelease(addr)
		second.pass()
	})
	second.take()
	runtime.RaceAcquire(addr)
	x = 2
	joinFirst()
	joinSecond()
	lab.Use(x)
}

func TestNoRaceAcquireRelease(t *testing.T) {
	x, lock := 0, 0
	addr := unsafe.Pointer(&lock)
	token := newHidden()
	join := lab.Go(func() {
		x = 1
		runtime.RaceRelease(addr)
		token.pass()
	})
	token.take()
	runtime.RaceAcquire(addr)
	x = 2
	join()
	lab.Use(x)
}

func TestNoRaceReleaseMergeKeepsBoth(t *testing.T) {
	x, y, lock := 0, 0, 0
	addr := unsafe.Pointer(&lock)
	first, second := newHidden(), newHidden()
	joinFirst := lab.Go(func() {
		x = 1
		runtime.RaceReleaseMerge(addr)
		first.pass()
	})
	joinSecond := lab.Go(func() {
		first.take()
		y = 1
		runtime.RaceReleaseMerge(addr)
		second.pass()
	})
	second.take()
	runtime.RaceAcquire(addr)
	x, y = 2, 2
	joinFirst()
	joinSecond()
	lab.Use(x + y)
}

func TestNoRaceAnnotatedReads(t *testing.T) {
	buf := make([]byte, 64)
	p := unsafe.Pointer(&buf[0])
	join := lab.Go(func() { runtime.RaceReadRange(p, 64) })
	runtime.RaceRead(p)
	lab.Use(buf[5])
	join()
}

func TestNoRaceRangesThatTouch(t *testing.T) {
	buf := make([]byte, 64)
	join := lab.Go(func() { runtime.RaceWriteRange(unsafe.Pointer(&buf[0]), 33) })
	runtime.RaceWriteRange(unsafe.Pointer(&buf[33]), 31)
	join()
}

func TestNoRaceEnabledAgain(t *testing.T) {
	x := 0
	c := make(chan int)
	join := lab.Go(func() {
		runtime.RaceDisable()
		runtime.RaceEnable()
		x = 1
		c <- 1
	})
	<-c
	x = 2
	join()
	lab.Use(x)
}

func TestNoRaceErrorsAreCounted(t *testing.T) {
	if n := runtime.RaceErrors(); n < 0 {
		t.Fatalf("%d errors", n)
	}
}
