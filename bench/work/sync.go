package main

import (
	"sync"
	"sync/atomic"
)

// Rows in which goroutines do little but synchronize.

// together runs n goroutines and waits for them.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f(i)
		}()
	}
	wg.Wait()
}

func mutexAlone() int {
	var mu sync.Mutex
	count := 0
	for range 8000000 {
		mu.Lock()
		count++
		mu.Unlock()
	}
	return count
}

func mutexContended() int {
	var mu sync.Mutex
	count := 0
	together(4, func(int) {
		for range 1300000 {
			mu.Lock()
			count++
			mu.Unlock()
		}
	})
	return count
}

func rwMutexReaders() int {
	var mu sync.RWMutex
	settings := map[string]int{"a": 1, "b": 2}
	var total atomic.Int64
	together(8, func(i int) {
		sum := 0
		for n := range 700000 {
			if i == 0 && n%1000 == 0 {
				mu.Lock()
				settings["b"] = 2
				mu.Unlock()
			}
			mu.RLock()
			sum += settings["a"]
			mu.RUnlock()
		}
		total.Add(int64(sum))
	})
	return int(total.Load())
}

func atomics() int {
	var count, last atomic.Int64
	var flag atomic.Bool
	together(4, func(i int) {
		for n := range 2500000 {
			count.Add(1)
			if n%16 == 0 {
				last.CompareAndSwap(last.Load(), int64(n))
				flag.Store(i%2 == 0)
			}
			if flag.Load() && last.Load() < 0 {
				panic("last is never negative")
			}
		}
	})
	return int(count.Load())
}

func chanUnbuffered() int {
	numbers := make(chan int)
	go func() {
		for n := range 3500000 {
			numbers <- n
		}
		close(numbers)
	}()
	sum := 0
	for n := range numbers {
		sum += n
	}
	return sum
}

func chanBuffered() int {
	jobs, results := make(chan int, 128), make(chan int, 128)
	go func() {
		for n := range 4000000 {
			jobs <- n
		}
		close(jobs)
	}()
	go func() {
		together(4, func(int) {
			for n := range jobs {
				results <- n * 2
			}
		})
		close(results)
	}()
	sum := 0
	for n := range results {
		sum += n
	}
	return sum
}

func chanSelect() int {
	left, right, done := make(chan int), make(chan int, 16), make(chan struct{})
	go func() {
		for n := range 1500000 {
			select {
			case left <- n:
			case right <- n:
			}
		}
		close(done)
	}()
	sum := 0
	for {
		select {
		case n := <-left:
			sum += n
		case n := <-right:
			sum += n
		case <-done:
			// What is still buffered counts too.
			for len(right) > 0 {
				sum += <-right
			}
			return sum
		}
	}
}

func waitGroup() int {
	// Workers that live on: the WaitGroups alone are counted here.
	const workers = 4
	work := make([]chan *sync.WaitGroup, workers)
	counts := make([]int, workers)
	for i := range work {
		work[i] = make(chan *sync.WaitGroup, 1)
		go func() {
			for wg := range work[i] {
				counts[i]++
				wg.Done()
			}
		}()
	}
	for range 400000 {
		var wg sync.WaitGroup
		wg.Add(workers)
		for i := range work {
			work[i] <- &wg
		}
		wg.Wait()
	}
	sum := 0
	for i := range work {
		close(work[i])
		sum += counts[i]
	}
	return sum
}

func goroutineStart() int {
	sum := 0
	for range 40000 {
		var results [10]int
		together(len(results), func(i int) { results[i] = i })
		for _, n := range results {
			sum += n
		}
	}
	return sum
}

func contention64() int {
	type shard struct {
		mu     sync.Mutex
		counts map[int]int
	}
	s := shard{counts: map[int]int{}}
	together(64, func(i int) {
		for n := range 60000 {
			s.mu.Lock()
			s.counts[(i+n)%100]++
			s.mu.Unlock()
		}
	})
	sum := 0
	for _, count := range s.counts {
		sum += count
	}
	return sum
}

func syncPool() int {
	pool := sync.Pool{New: func() any { return new([64]byte) }}
	var total atomic.Int64
	together(4, func(i int) {
		sum := 0
		for range 1300000 {
			buffer := pool.Get().(*[64]byte)
			buffer[0] = byte(i)
			sum += int(buffer[0])
			pool.Put(buffer)
		}
		total.Add(int64(sum))
	})
	return int(total.Load())
}
