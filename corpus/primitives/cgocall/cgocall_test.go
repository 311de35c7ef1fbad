//go:build cgo

package cgocall

import (
	"testing"

	"corpus.example/gosan/internal/lab"
)

func TestRaceCallback(t *testing.T) {
	x := 0
	join := lab.Go(func() {
		CallBack(func() { x = 1 })
	})
	lab.Pause()
	x = 2
	join()
	lab.Use(x)
}

// Calls into C and back order much by themselves. Here both accesses come after
// the callback has begun, and before either goes through C again.
func TestRaceForeignThread(t *testing.T) {
	x := 0
	begun, written := lab.NewSignal(), lab.NewSignal()
	join := OnThread(func() {
		begun.Give()
		written.Await()
		x = 1
	})
	begun.Await()
	x = 2
	written.Give()
	join()
	lab.Use(x)
}

func TestRaceAfterCall(t *testing.T) {
	numbers := []int32{1, 2, 3}
	join := lab.Go(func() {
		Sum(numbers)
		numbers[0] = 4
	})
	lab.Pause()
	numbers[0] = 5
	join()
}

func TestNoRaceCallbackInOrder(t *testing.T) {
	x := 0
	for range 100 {
		CallBack(func() { x++ })
		x++
	}
	if x != 200 {
		t.Fatalf("x = %d, want 200", x)
	}
}

func TestNoRaceForeignThreadJoined(t *testing.T) {
	x := 0
	for range 20 {
		x++
		join := OnThread(func() { x++ })
		join()
	}
	if x != 40 {
		t.Fatalf("x = %d, want 40", x)
	}
}

func TestNoRaceForeignThreadsWithChannel(t *testing.T) {
	c := make(chan *int, 4)
	var joins []func()
	for range 4 {
		joins = append(joins, OnThread(func() {
			n := new(int)
			*n = 1
			c <- n
		}))
	}
	for range 4 {
		*<-c += 1
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRaceMemoryOfC(t *testing.T) {
	var joins []func()
	for i := range 4 {
		joins = append(joins, lab.Go(func() {
			p := make([]byte, 1000)
			for range 50 {
				Fill(p)
				p[i] = byte(i)
			}
			if Sum([]int32{1, 2, 3}) != 6 {
				t.Error("wrong sum")
			}
		}))
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRaceNestedCalls(t *testing.T) {
	depth := 0
	var down func()
	down = func() {
		depth++
		if depth%10 != 0 {
			CallBack(down)
		}
	}
	join := lab.Go(down)
	join()
	if depth != 10 {
		t.Fatalf("depth = %d, want 10", depth)
	}
}

func TestNoRacePanicThroughC(t *testing.T) {
	x := 0
	try := func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		CallBack(func() {
			x++
			panic("through C")
		})
	}
	for range 10 {
		try()
	}
	lab.Use(x)
}
