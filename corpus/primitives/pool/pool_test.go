// Package pool: Put comes before the Get that returns the same object.
package pool

import (
	"bytes"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// again puts b and gets until the pool hands b out again. Under the race
// detector a pool drops some of what it is given, so that may take a while.
func again(t *testing.T, p *sync.Pool, b *bytes.Buffer) *bytes.Buffer {
	for range 1000 {
		p.Put(b)
		if got := p.Get(); got == b {
			return b
		}
	}
	t.Skip("the pool never returned the object")
	return nil
}

func newBuffer() any { return new(bytes.Buffer) }

func TestRaceUseAfterPut(t *testing.T) {
	pool := sync.Pool{New: newBuffer}
	stale := pool.Get().(*bytes.Buffer)
	fresh := again(t, &pool, stale)
	join := lab.Go(func() { fresh.WriteString("of the next request") })
	lab.Pause()
	stale.WriteString("of the last request")
	join()
}

// Bytes() shares the buffer's array, which goes back with the buffer.
func TestRaceBytesKeptAfterPut(t *testing.T) {
	pool := sync.Pool{New: newBuffer}
	buf := pool.Get().(*bytes.Buffer)
	buf.WriteString("answer")
	body := buf.Bytes()
	buf.Reset()
	next := again(t, &pool, buf)
	join := lab.Go(func() { next.WriteString("secret") })
	lab.Pause()
	lab.Use(string(body))
	join()
}

func TestRaceNewReturnsTheSame(t *testing.T) {
	only := new(bytes.Buffer)
	pool := sync.Pool{New: func() any { return only }}
	write := func() { pool.Get().(*bytes.Buffer).WriteByte('a') }
	join := lab.Go(write)
	lab.Pause()
	write()
	join()
}

func TestNoRacePutThenGet(t *testing.T) {
	pool := sync.Pool{New: newBuffer}
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			for range 200 {
				b := pool.Get().(*bytes.Buffer)
				b.Reset()
				b.WriteString("line")
				pool.Put(b)
			}
		}))
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRaceCopyBeforePut(t *testing.T) {
	pool := sync.Pool{New: newBuffer}
	buf := pool.Get().(*bytes.Buffer)
	buf.WriteString("answer")
	body := bytes.Clone(buf.Bytes())
	buf.Reset()
	next := again(t, &pool, buf)
	join := lab.Go(func() { next.WriteString("secret") })
	lab.Use(string(body))
	join()
}
