package shop

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func session() *Session {
	return &Session{Latency: 8 * time.Millisecond, Users: map[string]string{"t0": "ann"}}
}

func ask(t *testing.T, shop http.Handler) (body string, header http.Header) {
	server := httptest.NewServer(shop)
	defer server.Close()
	r, err := http.NewRequest("GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer t0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all), resp.Header
}

func TestRaceSideBySide(t *testing.T) {
	ask(t, New(SideBySide(session(), Security())))
}

func TestNoRaceInSequence(t *testing.T) {
	body, header := ask(t, New(session(), Security()))
	if body != "cart of ann" || header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("header %v, body %q", header, body)
	}
}

func TestNoRaceOwnHeaders(t *testing.T) {
	body, header := ask(t, New(OwnHeaders(session(), Security())))
	if body != "cart of ann" || header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("header %v, body %q", header, body)
	}
}
