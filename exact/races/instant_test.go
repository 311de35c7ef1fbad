package races

import (
	"runtime"
	"testing"

	"exact.example/gosan/lab"
)

// A meeting lets two goroutines, each on its own processor, go on at the same
// moment. The detector does not see it.
type meeting struct{ at [2]int }

//go:norace
//go:noinline
func (m *meeting) come(who, round int) {
	m.at[who] = round
	for spins := 0; m.at[1-who] < round; spins++ {
		if spins > 10_000 {
			// Only one processor is there for both.
			runtime.Gosched()
		}
	}
}

// Two goroutines write each word at the same moment, without an order. Every
// word must be reported: run with GORACE=suppress_equal_stacks=0.
//
// race: latter < latterCaller < TestRaceSameInstant | former < formerCaller < TestRaceSameInstant.func1 < Start.func1
func TestRaceSameInstant(t *testing.T) {
	words := make([]int64, lab.Distance(1000))
	var both meeting
	first := lab.Start(func() {
		for i := range words {
			both.come(0, i+1)
			formerCaller(&words[i])
		}
	})
	for i := range words {
		both.come(1, i+1)
		latterCaller(&words[i])
	}
	first()
}
