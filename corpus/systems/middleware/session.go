package middleware

import (
	"net/http"
	"strings"
	"time"
)

// SessionStore finds the user of a token.
type SessionStore struct {
	Latency time.Duration
	Users   map[string]string
}

func (s *SessionStore) lookup(token string) (user string, ok bool) {
	time.Sleep(s.Latency)
	user, ok = s.Users[token]
	return user, ok
}

// Session checks the bearer token and names the user in a header.
type Session struct {
	Store *SessionStore
}

func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, ok := s.Store.lookup(token)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="shop"`)
		w.Header().Set("Cache-Control", "no-store")
		next(w, r)
		return
	}
	w.Header().Set("X-User", user)
	w.Header().Set("Cache-Control", "private")
	next(w, r)
}
