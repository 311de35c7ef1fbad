// Package goroutine: what the start and the end of a goroutine order.
package goroutine

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

func TestRaceParentWritesAfterStart(t *testing.T) {
	var x int
	done := make(chan struct{})
	go func() {
		x = 1
		close(done)
	}()
	lab.Pause()
	x = 2
	<-done
	lab.Use(x)
}

func TestRaceParentReadsAfterStart(t *testing.T) {
	var x int
	done := make(chan struct{})
	go func() {
		x = 1
		close(done)
	}()
	lab.Pause()
	lab.Use(x)
	<-done
}

func TestRaceChildReadsWhatParentChanges(t *testing.T) {
	var x int
	done := make(chan struct{})
	go func() {
		lab.Pause()
		lab.Use(x)
		close(done)
	}()
	x = 1
	<-done
}

func TestRaceSiblings(t *testing.T) {
	var x int
	first := lab.Go(func() { x++ })
	second := lab.Go(func() {
		lab.Pause()
		x++
	})
	first()
	second()
}

// The child that ends has told nobody so.
func TestRaceEndIsNoSignal(t *testing.T) {
	var x int
	joined := make(chan struct{})
	go func() {
		go func() { x = 1 }()
		lab.Pause()
		close(joined)
	}()
	<-joined
	lab.Pause()
	x = 2
	lab.Use(x)
}

func TestRaceGrandchild(t *testing.T) {
	var x int
	done := make(chan struct{})
	go func() {
		go func() {
			x = 1
			close(done)
		}()
	}()
	lab.Pause()
	x = 2
	<-done
	lab.Use(x)
}

// The join of the child says nothing about the grandchild.
func TestRaceJoinedChildLeavesGrandchild(t *testing.T) {
	var x int
	last := make(chan struct{})
	join := lab.Go(func() {
		go func() {
			x = 1
			close(last)
		}()
	})
	join()
	lab.Pause()
	x = 2
	<-last
	lab.Use(x)
}

type account struct {
	balance int
}

func (a *account) deposit(n int, done *sync.WaitGroup) {
	defer done.Done()
	a.balance += n
}

func TestRaceMethodAsGoroutine(t *testing.T) {
	var a account
	var done sync.WaitGroup
	done.Add(2)
	go a.deposit(10, &done)
	lab.Pause()
	go a.deposit(20, &done)
	done.Wait()
}

func TestRaceArgumentIsPointer(t *testing.T) {
	a := &account{}
	done := make(chan struct{})
	go func(a *account) {
		a.balance = 1
		close(done)
	}(a)
	lab.Pause()
	a.balance = 2
	<-done
}

func TestRaceOneOfMany(t *testing.T) {
	var slots [32]int
	var done sync.WaitGroup
	for i := range slots {
		done.Add(1)
		go func() {
			defer done.Done()
			if i == 20 {
				lab.Pause()
				i = 19
			}
			slots[i]++
		}()
	}
	done.Wait()
}

func TestNoRaceWriteBeforeStart(t *testing.T) {
	x := 1
	join := lab.Go(func() { x++ })
	join()
	x++
}

func TestNoRaceArgumentIsCopy(t *testing.T) {
	a := account{balance: 1}
	done := make(chan struct{})
	go func(a account) {
		a.balance++
		close(done)
	}(a)
	a.balance = 2
	<-done
}

func TestNoRaceChainOfStarts(t *testing.T) {
	var x int
	done := make(chan struct{})
	x = 1
	go func() {
		x++
		go func() {
			x++
			go func() {
				x++
				close(done)
			}()
		}()
	}()
	<-done
	if x != 4 {
		t.Fatalf("x = %d, want 4", x)
	}
}

func TestNoRaceOneSlotEach(t *testing.T) {
	var slots [2000]int
	var done sync.WaitGroup
	for i := range slots {
		done.Add(1)
		go func() {
			defer done.Done()
			slots[i] = i
		}()
	}
	done.Wait()
	for i, n := range slots {
		if n != i {
			t.Fatalf("slots[%d] = %d", i, n)
		}
	}
}

// Goroutines come and go, and whatever a detector keeps for one is used again
// for the next. The orderings must be the new goroutine's.
func TestNoRaceOneAfterTheOther(t *testing.T) {
	var x int
	for range 3000 {
		done := make(chan bool)
		go func() {
			x++
			done <- true
		}()
		<-done
	}
	if x != 3000 {
		t.Fatalf("x = %d, want 3000", x)
	}
}

// A tree of goroutines: each joins its own children before it is joined.
func TestNoRaceTree(t *testing.T) {
	var sum func(low, high int) int
	numbers := make([]int, 512)
	for i := range numbers {
		numbers[i] = i
	}
	sum = func(low, high int) int {
		if high-low == 1 {
			return numbers[low]
		}
		middle := (low + high) / 2
		var left int
		join := lab.Go(func() { left = sum(low, middle) })
		right := sum(middle, high)
		join()
		return left + right
	}
	if got := sum(0, len(numbers)); got != 511*512/2 {
		t.Fatalf("sum = %d", got)
	}
}

// Deep stacks grow and move while the goroutine runs.
func TestNoRaceStackGrows(t *testing.T) {
	var depth func(n int, p *int) int
	depth = func(n int, p *int) int {
		var pad [64]int
		pad[n%64] = *p
		if n == 0 {
			return pad[0]
		}
		*p++
		return depth(n-1, p)
	}
	var done sync.WaitGroup
	for range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			var local int
			depth(2000, &local)
		}()
	}
	done.Wait()
}
