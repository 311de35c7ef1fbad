package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// serve sends one request while the configuration is reloaded now and then.
func serve(t *testing.T, fixed bool) string {
	handler, reload := storefront(fixed)
	server := httptest.NewServer(handler)
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		every(ctx, 2*time.Millisecond, reload)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	time.Sleep(5 * time.Millisecond)
	request, err := http.NewRequest("GET", server.URL+"/cart", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer t-17")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestRaceStorefront(t *testing.T) {
	if body := serve(t, false); body != "cart of ann in eu-central\n" {
		t.Errorf("body %q", body)
	}
}

func TestNoRaceFixedStorefront(t *testing.T) {
	if body := serve(t, true); body != "cart of ann in eu-central\n" {
		t.Errorf("body %q", body)
	}
}
