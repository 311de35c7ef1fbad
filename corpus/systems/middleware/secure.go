package middleware

import "net/http"

// Secure sets the headers that the security team asks for.
type Secure struct {
	FrameOptions  string
	ContentPolicy string
}

func (s *Secure) ServeHTTP(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if s.FrameOptions != "" {
		h.Set("X-Frame-Options", s.FrameOptions)
	}
	if s.ContentPolicy != "" {
		h.Set("Content-Security-Policy", s.ContentPolicy)
	}
	h.Set("Cache-Control", "no-cache")
	next(w, r)
}
