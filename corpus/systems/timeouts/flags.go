// Package timeouts is a gateway: behind its middlewares a reverse proxy serves
// feature flags from another service, which is sometimes slow.
package timeouts

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// FlagService answers with the flags of a client, after a while.
type FlagService struct {
	Latency time.Duration
	Flags   map[string]bool
}

func (s *FlagService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.Latency)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Flags-Version", "17")
	json.NewEncoder(w).Encode(s.Flags)
}

// NewProxy passes requests on to the flag service.
func NewProxy(upstream *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			w.Header().Set("X-Proxy-Error", "upstream")
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

// ServedBy names the instance, once the handler behind it has returned.
func ServedBy(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Gateway", name)
		next.ServeHTTP(w, r)
		w.Header().Set("X-Served-By", name)
	})
}
