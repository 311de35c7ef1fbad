// Kernels: small programs with a race that only some schedules bring out.
// ../README.md says how they are made and judged.
package tuned

import (
	"errors"
	"sync"
	"testing"
	"time"
)

var errRefused = errors.New("refused")

// Both steps assign to the err of the function around them.  The second starts
// when the first has long ended, and a lock that both use for counting orders
// them then.
func TestCapturedErr(t *testing.T) {
	var mu sync.Mutex
	steps := 0
	count := func() {
		mu.Lock()
		defer mu.Unlock()
		steps++
	}
	var err error
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		err = errRefused
		count()
	}()
	go func() {
		defer wg.Done()
		time.Sleep(2 * time.Millisecond)
		count()
		err = nil
	}()
	wg.Wait()
	_ = err
}

// The loop's variable is declared outside the loop.  Each goroutine says that
// it has begun, but reads the variable only then.
func TestCapturedIndex(t *testing.T) {
	var i int
	begun := make(chan bool, 3)
	var mu sync.Mutex
	sum := 0
	var wg sync.WaitGroup
	for i = 0; i < 3; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			sum += i
			mu.Unlock()
			begun <- true
		}()
		select {
		case <-begun:
		case <-time.After(3 * time.Millisecond):
		}
	}
	wg.Wait()
}

// The buffer is used again as soon as a line is taken from the channel, and the
// goroutine that prints may not have read it yet.
func TestCapturedBuffer(t *testing.T) {
	lines := make(chan []byte, 1)
	printed := make(chan int, 8)
	go func() {
		total := 0
		for line := range lines {
			total += int(line[0])
			printed <- total
		}
		close(printed)
	}()
	buffer := make([]byte, 1)
	for n := range 3 {
		buffer[0] = byte(n)
		lines <- buffer
		time.Sleep(time.Millisecond)
		select {
		case <-printed:
		default:
		}
	}
	close(lines)
	for range printed {
	}
}

// A retry changes the request that the first attempt still uses.
func TestCapturedRetry(t *testing.T) {
	type request struct{ attempt int }
	r := &request{}
	answers := make(chan int, 2)
	send := func() {
		time.Sleep(500 * time.Microsecond)
		answers <- r.attempt
	}
	go send()
	select {
	case <-answers:
	case <-time.After(5 * time.Millisecond):
		r.attempt++
		go send()
		<-answers
	}
}
