// Package reflection: accesses and synchronisation made through reflect.
package reflection

import (
	"reflect"
	"testing"

	"corpus.example/gosan/internal/lab"
)

type options struct {
	Name    string
	Retries int
	Tags    []string
}

func TestRaceSetField(t *testing.T) {
	var o options
	v := reflect.ValueOf(&o).Elem()
	join := lab.Go(func() { v.Field(1).SetInt(3) })
	lab.Pause()
	lab.Use(o.Retries)
	join()
}

func TestRaceGetField(t *testing.T) {
	var o options
	v := reflect.ValueOf(&o).Elem()
	join := lab.Go(func() { lab.Use(v.FieldByName("Name").String()) })
	lab.Pause()
	o.Name = "a"
	join()
}

func TestRaceSetWhole(t *testing.T) {
	var o options
	join := lab.Go(func() { reflect.ValueOf(&o).Elem().Set(reflect.ValueOf(options{Retries: 1})) })
	lab.Pause()
	o.Tags = nil
	join()
}

func TestRaceMapIndex(t *testing.T) {
	m := map[string]int{"a": 1}
	v := reflect.ValueOf(m)
	join := lab.Go(func() { v.SetMapIndex(reflect.ValueOf("b"), reflect.ValueOf(2)) })
	lab.Pause()
	lab.Use(m["a"])
	join()
}

func TestRaceMapIteration(t *testing.T) {
	m := map[string]int{"a": 1}
	join := lab.Go(func() {
		for it := reflect.ValueOf(m).MapRange(); it.Next(); {
			lab.Use(it.Key())
		}
	})
	lab.Pause()
	m["b"] = 2
	join()
}

func TestRaceCopy(t *testing.T) {
	s := make([]int, 20)
	join := lab.Go(func() {
		reflect.Copy(reflect.ValueOf(s), reflect.ValueOf([]int{1, 2, 3, 4, 5}))
	})
	lab.Pause()
	lab.Use(s[3])
	join()
}

func TestRaceSwapper(t *testing.T) {
	s := []int{1, 2, 3}
	swap := reflect.Swapper(s)
	join := lab.Go(func() { swap(0, 2) })
	lab.Pause()
	s[2] = 4
	join()
}

func TestRaceDeepEqual(t *testing.T) {
	a, b := &options{Tags: []string{"a"}}, &options{Tags: []string{"a"}}
	join := lab.Go(func() { lab.Use(reflect.DeepEqual(a, b)) })
	lab.Pause()
	b.Tags[0] = "b"
	join()
}

func TestRaceCall(t *testing.T) {
	n := 0
	inc := reflect.ValueOf(func() { n++ })
	join := lab.Go(func() { inc.Call(nil) })
	lab.Pause()
	inc.Call(nil)
	join()
}

func TestRaceMakeFunc(t *testing.T) {
	calls := 0
	var f func(int) int
	made := reflect.MakeFunc(reflect.TypeOf(f), func(args []reflect.Value) []reflect.Value {
		calls++
		return args
	})
	f = made.Interface().(func(int) int)
	join := lab.Go(func() { f(1) })
	lab.Pause()
	f(2)
	join()
}

func TestNoRaceChannel(t *testing.T) {
	x := 0
	c := make(chan int)
	v := reflect.ValueOf(c)
	go func() {
		x = 1
		v.Send(reflect.ValueOf(1))
	}()
	v.Recv()
	x = 2
	lab.Use(x)
}

func TestNoRaceSelect(t *testing.T) {
	x := 0
	c, d := make(chan int), make(chan int)
	go func() {
		x = 1
		d <- 1
	}()
	reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(d)},
	})
	x = 2
	lab.Use(x)
}

func TestNoRaceFields(t *testing.T) {
	var o options
	v := reflect.ValueOf(&o).Elem()
	join := lab.Go(func() { v.Field(0).SetString("a") })
	v.Field(1).SetInt(1)
	join()
}

func TestNoRaceTypesAreShared(t *testing.T) {
	read := func() {
		typ := reflect.TypeOf(options{})
		for i := range typ.NumField() {
			lab.Use(typ.Field(i).Name)
		}
		reflect.New(typ).Elem().Field(1).SetInt(2)
	}
	join := lab.Go(read)
	read()
	join()
}
