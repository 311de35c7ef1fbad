// Package renderjob renders pages of a report in the background. A job holds
// all its pages, and is too large to be copied by accident.
package renderjob

import (
	"sync"
	"sync/atomic"
)

const pages = 512

// Job is one report.
type Job struct {
	Title   string
	Widths  [pages]int
	Margins [pages]int
	Scale   int
	// Done counts rendered pages, for the progress bar. Copies of the job share it.
	Done *int
	// Rendered counts the same, atomically.
	Rendered *atomic.Int64
}

// New returns a job with its counters.
func New(title string) *Job {
	return &Job{Title: title, Scale: 1, Done: new(int), Rendered: new(atomic.Int64)}
}

// Render has a value receiver: to call it is to copy the whole job.
func (j Job) Render(first, last int, done *sync.WaitGroup) {
	defer done.Done()
	for page := first; page < last; page++ {
		_ = (j.Widths[page] - j.Margins[page]) * j.Scale
		*j.Done++
	}
}

// RenderCounted counts what it has rendered atomically.
func (j *Job) RenderCounted(first, last int, done *sync.WaitGroup) {
	defer done.Done()
	for page := first; page < last; page++ {
		_ = (j.Widths[page] - j.Margins[page]) * j.Scale
		j.Rendered.Add(1)
	}
}

// Guarded is a job that is changed and copied under a lock.
type Guarded struct {
	mu  sync.Mutex
	job *Job
}

// Resize changes the scale.
func (g *Guarded) Resize(scale int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.job.Scale = scale
}

// Snapshot returns a copy of the job as it is now.
func (g *Guarded) Snapshot() Job {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *g.job
}
