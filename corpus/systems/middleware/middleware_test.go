package middleware

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func links() []Handler {
	return []Handler{
		&Session{Store: &SessionStore{
			Latency: 8 * time.Millisecond,
			Users:   map[string]string{"t0": "ann"},
		}},
		&Secure{FrameOptions: "DENY", ContentPolicy: "default-src 'self'"},
	}
}

func endpoint(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "cart of "+w.Header().Get("X-User"))
}

func request() *http.Request {
	r := httptest.NewRequest("GET", "/cart", nil)
	r.Header.Set("Authorization", "Bearer t0")
	return r
}

// Both links write one header map, each in its own goroutine.
func TestRaceLinksSideBySide(t *testing.T) {
	chain := NewChain(endpoint, Parallel(links()))
	w := httptest.NewRecorder()
	chain.ServeHTTP(w, request())
	if w.Body.String() != "cart of ann" {
		t.Errorf("body %q", w.Body)
	}
}

func TestRaceLinksSideBySideOnTheWire(t *testing.T) {
	server := httptest.NewServer(NewChain(endpoint, Parallel(links())))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestNoRaceLinksInSequence(t *testing.T) {
	server := httptest.NewServer(NewChain(endpoint, links()...))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("X-Frame-Options") != "DENY" {
		t.Error("no X-Frame-Options")
	}
}

func TestNoRaceGuardedHeader(t *testing.T) {
	chain := NewChain(endpoint, GuardedParallel(links()))
	w := httptest.NewRecorder()
	chain.ServeHTTP(w, request())
	if w.Body.String() != "cart of ann" || w.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("header %v, body %q", w.Header(), w.Body)
	}
}
