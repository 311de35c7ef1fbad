// Package waitgroup: Done comes before the Wait that it releases.
package waitgroup

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

func TestRaceWriteAfterDone(t *testing.T) {
	var wg sync.WaitGroup
	var x int
	last := make(chan bool)
	wg.Add(1)
	go func() {
		wg.Done()
		x = 1
		close(last)
	}()
	wg.Wait()
	lab.Pause()
	lab.Use(x)
	<-last
}

// Add inside the goroutine comes too late: Wait finds nothing to wait for.
func TestRaceAddInsideTheGoroutine(t *testing.T) {
	var wg sync.WaitGroup
	var x int
	last := make(chan bool)
	waited := lab.NewSignal()
	go func() {
		waited.Await()
		wg.Add(1)
		x = 1
		wg.Done()
		close(last)
	}()
	wg.Wait()
	waited.Give()
	lab.Use(x)
	<-last
}

func TestRaceAddOneForTwo(t *testing.T) {
	var wg sync.WaitGroup
	var sum int
	last := make(chan bool)
	wg.Add(1)
	go func() {
		sum++
		wg.Done()
	}()
	go func() {
		lab.Pause()
		sum++
		close(last)
	}()
	wg.Wait()
	<-last
}

// Both are released, and nothing orders them with each other.
func TestRaceTwoWaitersWrite(t *testing.T) {
	var wg sync.WaitGroup
	var x int
	wg.Add(1)
	join := lab.Go(func() {
		wg.Wait()
		x++
	})
	wg.Done()
	wg.Wait()
	lab.Pause()
	x++
	join()
}

func TestRaceWorkersShare(t *testing.T) {
	var wg sync.WaitGroup
	total := 0
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if i%2 == 1 {
				lab.Pause()
			}
			total += i
		}()
	}
	wg.Wait()
}

func TestNoRaceWait(t *testing.T) {
	var wg sync.WaitGroup
	var parts [8]int
	for i := range parts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			parts[i] = i
		}()
	}
	wg.Wait()
	for i := range parts {
		parts[i]++
	}
}

func TestNoRaceUsedAgain(t *testing.T) {
	var wg sync.WaitGroup
	var parts [4]int
	for range 20 {
		wg.Add(len(parts))
		for i := range parts {
			go func() {
				parts[i]++
				wg.Done()
			}()
		}
		wg.Wait()
	}
	if parts[3] != 20 {
		t.Fatalf("parts = %v", parts)
	}
}

func TestNoRaceTwoWaitersRead(t *testing.T) {
	var wg sync.WaitGroup
	var x int
	wg.Add(1)
	first := lab.Go(func() {
		wg.Wait()
		lab.Use(x)
	})
	second := lab.Go(func() {
		wg.Wait()
		lab.Use(x)
	})
	x = 1
	wg.Done()
	first()
	second()
}

func TestNoRaceAsLatch(t *testing.T) {
	var ready, done sync.WaitGroup
	var config []string
	ready.Add(1)
	for range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Wait()
			lab.Use(config[0])
		}()
	}
	config = []string{"a"}
	ready.Done()
	done.Wait()
	config[0] = "b"
}

func TestNoRaceAddFromWithin(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	visited := map[int]bool{}
	var visit func(n int)
	visit = func(n int) {
		defer wg.Done()
		mu.Lock()
		visited[n] = true
		mu.Unlock()
		if n < 32 {
			wg.Add(2)
			go visit(2 * n)
			go visit(2*n + 1)
		}
	}
	wg.Add(1)
	go visit(1)
	wg.Wait()
	if len(visited) != 63 {
		t.Fatalf("visited %d nodes, want 63", len(visited))
	}
}
