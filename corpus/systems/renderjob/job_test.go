package renderjob

import (
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// The go statement copies the job while another goroutine lays it out.
func TestRaceCopiedWhileChanged(t *testing.T) {
	job := New("annual report")
	var done sync.WaitGroup
	done.Add(1)
	join := lab.Go(func() { job.Margins[pages-1] = 7 })
	lab.Pause()
	go job.Render(0, 8, &done)
	done.Wait()
	join()
}

// Each goroutine has its copy, and all have the same counter.
func TestRaceCounterThroughPointer(t *testing.T) {
	job := New("annual report")
	var done sync.WaitGroup
	done.Add(2)
	go job.Render(0, 8, &done)
	lab.Pause()
	go job.Render(8, 16, &done)
	done.Wait()
}

func TestRaceProgressBarReads(t *testing.T) {
	job := New("annual report")
	var done sync.WaitGroup
	done.Add(1)
	go job.Render(0, 8, &done)
	lab.Pause()
	lab.Use(*job.Done)
	done.Wait()
}

func TestRacePointerReceiverWhileChanged(t *testing.T) {
	job := New("annual report")
	var done sync.WaitGroup
	done.Add(1)
	go job.RenderCounted(0, pages, &done)
	lab.Pause()
	job.Widths[pages/2] = 3
	done.Wait()
}

func TestNoRaceAtomicCounter(t *testing.T) {
	job := New("annual report")
	var done sync.WaitGroup
	for first := 0; first < pages; first += 64 {
		done.Add(1)
		go job.RenderCounted(first, first+64, &done)
	}
	lab.Use(job.Rendered.Load())
	done.Wait()
	if n := job.Rendered.Load(); n != pages {
		t.Errorf("%d pages", n)
	}
}

// Changing the original after the go statement does not touch the copy.
func TestNoRaceChangedAfterTheCopy(t *testing.T) {
	job := New("annual report")
	var done sync.WaitGroup
	done.Add(1)
	go job.Render(0, pages, &done)
	job.Scale = 2
	job.Widths = [pages]int{}
	done.Wait()
}

func TestNoRaceSnapshot(t *testing.T) {
	g := &Guarded{job: New("annual report")}
	join := lab.Go(func() {
		for scale := range 50 {
			g.Resize(scale)
		}
	})
	var done sync.WaitGroup
	for range 4 {
		copied := g.Snapshot()
		copied.Done = new(int)
		done.Add(1)
		go copied.Render(0, 64, &done)
	}
	done.Wait()
	join()
}
