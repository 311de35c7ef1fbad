// Package ordered mirrors ../races: the same pairs, the same distances, and an
// order between the two accesses of each. Nothing may be reported.
package ordered

import (
	"encoding/json"
	"sync"
	"testing"

	"exact.example/gosan/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

func others(n int) {
	for range n {
		lab.Start(func() {})()
	}
}

func TestNoRaceGoroutinesSinceItEnded(t *testing.T) {
	x := 0
	lab.Start(func() { x = 1 })()
	others(lab.Distance(1000))
	x = 2
	lab.Use(x)
}

// The lock hands the order over, many goroutines later.
func TestNoRaceGoroutinesWhileItLives(t *testing.T) {
	x := 0
	var mu sync.Mutex
	var made, end lab.Mark
	first := lab.Start(func() {
		mu.Lock()
		x = 1
		mu.Unlock()
		made.Give()
		end.Await(1)
	})
	made.Await(1)
	others(lab.Distance(1000))
	mu.Lock()
	x = 2
	lab.Use(x)
	mu.Unlock()
	end.Give()
	first()
}

// A lock that an ended goroutine released last still hands over what that one
// knew, whatever became of its place in the clocks.
func TestNoRaceOldLockAfterManyGoroutines(t *testing.T) {
	x := 0
	var mu sync.Mutex
	var wrote, passed lab.Mark
	end := make(chan struct{})
	writer := lab.Start(func() {
		mu.Lock()
		x = 1
		mu.Unlock()
		wrote.Give()
		<-end
	})
	wrote.Await(1)
	lab.Start(func() {
		mu.Lock()
		mu.Unlock()
		passed.Give()
	})
	passed.Await(1)
	lab.Settle()
	others(lab.Distance(1000))
	mu.Lock()
	x = 2
	lab.Use(x)
	mu.Unlock()
	close(end)
	writer()
}

func TestNoRaceGoroutinesAlive(t *testing.T) {
	n := lab.Distance(1000)
	slots := make([]int, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	done.Add(n)
	release := make(chan struct{})
	for i := range n {
		go func() {
			defer done.Done()
			slots[i] = i
			ready.Done()
			<-release
			lab.Use(slots[(i+1)%n])
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
	for i := range n {
		slots[i] = 0
	}
}

func TestNoRaceAccessesSince(t *testing.T) {
	n := lab.Distance(1 << 20)
	x := 0
	noise := make([]int, 1<<16)
	given := make(chan bool)
	first := lab.Start(func() {
		x = 1
		for i := range n {
			noise[i%len(noise)] = i
		}
		given <- true
	})
	<-given
	x = 2
	lab.Use(x)
	for i := range noise {
		noise[i] = 0
	}
	first()
}

func TestNoRaceLocksSince(t *testing.T) {
	var mu sync.Mutex
	x, y := 0, 0
	n := lab.Distance(200_000)
	work := func() {
		for range n / 2 {
			mu.Lock()
			x++
			mu.Unlock()
		}
	}
	first := lab.Start(func() {
		y = 1
		work()
	})
	work()
	first()
	y = 2
	lab.Use(y)
	if x != n/2*2 {
		t.Fatalf("x = %d", x)
	}
}

func TestNoRaceAccessors(t *testing.T) {
	x := 0
	var joins []func()
	for range lab.Distance(64) {
		joins = append(joins, lab.Start(func() { lab.Use(x) }))
	}
	for _, join := range joins {
		join()
	}
	x = 2
	lab.Use(x)
}

func TestNoRaceSubwordNeighbours(t *testing.T) {
	var word [8]byte
	var joins []func()
	for i := range word {
		joins = append(joins, lab.Start(func() {
			for range 1000 {
				word[i]++
			}
		}))
	}
	for _, join := range joins {
		join()
	}
	for i := range word {
		word[i] = 0
	}
}

// Two ranges that meet in the middle of a word, and a byte beside both.
func TestNoRaceRangesThatMeet(t *testing.T) {
	n := lab.Distance(4096)
	to, from := make([]byte, 2*n+9), make([]byte, 2*n+9)
	half := n + 3
	first := lab.Start(func() { copy(to[:half], from) })
	second := lab.Start(func() { copy(to[half+1:], from) })
	to[half] = 1
	first()
	second()
	copy(to, from)
}

func TestNoRaceAfterPanics(t *testing.T) {
	x := 0
	work := func() {
		for range lab.Distance(20_000) {
			if _, err := json.Marshal(make(chan int)); err == nil {
				t.Error("a channel was encoded")
			}
		}
	}
	first := lab.Start(func() {
		work()
		x = 1
	})
	work()
	first()
	x = 2
	lab.Use(x)
}

func TestNoRaceCrowd(t *testing.T) {
	n := lab.Distance(10_000)
	shared := map[int]int{}
	var mu sync.Mutex
	var here lab.Mark
	var done sync.WaitGroup
	end := make(chan struct{})
	done.Add(n)
	for i := range n {
		go func() {
			defer done.Done()
			mu.Lock()
			shared[i%64]++
			here.Give()
			mu.Unlock()
			<-end
			mu.Lock()
			shared[i%64]--
			mu.Unlock()
		}()
	}
	here.Await(n)
	close(end)
	done.Wait()
	if len(shared) != 64 {
		t.Fatalf("%d keys", len(shared))
	}
}
