package main

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// A step looks at the request and sets headers of the response.
type step func(http.Header, *http.Request)

// inParallel runs all steps at the same time, to hide the session store's
// latency. They write one header, which is a plain map.
func inParallel(next http.Handler, steps ...step) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		var all sync.WaitGroup
		for _, s := range steps {
			all.Add(1)
			go func() {
				defer all.Done()
				s(header, r)
			}()
		}
		all.Wait()
		next.ServeHTTP(w, r)
	})
}

// inSequence runs the steps one after the other.
func inSequence(next http.Handler, steps ...step) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, s := range steps {
			s(w.Header(), r)
		}
		next.ServeHTTP(w, r)
	})
}

type sessionStore struct {
	latency time.Duration
	users   map[string]string
}

// headers checks the bearer token and names its user.
func (s *sessionStore) headers(h http.Header, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	time.Sleep(s.latency)
	if user, ok := s.users[token]; ok {
		h.Set("X-User", user)
		h.Set("Cache-Control", "private")
		return
	}
	h.Set("WWW-Authenticate", `Bearer realm="storefront"`)
}

func securityHeaders(h http.Header, r *http.Request) {
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'self'")
}
