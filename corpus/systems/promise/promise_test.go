package promise

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

// serve asks the handler once, and waits until the pricing service has been
// heard, whether or not the handler waited for it.
func serve(latency time.Duration, handler func(*Pricing) http.HandlerFunc) *httptest.ResponseRecorder {
	answered := make(chan bool)
	pricing := &Pricing{Latency: latency, Answered: func() { close(answered) }}
	w := httptest.NewRecorder()
	join := lab.Go(func() {
		handler(pricing)(w, httptest.NewRequest("GET", "/?product=lamp", nil))
	})
	<-answered
	join()
	return w
}

func TestRaceCallbackWhileHandlerGoesOn(t *testing.T) {
	answered := make(chan bool)
	pricing := &Pricing{Latency: 0, Answered: func() { close(answered) }}
	slow := func(w http.ResponseWriter, r *http.Request) {
		pricing.WithCallback(w, r)
		time.Sleep(10 * time.Millisecond)
		w.Header().Set("X-Served-By", "web-1")
	}
	w := httptest.NewRecorder()
	slow(w, httptest.NewRequest("GET", "/?product=lamp", nil))
	<-answered
}

func TestRaceCallbackAfterHandlerReturned(t *testing.T) {
	answered := make(chan bool)
	pricing := &Pricing{Latency: 10 * time.Millisecond, Answered: func() { close(answered) }}
	server := httptest.NewServer(http.HandlerFunc(pricing.WithCallback))
	defer server.Close()
	resp, err := http.Get(server.URL + "/?product=lamp")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	<-answered
}

func TestNoRaceAwaited(t *testing.T) {
	w := serve(3*time.Millisecond, func(p *Pricing) http.HandlerFunc { return p.Awaited })
	if w.Header().Get("X-Price") != "400" {
		t.Errorf("header %v", w.Header())
	}
}

func TestNoRacePriceThroughChannel(t *testing.T) {
	serve(0, func(p *Pricing) http.HandlerFunc { return p.WithDeadline })
	w := serve(15*time.Millisecond, func(p *Pricing) http.HandlerFunc { return p.WithDeadline })
	if w.Header().Get("X-Price") == "" {
		t.Errorf("header %v", w.Header())
	}
}

func TestNoRaceLateHeadersAreDropped(t *testing.T) {
	serve(0, func(p *Pricing) http.HandlerFunc { return p.DropsLate })
	serve(5*time.Millisecond, func(p *Pricing) http.HandlerFunc { return p.DropsLate })
}
