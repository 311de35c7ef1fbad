// Command service is a storefront's API as it may stand in production: it
// works, its tests pass, and once a week it dies of "fatal error: concurrent
// map writes". With -fixed it is the same service without its two races.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	demo := flag.Duration("demo", time.Second, "send requests to itself for this long and stop; 0 serves until interrupted")
	fixed := flag.Bool("fixed", false, "run the repaired service")
	flag.Parse()
	if err := run(*listen, *demo, *fixed); err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

func run(listen string, demo time.Duration, fixed bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	handler, reload := storefront(fixed)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	var background sync.WaitGroup
	background.Add(2)
	go func() {
		defer background.Done()
		server.Serve(listener)
	}()
	go func() {
		defer background.Done()
		every(ctx, 20*time.Millisecond, reload)
	}()

	fmt.Println("serving on", listener.Addr())
	if demo > 0 {
		served := drive(ctx, "http://"+listener.Addr().String(), demo)
		fmt.Println("answered", served, "requests")
		stop()
	}
	<-ctx.Done()
	err = server.Close()
	background.Wait()
	return err
}

// storefront returns the service's handler and what reloads its configuration.
func storefront(fixed bool) (handler http.Handler, reload func()) {
	cart := http.HandlerFunc(serveCart)
	sessions := &sessionStore{latency: 2 * time.Millisecond, users: map[string]string{"t-17": "ann"}}
	if fixed {
		config := newPublishedConfig()
		return inSequence(cart, config.headers, sessions.headers, securityHeaders), config.reload
	}
	config := newConfig()
	return inParallel(cart, config.headers, sessions.headers, securityHeaders), config.reload
}

func serveCart(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "cart of %s in %s\n", w.Header().Get("X-User"), w.Header().Get("X-Region"))
}

// every calls f again and again until the context ends.
func every(ctx context.Context, period time.Duration, f func()) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}

// drive sends requests, one after the other, and returns how many were answered.
func drive(ctx context.Context, url string, how time.Duration) (answered int) {
	ctx, cancel := context.WithTimeout(ctx, how)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/cart", nil)
		if err != nil {
			return answered
		}
		request.Header.Set("Authorization", "Bearer t-17")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return answered
		}
		response.Body.Close()
		answered++
	}
}
