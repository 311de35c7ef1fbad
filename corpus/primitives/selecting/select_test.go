// Package selecting: only the case that was taken orders anything.
package selecting

import (
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

func TestRaceDefaultOrdersNothing(t *testing.T) {
	var x int
	c := make(chan int)
	join := lab.Go(func() {
		x = 1
		select {
		case c <- 1:
		default:
		}
	})
	lab.Pause()
	select {
	case <-c:
		t.Error("received from nobody")
	default:
	}
	x = 2
	join()
	lab.Use(x)
}

// Both are ready, one is taken: the other goroutine's write is unordered.
func TestRaceOneOfTwoReady(t *testing.T) {
	var left, right int
	l, r := make(chan int, 1), make(chan int, 1)
	joinLeft := lab.Go(func() {
		left = 1
		l <- 1
	})
	joinRight := lab.Go(func() {
		right = 1
		r <- 1
	})
	lab.Pause()
	select {
	case <-l:
	case <-r:
	}
	lab.Use(left + right)
	joinLeft()
	joinRight()
}

// The caller gives up waiting, the worker goes on.
func TestRaceWorkerOutlivesTimeout(t *testing.T) {
	var answer string
	reply := make(chan bool, 1)
	join := lab.Go(func() {
		time.Sleep(80 * time.Millisecond)
		answer = "late"
		reply <- true
	})
	select {
	case <-reply:
	case <-time.After(2 * time.Millisecond):
		answer = "timeout"
	}
	join()
	lab.Use(answer)
}

func TestRaceStopSeenByOneOnly(t *testing.T) {
	var x int
	stop := make(chan int, 1)
	worker := func() {
		for range 4 {
			select {
			case <-stop:
				x++
				return
			default:
				lab.Pause()
			}
		}
		x++
	}
	join := lab.Go(worker)
	stop <- 1
	worker()
	join()
}

func TestNoRaceReceiveCase(t *testing.T) {
	var x int
	c, quit := make(chan int), make(chan int)
	go func() {
		x = 1
		c <- 1
	}()
	select {
	case <-c:
		x = 2
	case <-quit:
	}
	lab.Use(x)
}

func TestNoRaceSendCase(t *testing.T) {
	var x int
	c, other := make(chan int), make(chan int)
	join := lab.Go(func() {
		<-c
		x = 1
	})
	x = 2
	select {
	case c <- 1:
	case other <- 1:
	}
	join()
	lab.Use(x)
}

func TestNoRaceBothInTurn(t *testing.T) {
	var left, right int
	l, r := make(chan int, 1), make(chan int, 1)
	go func() {
		left = 1
		l <- 1
	}()
	go func() {
		right = 1
		r <- 1
	}()
	for range 2 {
		select {
		case <-l:
			left++
		case <-r:
			right++
		}
	}
}

func TestNoRaceBothSidesSelect(t *testing.T) {
	var x int
	c, d := make(chan int), make(chan int)
	join := lab.Go(func() {
		for range 50 {
			select {
			case <-c:
				x++
			case d <- 1:
			}
		}
	})
	for range 50 {
		select {
		case c <- 1:
		case <-d:
			x++
		}
	}
	join()
}

func TestNoRaceClosedCase(t *testing.T) {
	var x int
	done := make(chan struct{})
	work := make(chan int)
	go func() {
		x = 1
		close(done)
	}()
	select {
	case <-done:
		x = 2
	case <-work:
	}
	lab.Use(x)
}

func TestNoRaceOneCaseOnly(t *testing.T) {
	var x int
	c := make(chan int)
	go func() {
		x = 1
		select {
		case c <- 1:
		}
	}()
	select {
	case <-c:
	}
	x = 2
	lab.Use(x)
}

func TestNoRaceDefaultThatReceives(t *testing.T) {
	var x int
	c := make(chan int, 1)
	go func() {
		x = 1
		c <- 1
	}()
	for received := false; !received; {
		select {
		case <-c:
			received = true
		default:
			lab.Pause()
		}
	}
	x = 2
	lab.Use(x)
}

func TestNoRaceNilledCases(t *testing.T) {
	sum := 0
	odd, even := make(chan *int), make(chan *int)
	feed := func(c chan *int, from int) {
		for i := from; i < 40; i += 2 {
			n := i
			c <- &n
		}
		close(c)
	}
	go feed(odd, 1)
	go feed(even, 0)
	for odd != nil || even != nil {
		select {
		case p, ok := <-odd:
			if !ok {
				odd = nil
				continue
			}
			*p++
			sum += *p
		case p, ok := <-even:
			if !ok {
				even = nil
				continue
			}
			*p++
			sum += *p
		}
	}
	if sum != 39*40/2+40 {
		t.Fatalf("sum = %d", sum)
	}
}

func TestNoRaceTimeoutWithOwnAnswer(t *testing.T) {
	reply := make(chan string, 1)
	join := lab.Go(func() {
		time.Sleep(10 * time.Millisecond)
		reply <- "late"
	})
	answer := ""
	select {
	case answer = <-reply:
	case <-time.After(time.Millisecond):
		answer = "timeout"
	}
	lab.Use(answer)
	join()
}
