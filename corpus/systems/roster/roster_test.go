package roster

import (
	"strconv"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// load sums the members' loads, as a status page does.
func load(r *Roster) (sum int) {
	r.Each(func(m Member) bool {
		sum += m.Load
		return true
	})
	return sum
}

func TestRaceUpdateWithoutLock(t *testing.T) {
	r := &Roster{}
	r.HeardLocked("db-1", 3)
	join := lab.Go(func() { load(r) })
	lab.Pause()
	r.Heard("db-1", 4)
	join()
}

func TestRaceAppendWithoutLock(t *testing.T) {
	r := &Roster{}
	r.HeardLocked("db-1", 3)
	join := lab.Go(func() { r.Heard("db-2", 4) })
	lab.Pause()
	load(r)
	join()
}

func TestRaceMemberEscapesTheLock(t *testing.T) {
	r := &Roster{}
	r.HeardLocked("db-1", 3)
	read := lab.NewSignal()
	join := lab.Go(func() {
		lab.Use(r.Find("db-1").Load)
		read.Give()
	})
	read.Await()
	r.HeardLocked("db-1", 4)
	join()
}

func TestRaceLazySingleton(t *testing.T) {
	var g Registry
	join := lab.Go(func() { g.Lazy() })
	lab.Pause()
	g.Lazy()
	join()
}

func TestRaceDoubleCheckedSingleton(t *testing.T) {
	var g Registry
	join := lab.Go(func() { g.DoubleChecked() })
	lab.Pause()
	g.DoubleChecked()
	join()
}

func TestNoRaceBothUnderLock(t *testing.T) {
	r := &Roster{}
	join := lab.Go(func() {
		for i := range 100 {
			r.HeardLocked("db-"+strconv.Itoa(i%10), i)
		}
	})
	for range 100 {
		load(r)
	}
	join()
	if len(r.members) != 10 {
		t.Errorf("%d members", len(r.members))
	}
}

func all(t *testing.T, get func() *Roster) {
	var done sync.WaitGroup
	var found [8]*Roster
	for i := range found {
		done.Add(1)
		go func() {
			defer done.Done()
			found[i] = get()
			found[i].HeardLocked("db-1", i)
		}()
	}
	done.Wait()
	for _, r := range found {
		if r != found[0] {
			t.Error("two rosters")
		}
	}
}

func TestNoRaceOnce(t *testing.T) {
	var g Registry
	all(t, g.Once)
}

func TestNoRaceAtomicSingleton(t *testing.T) {
	var g Registry
	all(t, g.DoubleCheckedAtomically)
}

func TestNoRaceOnceValue(t *testing.T) {
	all(t, sync.OnceValue(func() *Roster { return &Roster{} }))
}
