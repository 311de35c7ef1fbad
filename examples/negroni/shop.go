// Package shop puts a session check and github.com/unrolled/secure in front of
// a shop with negroni.
package shop

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/unrolled/secure"
	"github.com/urfave/negroni/v3"
)

// Session looks the bearer token up and says in headers whose session it is.
type Session struct {
	Latency time.Duration
	Users   map[string]string
}

func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	time.Sleep(s.Latency)
	if user, ok := s.Users[token]; ok {
		w.Header().Set("X-User", user)
	} else {
		w.Header().Set("WWW-Authenticate", `Bearer realm="shop"`)
	}
	next(w, r)
}

// Security is what the security team asks for.
func Security() negroni.Handler {
	s := secure.New(secure.Options{
		FrameDeny:             true,
		ContentTypeNosniff:    true,
		ContentSecurityPolicy: "default-src 'self'",
	})
	return negroni.HandlerFunc(s.HandlerFuncWithNext)
}

// SideBySide runs handlers in goroutines of their own, and goes on when all
// have finished. They share the response, and its header is a plain map.
func SideBySide(handlers ...negroni.Handler) negroni.Handler {
	return negroni.HandlerFunc(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		var all sync.WaitGroup
		for _, handler := range handlers {
			all.Add(1)
			go func() {
				defer all.Done()
				handler.ServeHTTP(w, r, func(http.ResponseWriter, *http.Request) {})
			}()
		}
		all.Wait()
		next(w, r)
	})
}

// OwnHeaders runs handlers in goroutines of their own, each with a header of
// its own. The headers are merged when all have finished.
func OwnHeaders(handlers ...negroni.Handler) negroni.Handler {
	return negroni.HandlerFunc(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		var all sync.WaitGroup
		writers := make([]ownHeader, len(handlers))
		for i, handler := range handlers {
			writers[i] = ownHeader{ResponseWriter: w, header: http.Header{}}
			all.Add(1)
			go func() {
				defer all.Done()
				handler.ServeHTTP(&writers[i], r, func(http.ResponseWriter, *http.Request) {})
			}()
		}
		all.Wait()
		for _, own := range writers {
			for key, values := range own.header {
				w.Header()[key] = values
			}
		}
		next(w, r)
	})
}

type ownHeader struct {
	http.ResponseWriter
	header http.Header
}

func (o *ownHeader) Header() http.Header { return o.header }

// New returns the shop behind the handlers.
func New(handlers ...negroni.Handler) http.Handler {
	n := negroni.New(handlers...)
	n.UseHandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("cart of " + w.Header().Get("X-User")))
	})
	return n
}
