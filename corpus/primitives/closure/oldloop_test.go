//go:build go1.21

package closure

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// The line at the top makes this file Go 1.21, where one loop variable serves
// all iterations.
func TestRaceLoopVariableOfOldGo(t *testing.T) {
	var done sync.WaitGroup
	for i := 0; i < 3; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			lab.Use(i)
		}()
		lab.Pause()
	}
	done.Wait()
}

func TestNoRaceLoopVariableCopied(t *testing.T) {
	var done sync.WaitGroup
	for i := 0; i < 8; i++ {
		i := i
		done.Add(1)
		go func() {
			defer done.Done()
			lab.Use(i)
		}()
	}
	done.Wait()
}
