// Command events makes events that a race detector is told of, so that
// `cargo xtask instructions` can count what one of each costs.
//
// The counter steps through the program's first thread, instruction by
// instruction, from the moment at which a byte comes on standard input.  Each
// kind of event is made many times, with a call of mark before each and after
// the last.  A kind that needs no detector at all costs its loop: the same
// program built without one says how much that is.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// times is how often each event is made.
const times = 16

// kinds are the events, in the order in which they are made.
var kinds = []struct {
	name string
	make func()
}{
	// A word that this goroutine has read, or written, before.
	{"read again", func() { readAgain(&seen[0]) }},
	{"write again", func() { writeAgain(&words[0]) }},
	{"read what was written", func() { readAgain(&words[0]) }},
	// A word of a new object.
	{"read first", func() { readEach(fresh()) }},
	{"write first", func() { writeEach(fresh()) }},
	// The bytes of a word, one after the other.
	{"read the next byte", func() { readBytes(freshBytes()) }},
	// A word that this goroutine has touched before it last released a lock.
	{"read later", func() { begin(); readEach(words) }},
	{"write later", func() { begin(); writeEach(words) }},
	// A word that another goroutine has read, and once more.
	{"read shared", func() { readEach(shared) }},
	{"read shared again", func() { readEach(shared) }},
	// A word that another goroutine has written.
	{"read handed over", func() { readEach(handed) }},
	{"write handed over", func() { writeEach(handed) }},
	// A read and a write of 64 bytes.
	{"copy 64 again", func() { copyAgain(&objects[0], &target) }},
	{"copy 64 first", func() { copyEach(make([][8]int, times)) }},
	// The map itself is a word, which Go's runtime says is read or written.
	{"read a map again", func() { readMap(table) }},
	{"read a map later", func() { lockAndReadMap(&mu, table) }},
	{"write a map again", func() { writeMap(table) }},
	// A call of a function that reads a word again.
	{"call and read", func() { callAndRead(&seen[0]) }},
	{"allocate 64", allocate},
	{"atomic load", func() { load(&number) }},
	{"atomic add", func() { add(&number) }},
	{"lock and unlock", func() { lock(&mu) }},
	{"lock, add, unlock", func() { lockAndAdd(&mu, &words[0]) }},
	{"rlock and runlock", func() { rlock(&rw) }},
	{"send and receive", func() { send(channel) }},
	{"start and end a goroutine", start},
}

// What the events are about; all of it lives on the heap or among globals.
var (
	words   = fresh()
	seen    = fresh()
	shared  = fresh()
	handed  = fresh()
	objects = make([][8]int, times)
	target  [8]int
	table   = map[int]int{1: 1}
	number  atomic.Int64
	mu      sync.Mutex
	rw      sync.RWMutex
	channel = make(chan int, 1)
	kept    *[8]int
)

// The first thread is the one that is counted.
func init() { runtime.LockOSThread() }

func main() {
	readEach(seen)
	readEach(words)
	writeEach(words)
	copyAgain(&objects[0], &target)
	done := make(chan bool)
	go func() {
		readEach(shared)
		writeEach(handed)
		done <- true
	}()
	<-done
	for _, kind := range kinds {
		fmt.Println(kind.name)
	}
	fmt.Println("ready")
	// A raw call, so that the scheduler gives this thread's work to no other.
	var byte [1]byte
	syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&byte)), 1)
	// Goroutines that are started below shall run on this thread too.
	runtime.UnlockOSThread()
	for _, kind := range kinds {
		next()
		kind.make()
	}
	finish()
	os.Exit(0)
}

// mark is called before each event and after the last of a kind.
//
//go:noinline
func mark() {}

// next is called before each kind.
//
//go:noinline
func next() {}

// finish is called at the end.
//
//go:noinline
func finish() {}

// fresh makes words of the heap: those of a stack may have been used by the kind before.
//
//go:noinline
func fresh() []int { return make([]int, times) }

//go:noinline
func freshBytes() []byte { return make([]byte, times) }

// begin makes what this goroutine did before older than what comes: the lock
// is released, and the next access is one of a new time.
func begin() {
	mu.Lock()
	mu.Unlock()
	words[0]++
}

//go:noinline
func readAgain(word *int) int {
	sum := 0
	for range times {
		mark()
		sum += *word
	}
	mark()
	return sum
}

//go:noinline
func writeAgain(word *int) {
	for i := range times {
		mark()
		*word = i
	}
	mark()
}

//go:noinline
func readEach(words []int) int {
	sum := 0
	for i := range words {
		mark()
		sum += words[i]
	}
	mark()
	return sum
}

//go:noinline
func readBytes(bytes []byte) byte {
	var sum byte
	for i := range bytes {
		mark()
		sum += bytes[i]
	}
	mark()
	return sum
}

//go:noinline
func writeEach(words []int) {
	for i := range words {
		mark()
		words[i] = i
	}
	mark()
}

//go:noinline
func copyAgain(from, to *[8]int) {
	for range times {
		mark()
		*to = *from
	}
	mark()
}

//go:noinline
func copyEach(to [][8]int) {
	for i := range to {
		mark()
		to[i] = objects[i]
	}
	mark()
}

//go:noinline
func readMap(table map[int]int) int {
	sum := 0
	for range times {
		mark()
		sum += table[1]
	}
	mark()
	return sum
}

//go:noinline
func lockAndReadMap(mu *sync.Mutex, table map[int]int) int {
	sum := 0
	for range times {
		mark()
		mu.Lock()
		sum += table[1]
		mu.Unlock()
	}
	mark()
	return sum
}

//go:noinline
func writeMap(table map[int]int) {
	for i := range times {
		mark()
		table[1] = i
	}
	mark()
}

//go:noinline
func callAndRead(word *int) int {
	sum := 0
	for range times {
		mark()
		sum += called(word)
	}
	mark()
	return sum
}

//go:noinline
func called(word *int) int { return *word }

//go:noinline
func allocate() {
	for range times {
		mark()
		kept = new([8]int)
	}
	mark()
}

//go:noinline
func load(number *atomic.Int64) int64 {
	sum := int64(0)
	for range times {
		mark()
		sum += number.Load()
	}
	mark()
	return sum
}

//go:noinline
func add(number *atomic.Int64) {
	for range times {
		mark()
		number.Add(1)
	}
	mark()
}

//go:noinline
func lock(mu *sync.Mutex) {
	for range times {
		mark()
		mu.Lock()
		mu.Unlock()
	}
	mark()
}

//go:noinline
func lockAndAdd(mu *sync.Mutex, word *int) {
	for range times {
		mark()
		mu.Lock()
		*word++
		mu.Unlock()
	}
	mark()
}

//go:noinline
func rlock(rw *sync.RWMutex) {
	for range times {
		mark()
		rw.RLock()
		rw.RUnlock()
	}
	mark()
}

//go:noinline
func send(channel chan int) int {
	sum := 0
	for i := range times {
		mark()
		channel <- i
		sum += <-channel
	}
	mark()
	return sum
}

//go:noinline
func start() {
	done := make(chan bool)
	for range times {
		mark()
		go finished(done)
		<-done
	}
	mark()
}

func finished(done chan bool) { done <- true }
