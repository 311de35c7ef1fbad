package strcache

import (
	"strconv"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

// busy uses the cache from several goroutines and with a janitor.
func busy(t *testing.T, c Cache) {
	stop := Janitor(c, time.Millisecond)
	var joins []func()
	for g := range 4 {
		joins = append(joins, lab.Go(func() {
			for i := range 100 {
				key := strconv.Itoa(i % 20)
				c.Set(key, strconv.Itoa(g), time.Duration(i%3)*time.Millisecond)
				c.Get(key)
			}
		}))
	}
	for _, join := range joins {
		join()
	}
	stop()
	c.Set("last", "one", time.Hour)
	if v, ok := c.Get("last"); !ok || v != "one" {
		t.Errorf("got %q, %v", v, ok)
	}
}

func TestRaceSetWhileGet(t *testing.T) {
	c := NewPlain()
	c.Set("a", "1", time.Hour)
	join := lab.Go(func() { c.Get("a") })
	lab.Pause()
	c.Set("b", "2", time.Hour)
	join()
}

func TestRaceJanitorSweeps(t *testing.T) {
	c := NewPlain()
	c.Set("a", "1", 0)
	stop := Janitor(c, time.Millisecond)
	for range 10 {
		lab.Pause()
	}
	c.Get("a")
	stop()
}

func TestRaceDeleteUnderReadLock(t *testing.T) {
	c := NewSelfCleaning()
	c.Set("a", "1", 0)
	time.Sleep(time.Millisecond)
	join := lab.Go(func() { c.Get("a") })
	lab.Pause()
	c.Get("b")
	join()
}

func TestNoRaceRWMutex(t *testing.T) { busy(t, NewLocked()) }

func TestNoRaceShards(t *testing.T) { busy(t, NewSharded()) }

func TestNoRaceSyncMap(t *testing.T) { busy(t, &Concurrent{}) }

func TestNoRaceOwner(t *testing.T) {
	c := NewOwned()
	busy(t, c)
	c.Close()
}
