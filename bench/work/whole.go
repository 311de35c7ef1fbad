package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
)

// store is what a small service keeps: orders by number, behind a lock.
type store struct {
	mu     sync.RWMutex
	orders map[int]order
	hits   atomic.Int64
}

func (s *store) put(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.orders[o.ID] = o
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	var id int
	fmt.Sscan(r.PathValue("id"), &id)
	s.mu.RLock()
	o, ok := s.orders[id]
	s.mu.RUnlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.hits.Add(1)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(o)
}

// httpUnderLoad has 16 clients ask a JSON service on the loopback interface,
// in this process as tests do: one request in eight writes.
func httpUnderLoad() int {
	s := &store{orders: map[int]order{}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /order", s.put)
	mux.HandleFunc("GET /order/{id}", s.get)
	server := httptest.NewServer(mux)
	defer server.Close()

	const clients, requests = 16, 400
	for _, o := range someOrders(clients) {
		s.orders[o.ID] = o
	}
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	client := &http.Client{Transport: transport}
	together(clients, func(i int) {
		body, err := json.Marshal(someOrders(clients)[i])
		if err != nil {
			panic(err)
		}
		for n := range requests {
			var response *http.Response
			if n%8 == 0 {
				request, err := http.NewRequest("PUT", server.URL+"/order", bytes.NewReader(body))
				if err != nil {
					panic(err)
				}
				response, err = client.Do(request)
				if err != nil {
					panic(err)
				}
			} else {
				response, err = client.Get(fmt.Sprint(server.URL, "/order/", (i+n)%clients))
				if err != nil {
					panic(err)
				}
			}
			if response.StatusCode >= 300 {
				panic(response.Status)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				panic(err)
			}
			response.Body.Close()
		}
	})
	transport.CloseIdleConnections()
	return int(s.hits.Load())
}
