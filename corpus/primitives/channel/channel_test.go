// Package channel: what sending, receiving and closing order, and what they
// leave unordered.
package channel

import (
	"testing"

	"corpus.example/gosan/internal/lab"
)

type job struct {
	id     int
	result string
}

func TestRaceBothWriteAfterHandover(t *testing.T) {
	c := make(chan *job)
	join := lab.Go(func() {
		j := &job{id: 1}
		c <- j
		j.id = 2
	})
	j := <-c
	lab.Pause()
	j.id = 3
	join()
}

func TestRaceSenderReadsAfterSend(t *testing.T) {
	var x int
	c := make(chan bool)
	join := lab.Go(func() {
		c <- true
		lab.Use(x)
	})
	<-c
	lab.Pause()
	x = 1
	join()
}

// A buffered send completes without a receiver.
func TestRaceBufferedSendDoesNotWait(t *testing.T) {
	var x int
	c := make(chan int, 1)
	join := lab.Go(func() {
		x = 1
		<-c
	})
	lab.Pause()
	c <- 0
	x = 2
	join()
	lab.Use(x)
}

// With room for two, two holders are in at once.
func TestRaceSemaphoreOfTwo(t *testing.T) {
	var x int
	semaphore := make(chan int, 2)
	hold := func() {
		semaphore <- 1
		x++
		lab.Pause()
		<-semaphore
	}
	join := lab.Go(hold)
	lab.Pause()
	hold()
	join()
}

func TestRaceWriteAfterClose(t *testing.T) {
	var x int
	c := make(chan bool)
	join := lab.Go(func() {
		close(c)
		x = 1
	})
	<-c
	lab.Pause()
	lab.Use(x)
	join()
}

func TestRaceSendAgainstClose(t *testing.T) {
	c := make(chan int, 1)
	sent := lab.NewSignal()
	join := lab.Go(func() {
		c <- 1
		sent.Give()
	})
	sent.Await()
	close(c)
	join()
}

// That the channel is no longer empty is seen, not synchronised with.
func TestRaceLenIsNoReceive(t *testing.T) {
	var x int
	c := make(chan int, 1)
	join := lab.Go(func() {
		x = 1
		c <- 1
	})
	for len(c) == 0 {
		lab.Pause()
	}
	lab.Use(x)
	join()
}

func TestRaceChannelVariableItself(t *testing.T) {
	var c chan int
	join := lab.Go(func() { c = make(chan int, 1) })
	lab.Pause()
	c = make(chan int, 2)
	join()
	lab.Use(c)
}

func TestRaceRangeWorkersShareTheResult(t *testing.T) {
	jobs := make(chan int, 2)
	jobs <- 1
	jobs <- 2
	var results []int
	work := func() {
		results = append(results, <-jobs)
	}
	first := lab.Go(work)
	second := lab.Go(func() {
		lab.Pause()
		work()
	})
	first()
	second()
}

// Each waits for another channel.
func TestRaceTwoChannels(t *testing.T) {
	var x int
	left, right := make(chan int, 1), make(chan int, 1)
	join := lab.Go(func() {
		x = 1
		left <- 1
	})
	right <- 1
	<-right
	lab.Pause()
	x = 2
	<-left
	join()
	lab.Use(x)
}

// The buffer passes values, and the slice that they point to is still shared.
func TestRaceSliceBehindValue(t *testing.T) {
	c := make(chan []byte, 1)
	join := lab.Go(func() {
		line := []byte("GET / HTTP/1.1")
		c <- line
		line[0] = 'P'
	})
	line := <-c
	lab.Pause()
	lab.Use(string(line))
	join()
}

func TestNoRaceUnbuffered(t *testing.T) {
	var x int
	c := make(chan bool)
	go func() {
		x = 1
		c <- true
	}()
	<-c
	x = 2
	lab.Use(x)
}

// On an unbuffered channel the receive comes before the send completes.
func TestNoRaceReceiveBeforeSendCompletes(t *testing.T) {
	var x int
	c := make(chan bool)
	go func() {
		x = 1
		<-c
	}()
	c <- true
	x = 2
	lab.Use(x)
}

func TestNoRaceBuffered(t *testing.T) {
	c := make(chan *job, 4)
	go func() {
		for i := range 100 {
			c <- &job{id: i}
		}
		close(c)
	}()
	for j := range c {
		j.result = "done"
		j.id++
	}
}

// A slot is free again only once it was received from.
func TestNoRaceSemaphoreOfOne(t *testing.T) {
	var x int
	lock := make(chan int, 1)
	var joins []func()
	for range 8 {
		joins = append(joins, lab.Go(func() {
			for range 50 {
				lock <- 1
				x++
				<-lock
			}
		}))
	}
	for _, join := range joins {
		join()
	}
	if x != 400 {
		t.Fatalf("x = %d, want 400", x)
	}
}

// The k-th receive comes before send k+C: with a ring of three buffers handed
// round, a buffer is free when its slot is.
func TestNoRaceRingOfBuffers(t *testing.T) {
	var ring [4][16]byte
	c := make(chan int, 2)
	join := lab.Go(func() {
		for i := range c {
			lab.Use(ring[i])
		}
	})
	for n := range 200 {
		i := n % len(ring)
		ring[i][n%16] = byte(n)
		c <- i
	}
	close(c)
	join()
}

func TestNoRaceClose(t *testing.T) {
	var config string
	ready := make(chan struct{})
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			<-ready
			lab.Use(config)
		}))
	}
	config = "loaded"
	close(ready)
	for _, join := range joins {
		join()
	}
}

func TestNoRaceReceiveFromClosed(t *testing.T) {
	var x int
	c := make(chan int, 1)
	join := lab.Go(func() {
		c <- 1
		x = 1
		close(c)
	})
	<-c
	if _, ok := <-c; ok {
		t.Fatal("the channel is not closed")
	}
	x = 2
	join()
	lab.Use(x)
}

func TestNoRaceNilChannelIsLeftAlone(t *testing.T) {
	var x int
	var never chan int
	c := make(chan int)
	go func() {
		x = 1
		select {
		case <-never:
		case c <- 1:
		}
	}()
	select {
	case never <- 1:
	case <-c:
	}
	x = 2
	lab.Use(x)
}

// len and cap may be asked at any time.
func TestNoRaceLenAndCap(t *testing.T) {
	c := make(chan int, 8)
	join := lab.Go(func() {
		for i := range 8 {
			c <- i
		}
		close(c)
	})
	for len(c) < cap(c) {
		lab.Pause()
	}
	join()
}

func TestNoRacePingPong(t *testing.T) {
	var x int
	ping, pong := make(chan bool), make(chan bool)
	go func() {
		for range ping {
			x++
			pong <- true
		}
		close(pong)
	}()
	for range 200 {
		x++
		ping <- true
		<-pong
	}
	close(ping)
	<-pong
	if x != 400 {
		t.Fatalf("x = %d, want 400", x)
	}
}

func TestNoRaceRequestReply(t *testing.T) {
	type request struct {
		key   string
		reply chan int
	}
	requests := make(chan request)
	go func() {
		hits := map[string]int{}
		for r := range requests {
			hits[r.key]++
			r.reply <- hits[r.key]
		}
	}()
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			for range 20 {
				r := request{"index", make(chan int)}
				requests <- r
				<-r.reply
			}
		}))
	}
	for _, join := range joins {
		join()
	}
	close(requests)
}

func TestNoRacePipeline(t *testing.T) {
	stage := func(in <-chan *job, f func(*job)) <-chan *job {
		out := make(chan *job)
		go func() {
			defer close(out)
			for j := range in {
				f(j)
				out <- j
			}
		}()
		return out
	}
	source := make(chan *job, 3)
	go func() {
		defer close(source)
		for i := range 50 {
			source <- &job{id: i}
		}
	}()
	doubled := stage(source, func(j *job) { j.id *= 2 })
	named := stage(doubled, func(j *job) { j.result = "ok" })
	n := 0
	for j := range named {
		if j.id != 2*n || j.result != "ok" {
			t.Fatalf("job %d: %+v", n, *j)
		}
		n++
	}
}

// Values as large as this one are copied into and out of the buffer.
func TestNoRaceLargeValues(t *testing.T) {
	type frame struct{ pixels [512]byte }
	c := make(chan frame, 2)
	go func() {
		var f frame
		for i := range 20 {
			f.pixels[i] = byte(i)
			c <- f
		}
		close(c)
	}()
	for f := range c {
		f.pixels[0] = 1
		lab.Use(f)
	}
}

func TestNoRaceChannelOfChannels(t *testing.T) {
	var x int
	meet := make(chan chan int)
	go func() {
		c := <-meet
		x = 1
		c <- 1
	}()
	c := make(chan int, 1)
	meet <- c
	<-c
	x = 2
	lab.Use(x)
}
