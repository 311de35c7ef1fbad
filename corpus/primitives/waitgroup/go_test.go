//go:build go1.25

package waitgroup

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

func TestRaceGoSiblings(t *testing.T) {
	var wg sync.WaitGroup
	total := 0
	wg.Go(func() { total++ })
	wg.Go(func() {
		lab.Pause()
		total++
	})
	wg.Wait()
}

func TestRaceGoBeforeWait(t *testing.T) {
	var wg sync.WaitGroup
	total := 0
	wg.Go(func() { total++ })
	lab.Pause()
	total++
	wg.Wait()
}

func TestNoRaceGo(t *testing.T) {
	var wg sync.WaitGroup
	var parts [8]int
	for i := range parts {
		wg.Go(func() { parts[i] = i })
	}
	wg.Wait()
	for i := range parts {
		parts[i]++
	}
}
