package tuned

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// The cache is read without the lock when an entry is old.
func TestStaleEntry(t *testing.T) {
	type entry struct {
		value int
		born  time.Time
	}
	var mu sync.Mutex
	cache := map[string]entry{"a": {1, time.Now()}}
	var wg sync.WaitGroup
	wg.Add(2)
	get := func(pause time.Duration) {
		defer wg.Done()
		time.Sleep(pause)
		mu.Lock()
		e := cache["a"]
		mu.Unlock()
		if time.Since(e.born) > 4*time.Millisecond {
			cache["a"] = entry{e.value + 1, time.Now()}
		}
	}
	go get(0)
	go get(time.Millisecond)
	wg.Wait()
}

// Keys are spread over shards; the last shard has forgotten its lock.
func TestForgottenShard(t *testing.T) {
	const shards = 4
	var locks [shards]sync.Mutex
	var maps [shards]map[uint64]int
	for i := range maps {
		maps[i] = make(map[uint64]int)
	}
	put := func(key uint64) {
		shard := key % shards
		if shard != shards-1 {
			locks[shard].Lock()
			defer locks[shard].Unlock()
		}
		maps[shard][key]++
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 3 {
				put(rand.Uint64())
			}
		}()
	}
	wg.Wait()
}

// What comes first out of a map decides who writes.
func TestFirstOfMap(t *testing.T) {
	hosts := map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8}
	pick := func() string {
		for host := range hosts {
			return host
		}
		return ""
	}
	var lastErr string
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if host := pick(); host == "c" || host == "f" {
				lastErr = host
			}
		}()
	}
	wg.Wait()
	_ = lastErr
}

// The slice is grown under the lock and written outside it, which goes unseen
// while each append still finds room of its own time.
func TestGrowThenWrite(t *testing.T) {
	var mu sync.Mutex
	items := make([]int, 0, 2)
	add := func(v int) {
		mu.Lock()
		items = append(items, 0)
		at := len(items) - 1
		mu.Unlock()
		items[at] = v
		mu.Lock()
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(time.Duration(i) * time.Millisecond)
			add(i)
		}()
	}
	wg.Wait()
}

// Only the goroutine that finds the queue empty twice resets the statistics.
func TestResetWhenIdle(t *testing.T) {
	queue := make(chan int, 4)
	stats := map[string]int{}
	var mu sync.Mutex
	for i := range 4 {
		queue <- i
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			idle := 0
			for idle < 2 {
				select {
				case <-queue:
					idle = 0
					mu.Lock()
					stats["items"]++
					mu.Unlock()
				case <-time.After(300 * time.Microsecond):
					idle++
				}
			}
			mu.Lock()
			first := stats["resets"] == 0
			stats["resets"]++
			mu.Unlock()
			if !first {
				clear(stats)
			}
			mu.Lock()
			stats["ended"]++
			mu.Unlock()
		}()
		time.Sleep(2 * time.Millisecond)
	}
	wg.Wait()
}

// One case of many says that the configuration has changed.
func TestOneOfManyCases(t *testing.T) {
	const sources = 6
	var channels [sources]chan int
	for i := range channels {
		channels[i] = make(chan int, 1)
		channels[i] <- i
	}
	config := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			select {
			case <-channels[0]:
			case <-channels[1]:
			case <-channels[2]:
			case <-channels[3]:
			case <-channels[4]:
			case <-channels[5]:
				config++
				return
			}
			time.Sleep(100 * time.Microsecond)
			select {
			case <-channels[5]:
				config++
			case <-channels[4]:
				_ = config
			default:
			}
		}()
	}
	wg.Wait()
}
