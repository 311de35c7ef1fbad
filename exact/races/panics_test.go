package races

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"text/template"

	"exact.example/gosan/lab"
)

type rude struct{}

func (rude) String() string { panic("rude") }

var outOfRange = template.Must(template.New("t").Parse("{{index . 5}}"))

// fall panics at this depth.
//
//go:noinline
func fall(depth int) int {
	if depth == 0 {
		panic("deep enough")
	}
	return fall(depth-1) + 1
}

//go:noinline
func survive() {
	defer func() { _ = recover() }()
	fall(20)
}

// recoverOnce lets one panic be recovered, in one of four ways.
func recoverOnce(t *testing.T, i int) {
	switch i % 4 {
	case 0:
		if _, err := json.Marshal(make(chan int)); err == nil {
			t.Fatal("a channel was encoded")
		}
	case 1:
		if err := outOfRange.Execute(io.Discard, []int{1}); err == nil {
			t.Fatal("an index out of range was executed")
		}
	case 2:
		fmt.Fprint(io.Discard, rude{})
	case 3:
		survive()
	}
}

// After n recovered panics stacks are exact, and memory is what it was after a
// tenth of them.
//
// race: latter < latterCaller < TestRaceAfterPanics | former < formerCaller < TestRaceAfterPanics.func1 < Start.func1
func TestRaceAfterPanics(t *testing.T) {
	n := lab.Distance(20_000)
	var x int64
	var made lab.Mark
	first := lab.Start(func() {
		for i := range n / 2 {
			recoverOnce(t, i)
		}
		formerCaller(&x)
		made.Give()
	})
	made.Await(1)
	for i := range n / 2 {
		if i == n/10 {
			fmt.Printf("resident at first: %d MiB\n", lab.Resident())
		}
		recoverOnce(t, i)
	}
	latterCaller(&x)
	fmt.Printf("resident at last: %d MiB\n", lab.Resident())
	first()
}
