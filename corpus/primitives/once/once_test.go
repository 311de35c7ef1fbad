// Package once: whoever returns from Do sees what was done.
package once

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

func TestRaceReadWithoutDo(t *testing.T) {
	var once sync.Once
	var config map[string]string
	join := lab.Go(func() {
		once.Do(func() { config = map[string]string{"a": "b"} })
	})
	lab.Pause()
	lab.Use(config)
	join()
}

func TestRaceOncePerObject(t *testing.T) {
	type client struct {
		once sync.Once
	}
	var shared string
	connect := func(c *client) {
		c.once.Do(func() { shared = "connected" })
	}
	join := lab.Go(func() { connect(&client{}) })
	lab.Pause()
	connect(&client{})
	join()
	lab.Use(shared)
}

func TestRaceChangedAfterDo(t *testing.T) {
	var once sync.Once
	n := 0
	use := func() {
		once.Do(func() { n = 1 })
		n++
	}
	join := lab.Go(use)
	lab.Pause()
	use()
	join()
}

func TestRaceOnceValueSharesItsMap(t *testing.T) {
	cache := sync.OnceValue(func() map[string]int { return map[string]int{} })
	join := lab.Go(func() { cache()["a"] = 1 })
	lab.Pause()
	cache()["b"] = 2
	join()
}

func TestRaceGoroutineStartedInDo(t *testing.T) {
	var once sync.Once
	x := 0
	last := make(chan bool)
	load := func() {
		once.Do(func() {
			go func() {
				x = 1
				close(last)
			}()
		})
	}
	load()
	lab.Pause()
	lab.Use(x)
	<-last
}

func TestNoRaceDo(t *testing.T) {
	var once sync.Once
	var config map[string]string
	get := func() string {
		once.Do(func() { config = map[string]string{"a": "b"} })
		return config["a"]
	}
	var joins []func()
	for range 8 {
		joins = append(joins, lab.Go(func() { get() }))
	}
	get()
	for _, join := range joins {
		join()
	}
}

// Those who come while Do is running wait for it.
func TestNoRaceDoIsRunning(t *testing.T) {
	var once sync.Once
	x := 0
	do := func() {
		once.Do(func() {
			lab.Pause()
			x = 1
		})
		lab.Use(x)
	}
	join := lab.Go(do)
	do()
	join()
}

func TestNoRaceOnceFunc(t *testing.T) {
	x := 0
	init := sync.OnceFunc(func() { x = 1 })
	join := lab.Go(func() {
		init()
		lab.Use(x)
	})
	init()
	lab.Use(x)
	join()
}

func TestNoRaceOnceValues(t *testing.T) {
	load := sync.OnceValues(func() ([]string, error) {
		return []string{"a", "b"}, nil
	})
	read := func() {
		rows, err := load()
		if err != nil || len(rows) != 2 {
			t.Error("not loaded")
		}
	}
	first, second := lab.Go(read), lab.Go(read)
	first()
	second()
}

// Do that panics has still been done.
func TestNoRaceDoPanics(t *testing.T) {
	var once sync.Once
	x := 0
	try := func() {
		defer func() { lab.Use(recover()) }()
		once.Do(func() {
			x = 1
			panic("no configuration")
		})
	}
	join := lab.Go(func() {
		try()
		lab.Use(x)
	})
	try()
	lab.Use(x)
	join()
}
