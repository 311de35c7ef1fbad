package main

import (
	"runtime"
	"sync"
)

// goroutinesAlive has 100,000 goroutines alive at a time, each of which has
// read what its creator wrote and holds something of its own.
func goroutinesAlive() int {
	const n = 100000
	release := make(chan struct{})
	var ready, done sync.WaitGroup
	ready.Add(n)
	done.Add(n)
	results := make([]int, n)
	for i := range n {
		own := new([4]int)
		own[0] = i
		go func() {
			own[1] = own[0] % 3
			ready.Done()
			<-release
			results[i] = own[1]
			done.Done()
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
	sum := 0
	for _, result := range results {
		sum += result
	}
	return sum
}

// entry is what a cache keeps: some fields, and a value that came as bytes.
type entry struct {
	next    *entry
	key     int
	created int
	used    int
	value   []byte
}

// bigHeap fills a cache with 4 GiB, every byte of which is written, and walks
// through it once.
func bigHeap() int {
	const total, size = 4 << 30, 4 << 10
	received := make([]byte, size-64)
	var all *entry
	for i := range total / size {
		received[0] = byte(i)
		e := &entry{next: all, key: i, created: i, used: i, value: make([]byte, len(received))}
		copy(e.value, received)
		all = e
	}
	sum := 0
	for e := all; e != nil; e = e.next {
		e.used++
		sum += int(e.value[0])
	}
	runtime.KeepAlive(all)
	return sum
}

// garbage allocates 2 GiB that is dropped at once, in objects of 16 bytes to
// 8 KiB; a program without a detector does that in about two seconds, at 1 GB/s.
func garbage() int {
	sum := 0
	var kept [64][]int
	for i := range 1000000 {
		words := 2 + i%8*(i%8)*8
		if i%1024 == 0 {
			words = 1024
		}
		object := make([]int, words)
		object[0] = i
		object[len(object)-1] = i
		sum += object[0]
		kept[i%len(kept)] = object
	}
	return sum + len(kept[0])
}
