//go:build go1.25

package bubble

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"corpus.example/gosan/internal/lab"
)

func TestRaceFakeSleepIsNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := 0
		go func() {
			time.Sleep(time.Second)
			x = 1
		}()
		time.Sleep(2 * time.Second)
		x = 2
		lab.Use(x)
	})
}

func TestRaceSiblingsInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := 0
		go func() { x++ }()
		go func() {
			time.Sleep(time.Second)
			x++
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}

func TestNoRaceWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := 0
		go func() { x = 1 }()
		synctest.Wait()
		x = 2
		lab.Use(x)
	})
}

func TestNoRaceDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		calls := 0
		go func() {
			every := time.NewTicker(25 * time.Second)
			defer every.Stop()
			for {
				select {
				case <-every.C:
					calls++
				case <-c.Done():
					return
				}
			}
		}()
		<-c.Done()
		synctest.Wait()
		if calls != 2 {
			t.Errorf("calls = %d, want 2", calls)
		}
	})
}

func TestNoRaceBubbleEndsInOrder(t *testing.T) {
	x := 0
	synctest.Test(t, func(t *testing.T) {
		go func() {
			runtime.Gosched()
			x = 1
		}()
	})
	x++
	lab.Use(x)
}
