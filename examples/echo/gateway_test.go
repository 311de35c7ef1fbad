package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	limit = 10 * time.Millisecond
	slow  = 80 * time.Millisecond
)

// ask asks once for the flags, and waits until the proxy has ended, whether or
// not the gateway waited for it.
func ask(t *testing.T, gateway *Gateway, latency time.Duration, middlewares ...echo.MiddlewareFunc) *httptest.ResponseRecorder {
	upstream := httptest.NewServer(&FlagService{Latency: latency})
	defer upstream.Close()
	flags, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	gateway.Flags, gateway.Ended = flags, func() { close(ended) }
	w := httptest.NewRecorder()
	gateway.New(middlewares...).ServeHTTP(w, httptest.NewRequest("GET", "/flags", nil))
	<-ended
	return w
}

// echo documents that Timeout has to be the outermost middleware. Here it is
// not: the one outside uses the response that the handler still has.
func TestRaceTimeoutIsNotOutermost(t *testing.T) {
	ask(t, &Gateway{Patient: true}, slow, ServedBy("gw-1"), Timeout(limit))
}

func TestNoRaceTimeoutOutermost(t *testing.T) {
	w := ask(t, &Gateway{Patient: true}, slow, Timeout(limit), ServedBy("gw-1"))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("code %d", w.Code)
	}
}

func TestNoRaceInTime(t *testing.T) {
	w := ask(t, &Gateway{}, 0, ServedBy("gw-1"), Timeout(10*time.Second))
	if w.Code != http.StatusOK || w.Header().Get("X-Flags-Version") != "17" {
		t.Errorf("code %d, header %v", w.Code, w.Header())
	}
}

func TestNoRaceDeadline(t *testing.T) {
	w := ask(t, &Gateway{}, slow, ServedBy("gw-1"), Deadline(limit))
	if w.Code != http.StatusBadGateway {
		t.Errorf("code %d", w.Code)
	}
}
