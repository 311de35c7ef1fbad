package timeouts

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

const (
	limit = 10 * time.Millisecond
	slow  = 80 * time.Millisecond
)

// gateway asks once for the flags, through the chain that build makes around
// the proxy, and waits until the proxy has ended, in time or not.
func gateway(t *testing.T, latency time.Duration, build func(http.Handler) http.Handler) *httptest.ResponseRecorder {
	upstream := httptest.NewServer(&FlagService{
		Latency: latency,
		Flags:   map[string]bool{"new-checkout": true},
	})
	defer upstream.Close()
	at, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := NewProxy(at)
	ended := make(chan struct{})
	chain := build(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		proxy.ServeHTTP(w, r)
	}))
	w := httptest.NewRecorder()
	chain.ServeHTTP(w, httptest.NewRequest("GET", "/flags", nil))
	<-ended
	return w
}

// The timeout stands inside another middleware: it answers, the chain goes on,
// and the proxy still copies the flags' headers into the same response.
func TestRaceTimeoutIsNotOutermost(t *testing.T) {
	gateway(t, slow, func(proxy http.Handler) http.Handler {
		return ServedBy("gw-1", Abandoning(limit, proxy))
	})
}

// Outermost does not help while the writer is shared.
func TestRaceOutermostWithTheSameWriter(t *testing.T) {
	left := make(chan struct{})
	gateway(t, slow, func(proxy http.Handler) http.Handler {
		served := ServedBy("gw-1", proxy)
		return Abandoning(limit, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(left)
			served.ServeHTTP(w, r)
		}))
	})
	// Its last write comes after the proxy's end, and is this test's.
	<-left
}

func TestNoRaceAnswerInTime(t *testing.T) {
	w := gateway(t, 0, func(proxy http.Handler) http.Handler {
		return ServedBy("gw-1", Abandoning(10*time.Second, proxy))
	})
	if w.Header().Get("X-Flags-Version") != "17" {
		t.Errorf("header %v", w.Header())
	}
}

func TestNoRaceTimeoutHandlerOutermost(t *testing.T) {
	w := gateway(t, slow, func(proxy http.Handler) http.Handler {
		return http.TimeoutHandler(ServedBy("gw-1", proxy), limit, "timed out")
	})
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("code %d", w.Code)
	}
}

func TestNoRaceBufferedOutermost(t *testing.T) {
	w := gateway(t, slow, func(proxy http.Handler) http.Handler {
		return Buffering(limit, ServedBy("gw-1", proxy))
	})
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("code %d", w.Code)
	}
}

func TestNoRaceBufferedInTime(t *testing.T) {
	w := gateway(t, 0, func(proxy http.Handler) http.Handler {
		return Buffering(10*time.Second, ServedBy("gw-1", proxy))
	})
	if w.Header().Get("X-Served-By") != "gw-1" {
		t.Errorf("header %v", w.Header())
	}
}

func TestNoRaceDeadline(t *testing.T) {
	w := gateway(t, slow, func(proxy http.Handler) http.Handler {
		return ServedBy("gw-1", Deadline(limit, proxy))
	})
	if w.Code != http.StatusBadGateway {
		t.Errorf("code %d", w.Code)
	}
}
