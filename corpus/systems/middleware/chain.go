// Package middleware is the front of a shop's API: a chain of handlers in the
// manner of negroni, each of which may set headers on the one response.
package middleware

import (
	"net/http"
	"sync"
)

// Handler is a link of the chain.
type Handler interface {
	ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc)
}

// Chain calls its links one after the other, and the endpoint last.
type Chain struct {
	links    []Handler
	endpoint http.HandlerFunc
}

// NewChain returns a chain that ends in the endpoint.
func NewChain(endpoint http.HandlerFunc, links ...Handler) *Chain {
	return &Chain{links: links, endpoint: endpoint}
}

func (c *Chain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.serve(0, w, r)
}

func (c *Chain) serve(i int, w http.ResponseWriter, r *http.Request) {
	if i == len(c.links) {
		c.endpoint(w, r)
		return
	}
	c.links[i].ServeHTTP(w, r, func(w http.ResponseWriter, r *http.Request) {
		c.serve(i+1, w, r)
	})
}

// Parallel is a link that runs other links side by side "to hide the latency
// of the session store", and goes on when all have finished.
type Parallel []Handler

func (p Parallel) ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	var all sync.WaitGroup
	for _, link := range p {
		all.Add(1)
		go func() {
			defer all.Done()
			link.ServeHTTP(w, r, func(http.ResponseWriter, *http.Request) {})
		}()
	}
	all.Wait()
	next(w, r)
}
