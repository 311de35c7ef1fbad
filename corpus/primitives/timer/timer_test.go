// Package timer: what starting a timer orders, and what its firing does not.
package timer

import (
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

func TestRaceCallback(t *testing.T) {
	x := 0
	last := make(chan bool)
	time.AfterFunc(time.Millisecond, func() {
		x = 1
		close(last)
	})
	lab.Pause()
	x = 2
	<-last
	lab.Use(x)
}

// The timer's variable is set after the callback may have read it.
func TestRaceTimerVariable(t *testing.T) {
	var timer *time.Timer
	last := make(chan bool)
	timer = time.AfterFunc(0, func() {
		lab.Pause()
		if timer != nil {
			timer.Stop()
		}
		close(last)
	})
	<-last
}

// Stop that comes too late does not wait for the callback.
func TestRaceStopIsNoJoin(t *testing.T) {
	x := 0
	last := make(chan bool)
	running := lab.NewSignal()
	timer := time.AfterFunc(0, func() {
		x = 1
		running.Give()
		time.Sleep(20 * time.Millisecond)
		close(last)
	})
	running.Await()
	timer.Stop()
	lab.Use(x)
	<-last
}

func TestRaceTwoCallbacks(t *testing.T) {
	x := 0
	last := make(chan bool, 2)
	count := func() {
		x++
		time.Sleep(10 * time.Millisecond)
		last <- true
	}
	time.AfterFunc(0, count)
	time.AfterFunc(4*time.Millisecond, count)
	<-last
	<-last
}

func TestRaceTickerReaders(t *testing.T) {
	ticks := 0
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	join := lab.Go(func() {
		<-ticker.C
		ticks++
	})
	lab.Pause()
	<-ticker.C
	ticks++
	join()
}

func TestRaceSleepIsNoOrder(t *testing.T) {
	x := 0
	join := lab.Go(func() { x = 1 })
	time.Sleep(20 * time.Millisecond)
	lab.Use(x)
	join()
}

func TestNoRaceWriteBeforeStart(t *testing.T) {
	x := 0
	x = 1
	last := make(chan bool)
	time.AfterFunc(time.Millisecond, func() {
		x++
		close(last)
	})
	<-last
	lab.Use(x)
}

// Stop that came in time: the callback will never run.
func TestNoRaceStoppedInTime(t *testing.T) {
	x := 0
	timer := time.AfterFunc(time.Hour, func() { x = 1 })
	if !timer.Stop() {
		t.Fatal("an hour has passed")
	}
	x = 2
	lab.Use(x)
}

func TestNoRaceWriteBeforeReset(t *testing.T) {
	x := 0
	last := make(chan bool)
	timer := time.AfterFunc(time.Hour, func() {
		x++
		close(last)
	})
	timer.Stop()
	x = 1
	timer.Reset(time.Millisecond)
	<-last
	lab.Use(x)
}

func TestNoRaceOneGoroutineTicks(t *testing.T) {
	ticks := 0
	ticker := time.NewTicker(time.Millisecond)
	join := lab.Go(func() {
		for range 4 {
			<-ticker.C
			ticks++
		}
	})
	join()
	ticker.Stop()
	lab.Use(ticks)
}

func TestNoRaceAfter(t *testing.T) {
	x := 1
	<-time.After(time.Millisecond)
	x++
	lab.Use(x)
}

// Each callback starts the next: one chain, always in order.
func TestNoRaceChainOfCallbacks(t *testing.T) {
	n := 0
	last := make(chan bool)
	var step func()
	step = func() {
		n++
		if n == 5 {
			close(last)
			return
		}
		time.AfterFunc(time.Millisecond, step)
	}
	time.AfterFunc(0, step)
	<-last
	lab.Use(n)
}

func TestNoRaceManyTimers(t *testing.T) {
	var slots [64]int
	last := make(chan int, len(slots))
	for i := range slots {
		slots[i] = i
		time.AfterFunc(time.Duration(i%5)*time.Millisecond, func() {
			slots[i]++
			last <- i
		})
	}
	for range slots {
		slots[<-last]++
	}
}
