package races

import (
	"sync"
	"testing"

	"exact.example/gosan/lab"
)

// A crowd of goroutines that are all alive at once. Each uses what they share
// under a lock; every thousandth also writes a word without it, which the main
// goroutine then writes too. Every one of these words must be reported: run
// with GORACE=suppress_equal_stacks=0.
//
// race: latter < latterCaller < TestRaceCrowd | former < formerCaller < TestRaceCrowd.func1 < TestRaceCrowd.gowrap1
func TestRaceCrowd(t *testing.T) {
	n := lab.Distance(10_000)
	const each = 1000
	words := make([]int64, (n+each-1)/each)
	shared := map[int]int{}
	var mu sync.Mutex
	var here lab.Mark
	var done sync.WaitGroup
	end := make(chan struct{})
	member := func(i int) {
		defer done.Done()
		if i%each == 0 {
			formerCaller(&words[i/each])
		}
		mu.Lock()
		shared[i%64]++
		here.Give()
		mu.Unlock()
		<-end
		mu.Lock()
		shared[i%64]--
		mu.Unlock()
	}
	done.Add(n)
	for i := range n {
		go member(i)
	}
	here.Await(n)
	for i := range words {
		latterCaller(&words[i])
	}
	close(end)
	done.Wait()
	for _, count := range shared {
		if count != 0 {
			t.Fatal("the lock did not work")
		}
	}
}
