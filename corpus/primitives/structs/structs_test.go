// Package structs: a copy reads every field, an assignment writes every field.
package structs

import (
	"testing"

	"corpus.example/gosan/internal/lab"
)

type address struct {
	street string
	number int
}

type user struct {
	name string
	age  int
	address
	tags  [8]string
	admin bool
	guest bool
}

func TestRaceFieldAndCopy(t *testing.T) {
	u := user{name: "ann"}
	join := lab.Go(func() { u.age = 40 })
	lab.Pause()
	v := u
	lab.Use(v)
	join()
}

func TestRaceFieldAndAssignment(t *testing.T) {
	u := &user{name: "ann"}
	join := lab.Go(func() { lab.Use(u.tags[7]) })
	lab.Pause()
	*u = user{name: "bob"}
	join()
}

func TestRaceEmbeddedField(t *testing.T) {
	var u user
	join := lab.Go(func() { u.number = 1 })
	lab.Pause()
	u.address = address{"Main Street", 2}
	join()
}

func TestRaceComparison(t *testing.T) {
	a, b := address{"x", 1}, address{"x", 1}
	join := lab.Go(func() { lab.Use(a == b) })
	lab.Pause()
	a.number = 2
	join()
}

func (u user) label() string { return u.name }

// A value receiver copies the whole struct, though the method reads one field.
func TestRaceValueReceiver(t *testing.T) {
	var u user
	join := lab.Go(func() { u.admin = true })
	lab.Pause()
	lab.Use(u.label())
	join()
}

func TestRacePassedByValue(t *testing.T) {
	u := &user{}
	join := lab.Go(func() { u.guest = true })
	lab.Pause()
	lab.Use(*u)
	join()
}

func TestRaceSentByValue(t *testing.T) {
	u := &user{}
	c := make(chan user, 1)
	join := lab.Go(func() { u.age = 1 })
	lab.Pause()
	c <- *u
	join()
}

func TestRaceReturnedByValue(t *testing.T) {
	u := &user{}
	get := func() user { return *u }
	join := lab.Go(func() { u.tags[2] = "a" })
	lab.Pause()
	v := get()
	lab.Use(v)
	join()
}

func TestRaceSameField(t *testing.T) {
	var u user
	join := lab.Go(func() { u.admin = true })
	lab.Pause()
	u.admin = false
	join()
}

func TestNoRaceDifferentFields(t *testing.T) {
	var u user
	join := lab.Go(func() {
		u.name = "ann"
		u.admin = true
	})
	u.age = 40
	u.guest = true
	u.street = "Main Street"
	join()
}

func TestNoRaceCopies(t *testing.T) {
	u := user{name: "ann"}
	v := u
	join := lab.Go(func() { v.age = 1 })
	u.age = 2
	join()
}

func TestNoRaceReaders(t *testing.T) {
	u := &user{name: "ann"}
	read := func() {
		v := *u
		v.age++
		lab.Use(u.label())
		lab.Use(v == *u)
	}
	join := lab.Go(read)
	read()
	join()
}

func TestNoRaceElements(t *testing.T) {
	users := make([]user, 2)
	join := lab.Go(func() { users[0] = user{name: "ann"} })
	users[1] = user{name: "bob"}
	join()
}
