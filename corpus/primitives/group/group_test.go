package group

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"corpus.example/gosan/internal/lab"
)

var errRefused = errors.New("refused")

func TestRaceAppendResults(t *testing.T) {
	g, _ := WithContext(context.Background(), 4)
	var sizes []int
	for i := range 2 {
		g.Go(func() error {
			if i == 1 {
				lab.Pause()
			}
			sizes = append(sizes, i)
			return nil
		})
	}
	g.Wait()
}

func TestRaceOneErrForAll(t *testing.T) {
	g, _ := WithContext(context.Background(), 4)
	var err error
	for i := range 2 {
		g.Go(func() error {
			if i == 1 {
				lab.Pause()
			}
			err = errRefused
			return err
		})
	}
	g.Wait()
}

// The context ends at the first error; the others still run.
func TestRaceReadAtCancel(t *testing.T) {
	g, ctx := WithContext(context.Background(), 4)
	done := 0
	g.Go(func() error { return errRefused })
	g.Go(func() error {
		<-ctx.Done()
		lab.Pause()
		done++
		return nil
	})
	<-ctx.Done()
	lab.Use(done)
	g.Wait()
}

func TestRaceMapOfResults(t *testing.T) {
	g, _ := WithContext(context.Background(), 2)
	sizes := map[string]int{}
	for i, name := range []string{"a", "b"} {
		g.Go(func() error {
			if i == 1 {
				lab.Pause()
			}
			sizes[name] = len(name)
			return nil
		})
	}
	g.Wait()
}

func TestNoRaceIndexedResults(t *testing.T) {
	g, _ := WithContext(context.Background(), 3)
	sizes := make([]int, 20)
	for i := range sizes {
		g.Go(func() error {
			sizes[i] = i
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	sizes[0]++
}

func TestNoRaceFirstError(t *testing.T) {
	type failure struct {
		error
		part int
	}
	g, ctx := WithContext(context.Background(), 8)
	for i := range 8 {
		g.Go(func() error { return &failure{errRefused, i} })
	}
	err := g.Wait()
	err.(*failure).part++
	if context.Cause(ctx) != err {
		t.Fatal("another cause")
	}
}

func TestNoRaceLockedResults(t *testing.T) {
	g, _ := WithContext(context.Background(), 4)
	var mu sync.Mutex
	var total atomic.Int64
	found := map[int]bool{}
	for i := range 40 {
		g.Go(func() error {
			total.Add(int64(i))
			mu.Lock()
			defer mu.Unlock()
			found[i] = true
			return nil
		})
	}
	g.Wait()
	if len(found) != 40 || total.Load() != 780 {
		t.Fatal("results are missing")
	}
}

// A limit of one runs them in turn.
func TestNoRaceLimitOfOne(t *testing.T) {
	g, _ := WithContext(context.Background(), 1)
	total := 0
	for i := range 40 {
		g.Go(func() error {
			total += i
			return nil
		})
	}
	g.Wait()
	if total != 780 {
		t.Fatalf("total = %d", total)
	}
}
