// Command shop goes wrong in the way that its argument names.
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

type Cart struct {
	items map[string]int
}

func (c *Cart) Add(item string) { c.items[item]++ }

func race() {
	c := &Cart{items: map[string]int{}}
	var all sync.WaitGroup
	for i := 0; i < 2; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			time.Sleep(time.Duration(i) * 20 * time.Millisecond)
			c.Add("tea")
		}(i)
	}
	all.Wait()
}

func mapWrites() {
	c := &Cart{items: map[string]int{}}
	for i := 0; i < 4; i++ {
		go func() {
			for {
				c.Add("tea")
			}
		}()
	}
	time.Sleep(5 * time.Second)
}

func mapRead() {
	m := map[int]int{}
	go func() {
		for i := 0; ; i++ {
			m[i%100] = i
		}
	}()
	for i := 0; ; i++ {
		_ = m[i%100]
	}
}

func mapIteration() {
	m := map[int]int{1: 1}
	go func() {
		for i := 0; ; i++ {
			m[i%100] = i
		}
	}()
	for {
		for range m {
		}
	}
}

func ask() string {
	answers := make(chan string)
	for i := 0; i < 3; i++ {
		go func() { answers <- "17" }()
	}
	return <-answers
}

func leak() {
	for i := 0; i < 20; i++ {
		ask()
	}
	time.Sleep(50 * time.Millisecond)
}

func transfer(from, to *sync.Mutex) {
	from.Lock()
	defer from.Unlock()
	time.Sleep(20 * time.Millisecond)
	to.Lock()
	defer to.Unlock()
}

func main() {
	switch os.Args[1] {
	case "race":
		race()
	case "map-writes":
		mapWrites()
	case "map-read":
		mapRead()
	case "map-iteration":
		mapIteration()
	case "deadlock":
		<-make(chan int)
	case "leak-profile1":
		leak()
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
	case "leak-profile2":
		leak()
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	case "leak-sigquit":
		leak()
		syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		time.Sleep(time.Second)
	case "lock-order":
		var a, b sync.Mutex
		go transfer(&a, &b)
		go transfer(&b, &a)
		time.Sleep(100 * time.Millisecond)
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	case "send-closed":
		c := make(chan int, 1)
		close(c)
		c <- 1
	case "close-closed":
		c := make(chan int)
		close(c)
		close(c)
	case "unlock":
		var mu sync.Mutex
		mu.Unlock()
	case "waitgroup-negative":
		var wg sync.WaitGroup
		wg.Done()
	case "superfluous":
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "sold out", http.StatusConflict)
			w.WriteHeader(http.StatusCreated)
		}))
		http.Get(s.URL)
	case "panic-serving":
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var c *Cart
			c.Add("tea")
		}))
		http.Get(s.URL)
	case "other-panic":
		panic(errors.New("disk is full"))
	default:
		log.Fatal(fmt.Sprintf("what is %s?", os.Args[1]))
	}
}
