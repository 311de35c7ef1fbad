package promise

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Price is what the pricing service answers.
type Price struct {
	Cents    int
	Campaign string
}

// Pricing is a service that takes its time.
type Pricing struct {
	Latency time.Duration
	// Answered is called after each answer's callback has ended.
	Answered func()
}

func (p *Pricing) quote(product string) (Price, error) {
	time.Sleep(p.Latency)
	return Price{Cents: 100 * len(product), Campaign: "autumn"}, nil
}

func render(w http.ResponseWriter, product string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Product", product)
	json.NewEncoder(w).Encode(map[string]string{"name": product})
}

// WithCallback sets the price's headers from a callback, while the handler
// goes on with the same response and perhaps has returned.
func (p *Pricing) WithCallback(w http.ResponseWriter, r *http.Request) {
	product := r.URL.Query().Get("product")
	Start(func() (Price, error) { return p.quote(product) }).Then(func(price Price) {
		defer p.Answered()
		w.Header().Set("X-Price", strconv.Itoa(price.Cents))
		w.Header().Set("X-Campaign", price.Campaign)
	})
	render(w, product)
}

// Awaited waits for the price before it sets any header.
func (p *Pricing) Awaited(w http.ResponseWriter, r *http.Request) {
	product := r.URL.Query().Get("product")
	quote := Start(func() (Price, error) { return p.quote(product) })
	price, err := quote.Await()
	if err == nil {
		w.Header().Set("X-Price", strconv.Itoa(price.Cents))
		w.Header().Set("X-Campaign", price.Campaign)
	}
	render(w, product)
	p.Answered()
}

// WithDeadline waits for a while, and takes the price from a channel: the
// callback touches nothing that belongs to the handler.
func (p *Pricing) WithDeadline(w http.ResponseWriter, r *http.Request) {
	product := r.URL.Query().Get("product")
	prices := make(chan Price, 1)
	Start(func() (Price, error) { return p.quote(product) }).Then(func(price Price) {
		defer p.Answered()
		prices <- price
	})
	select {
	case price := <-prices:
		w.Header().Set("X-Price", strconv.Itoa(price.Cents))
	case <-time.After(2 * time.Millisecond):
		w.Header().Set("X-Price", "unknown")
	}
	render(w, product)
}

// lateHeader takes headers until it is closed, and drops them afterwards.
type lateHeader struct {
	mu     sync.Mutex
	closed bool
	w      http.ResponseWriter
}

func (l *lateHeader) set(key, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.w.Header().Set(key, value)
	}
}

func (l *lateHeader) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// DropsLate lets the callback set headers until the handler begins to write.
func (p *Pricing) DropsLate(w http.ResponseWriter, r *http.Request) {
	product := r.URL.Query().Get("product")
	late := &lateHeader{w: w}
	Start(func() (Price, error) { return p.quote(product) }).Then(func(price Price) {
		defer p.Answered()
		late.set("X-Price", strconv.Itoa(price.Cents))
	})
	late.close()
	render(w, product)
}
