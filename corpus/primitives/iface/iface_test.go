// Package iface: an interface value is two words, and is read as a whole.
package iface

import (
	"errors"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type store interface {
	get(key string) string
}

type memory map[string]string

func (m memory) get(key string) string { return m[key] }

type remote struct {
	address string
	calls   int
}

func (r *remote) get(key string) string {
	r.calls++
	return r.address + key
}

func TestRaceInterfaceVariable(t *testing.T) {
	var s store = memory{}
	join := lab.Go(func() { s.get("a") })
	lab.Pause()
	s = &remote{}
	join()
}

// The same type, another value: one of the two words changes.
func TestRaceSecondWordOnly(t *testing.T) {
	var s store = &remote{address: "a"}
	join := lab.Go(func() { s = &remote{address: "b"} })
	lab.Pause()
	s = &remote{address: "c"}
	join()
	lab.Use(s)
}

func TestRaceErrorVariable(t *testing.T) {
	var err error
	join := lab.Go(func() { err = errors.New("refused") })
	lab.Pause()
	if err != nil {
		lab.Use(err)
	}
	join()
}

func TestRaceTypeSwitch(t *testing.T) {
	var v any = 1
	join := lab.Go(func() {
		switch v.(type) {
		case int:
		case string:
		}
	})
	lab.Pause()
	v = "one"
	join()
}

func TestRaceThroughMethod(t *testing.T) {
	var s store = &remote{}
	join := lab.Go(func() { s.get("a") })
	lab.Pause()
	s.get("b")
	join()
}

func TestRaceFunctionVariable(t *testing.T) {
	hook := func() {}
	join := lab.Go(func() { hook() })
	lab.Pause()
	hook = func() { lab.Use("changed") }
	join()
}

func TestRaceInterfaceOfStruct(t *testing.T) {
	type pair struct{ left, right any }
	p := pair{1, 2}
	join := lab.Go(func() { p.right = "two" })
	lab.Pause()
	q := p
	lab.Use(q)
	join()
}

func TestNoRaceReaders(t *testing.T) {
	var s store = memory{"a": "b"}
	join := lab.Go(func() { s.get("a") })
	s.get("a")
	join()
}

func TestNoRaceHandedOver(t *testing.T) {
	c := make(chan store, 2)
	go func() {
		c <- memory{"a": "b"}
		c <- &remote{}
		close(c)
	}()
	for s := range c {
		s.get("a")
	}
}

// The value in the interface is a copy.
func TestNoRaceBoxedCopy(t *testing.T) {
	n := [4]int{1, 2, 3, 4}
	var v any = n
	join := lab.Go(func() { lab.Use(v.([4]int)[2]) })
	n[2] = 5
	lab.Use(n)
	join()
}

func TestNoRaceErrorEach(t *testing.T) {
	errs := make([]error, 2)
	join := lab.Go(func() { errs[0] = errors.New("a") })
	errs[1] = errors.New("b")
	join()
	if errors.Join(errs...) == nil {
		t.Fatal("no error")
	}
}
