package tuned

import (
	"context"
	"sync"
	"testing"
	"time"
)

// The flusher is told to stop and not waited for.  It looks once more at what
// it has to flush; the test that comes after it has long ended.
func TestFlusherOutlivesTest(t *testing.T) {
	stop := make(chan bool)
	var mu sync.Mutex
	buffer := []int{}
	go func() {
		ticker := time.NewTicker(300 * time.Microsecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				mu.Lock()
				buffer = append(buffer, 1)
				mu.Unlock()
			case <-stop:
				buffer = nil
				return
			}
		}
	}()
	time.Sleep(time.Millisecond)
	stop <- true
	time.Sleep(200 * time.Microsecond)
	mu.Lock()
	defer mu.Unlock()
	_ = len(buffer)
}

// Close marks the connection and then frees its buffer, while the reader has
// just looked at the mark.
func TestCloseUnderReader(t *testing.T) {
	var mu sync.Mutex
	open := true
	data := make([]byte, 8)
	gone := make(chan bool)
	go func() {
		defer close(gone)
		for range 3 {
			mu.Lock()
			ok := open
			mu.Unlock()
			if !ok {
				return
			}
			_ = len(data)
			mu.Lock()
			mu.Unlock()
		}
	}()
	time.Sleep(time.Millisecond)
	mu.Lock()
	open = false
	mu.Unlock()
	data = nil
	<-gone
}

// The context's end starts a clean-up beside the one that the caller does.
func TestCancelAndCleanUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	rows := map[int]bool{1: true}
	cleaned := make(chan bool, 1)
	go func() {
		<-ctx.Done()
		mu.Lock()
		n := len(rows)
		mu.Unlock()
		if n > 0 {
			delete(rows, 1)
		}
		mu.Lock()
		mu.Unlock()
		cleaned <- true
	}()
	cancel()
	time.Sleep(time.Millisecond)
	mu.Lock()
	mu.Unlock()
	clear(rows)
}

// AfterFunc's function and Stop's caller both think that it is theirs to close.
func TestStopTooLate(t *testing.T) {
	closed := 0
	var mu sync.Mutex
	timer := time.AfterFunc(3*time.Millisecond, func() {
		mu.Lock()
		mu.Unlock()
		closed++
	})
	time.Sleep(time.Millisecond)
	if !timer.Stop() {
		closed++
	}
}

// A deadline that passes while the answer is on its way: both write the status.
func TestDeadlineAndAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	status := ""
	answered := make(chan bool, 1)
	go func() {
		time.Sleep(500 * time.Microsecond)
		status = "answered"
		answered <- true
	}()
	select {
	case <-answered:
	case <-ctx.Done():
		status = "too late"
	}
	_ = status
}

// The caller gives up after a while and reads what there is.
func TestTimeoutAgainstResult(t *testing.T) {
	result := make(map[string]int)
	done := make(chan bool)
	go func() {
		defer close(done)
		for _, key := range []string{"a", "b", "c"} {
			time.Sleep(200 * time.Microsecond)
			result[key]++
		}
	}()
	select {
	case <-done:
	case <-time.After(8 * time.Millisecond):
	}
	for range result {
	}
}

// Two tries run at the same time only if the first is slow.
func TestHedgedRequest(t *testing.T) {
	winner := ""
	var once sync.Mutex
	answers := make(chan string, 2)
	try := func(name string) {
		time.Sleep(300 * time.Microsecond)
		once.Lock()
		first := winner == ""
		once.Unlock()
		if first {
			winner = name
		}
		answers <- name
	}
	go try("first")
	select {
	case <-answers:
		return
	case <-time.After(4 * time.Millisecond):
	}
	go try("second")
	<-answers
	<-answers
}
