// Package loopback: net/http servers and clients over the loopback interface.
package loopback

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"corpus.example/gosan/internal/lab"
)

// together wraps a handler so that n requests are answered together, each
// after its own work is done: none is ordered before another by its answer.
func together(n int, h http.HandlerFunc) http.HandlerFunc {
	var all sync.WaitGroup
	all.Add(n)
	return func(w http.ResponseWriter, r *http.Request) {
		h(w, r)
		all.Done()
		all.Wait()
	}
}

func get(t *testing.T, url string) string {
	resp, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// twice sends two requests at the same time.
func twice(t *testing.T, url string) {
	join := lab.Go(func() { get(t, url) })
	lab.Pause()
	get(t, url)
	join()
}

func TestRaceHandlerCounts(t *testing.T) {
	hits := 0
	server := httptest.NewServer(together(2, func(http.ResponseWriter, *http.Request) {
		hits++
	}))
	defer server.Close()
	twice(t, server.URL)
}

func TestRaceHandlerCaches(t *testing.T) {
	cache := map[string]string{}
	server := httptest.NewServer(together(2, func(_ http.ResponseWriter, r *http.Request) {
		if _, ok := cache[r.URL.Path]; !ok {
			cache[r.URL.Path] = "page"
		}
	}))
	defer server.Close()
	twice(t, server.URL)
}

// The last user's name is kept in the handler for all requests.
type profile struct {
	user string
}

func (p *profile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.user = r.URL.Query().Get("user")
	lab.Pause()
	io.WriteString(w, p.user)
}

func TestRaceStateInHandler(t *testing.T) {
	server := httptest.NewServer(together(2, new(profile).ServeHTTP))
	defer server.Close()
	twice(t, server.URL+"/?user=ann")
}

func TestRaceRequestKeptInBackground(t *testing.T) {
	last := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			lab.Pause()
			lab.Use(r.Header.Get("X-Trace"))
			close(last)
		}()
		r.Header.Set("X-Trace", "handled")
	}))
	defer server.Close()
	get(t, server.URL)
	<-last
}

func TestRaceSharedRequestHeader(t *testing.T) {
	header := http.Header{}
	join := lab.Go(func() { header.Set("Authorization", "a") })
	lab.Pause()
	request, _ := http.NewRequest("GET", "http://127.0.0.1/", nil)
	request.Header = header
	request.Header.Set("Authorization", "b")
	join()
}

func TestNoRaceHandlerCountsAtomically(t *testing.T) {
	var hits atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]int64{"hits": hits.Add(1)})
	}))
	defer server.Close()
	var joins []func()
	for range 4 {
		joins = append(joins, lab.Go(func() {
			for range 5 {
				get(t, server.URL)
			}
		}))
	}
	for _, join := range joins {
		join()
	}
	if hits.Load() != 20 {
		t.Fatalf("%d hits", hits.Load())
	}
}

// One client, one request after the other: the answers order them.
func TestNoRaceRequestsInTurn(t *testing.T) {
	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
	}))
	defer server.Close()
	for range 10 {
		get(t, server.URL)
	}
}

func TestNoRaceBodies(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Write(body)
	}))
	defer server.Close()
	var joins []func()
	for i := range 4 {
		joins = append(joins, lab.Go(func() {
			body := bytes.Repeat([]byte{byte('a' + i)}, 20000)
			resp, err := http.Post(server.URL, "text/plain", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			echo, _ := io.ReadAll(resp.Body)
			if !bytes.Equal(echo, body) {
				t.Error("another body")
			}
			echo[0] = '!'
		}))
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRaceTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto)
	}))
	defer server.Close()
	client := server.Client()
	var joins []func()
	for range 2 {
		joins = append(joins, lab.Go(func() {
			resp, err := client.Get(server.URL)
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}))
	}
	for _, join := range joins {
		join()
	}
}

func TestNoRacePipe(t *testing.T) {
	left, right := net.Pipe()
	x := 0
	join := lab.Go(func() {
		x = 1
		left.Write([]byte("ready"))
		left.Close()
	})
	io.ReadAll(right)
	x++
	join()
}

func TestNoRaceClientGivesUp(t *testing.T) {
	release := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(release)
	}))
	defer server.Close()
	client := http.Client{Timeout: 20e6}
	if _, err := client.Get(server.URL); err == nil {
		t.Fatal("an answer")
	}
	<-release
}
