package tuned

import (
	"sync"
	"testing"
	"time"
)

// The producer looks whether the queue is closed, lets go of the lock, and
// sends.  Close may come between.
func TestCloseAgainstSend(t *testing.T) {
	var mu sync.Mutex
	closed := false
	queue := make(chan int, 1)
	gone := make(chan bool)
	go func() {
		defer close(gone)
		defer func() { _ = recover() }()
		mu.Lock()
		ok := !closed
		mu.Unlock()
		if ok {
			queue <- 1
		}
		mu.Lock()
		mu.Unlock()
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	closed = true
	mu.Unlock()
	close(queue)
	<-gone
}

// A buffered channel used as a semaphore hands its slot to the next before the
// state is written.
func TestSlotGivenBackEarly(t *testing.T) {
	slot := make(chan bool, 1)
	balance := 0
	done := make(chan bool, 2)
	pay := func(n int) {
		slot <- true
		v := balance
		<-slot
		balance = v + n
		slot <- true
		<-slot
		done <- true
	}
	go pay(1)
	time.Sleep(time.Millisecond)
	go pay(2)
	<-done
	<-done
}

// The answer is put together after it was announced.
func TestAnnouncedTooEarly(t *testing.T) {
	type answer struct{ body string }
	var current answer
	ready := make(chan bool, 1)
	sent := make(chan bool, 1)
	go func() {
		ready <- true
		current.body = "ok"
		sent <- true
	}()
	<-ready
	time.Sleep(time.Millisecond)
	select {
	case <-sent:
		_ = current.body
	default:
		_ = current.body
	}
}

// A queue that is full drops the item, and the counter of drops is nobody's.
func TestDropWhenFull(t *testing.T) {
	queue := make(chan int, 2)
	dropped := 0
	var consumers, producers sync.WaitGroup
	consumers.Add(1)
	go func() {
		defer consumers.Done()
		for range queue {
		}
	}()
	for range 2 {
		producers.Add(1)
		go func() {
			defer producers.Done()
			for i := range 4 {
				time.Sleep(200 * time.Microsecond)
				select {
				case queue <- i:
				default:
					dropped++
				}
			}
		}()
	}
	producers.Wait()
	close(queue)
	consumers.Wait()
}

// Two sources are merged; who is last to see its source end closes the output
// and writes the summary, which the other may still be writing to.
func TestMergeSummary(t *testing.T) {
	left, right := make(chan int, 1), make(chan int, 1)
	out := make(chan int, 4)
	summary := ""
	go func() {
		for left != nil || right != nil {
			select {
			case v, ok := <-left:
				if !ok {
					left = nil
					continue
				}
				out <- v
			case v, ok := <-right:
				if !ok {
					right = nil
					continue
				}
				out <- v
			}
		}
		close(out)
		summary += "merged"
	}()
	left <- 1
	right <- 2
	close(left)
	close(right)
	n := 0
	for range out {
		n++
	}
	time.Sleep(500 * time.Microsecond)
	summary += "read"
}
