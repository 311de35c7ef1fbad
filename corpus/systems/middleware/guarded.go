package middleware

import (
	"net/http"
	"sync"
)

// Guarded is a link behind which every handler gets a writer with a header of
// its own. The headers are merged under a lock when a handler is done.
type Guarded struct {
	Inner Handler
}

func (g *Guarded) ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	guard, ok := w.(*headerGuard)
	if !ok {
		guard = &headerGuard{ResponseWriter: w}
	}
	own := &ownHeader{ResponseWriter: guard, header: http.Header{}}
	g.Inner.ServeHTTP(own, r, func(http.ResponseWriter, *http.Request) {})
	guard.merge(own.header)
	next(w, r)
}

type headerGuard struct {
	http.ResponseWriter
	mu sync.Mutex
}

func (g *headerGuard) merge(h http.Header) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, values := range h {
		g.Header()[key] = values
	}
}

type ownHeader struct {
	http.ResponseWriter
	header http.Header
}

func (o *ownHeader) Header() http.Header { return o.header }

// GuardedParallel runs links side by side, each behind a guard of one writer.
type GuardedParallel []Handler

func (p GuardedParallel) ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	guard := &headerGuard{ResponseWriter: w}
	links := make(Parallel, len(p))
	for i, link := range p {
		links[i] = &Guarded{Inner: link}
	}
	links.ServeHTTP(guard, r, func(http.ResponseWriter, *http.Request) {})
	next(w, r)
}
