// Command work does the fixed amount of work that its argument names, and
// prints a result that must not depend on the race detector.
//
// Amounts are chosen so that the program takes one to three seconds under
// `go build -race`.
package main

import (
	"fmt"
	"os"
	"slices"
)

// rows are the names that `cargo xtask bench` knows, and what each does.
var rows = map[string]func() int{
	"json":     jsonRoundTrips,
	"sort":     sortInts,
	"maps":     mapIncrements,
	"trees":    binaryTrees,
	"matrix":   matrixProducts,
	"strings":  stringEdits,
	"regexp":   regexpMatches,
	"compress": compressText,

	"mutex":           mutexAlone,
	"mutex-contended": mutexContended,
	"rwmutex-readers": rwMutexReaders,
	"atomics":         atomics,
	"chan-unbuffered": chanUnbuffered,
	"chan-buffered":   chanBuffered,
	"chan-select":     chanSelect,
	"waitgroup":       waitGroup,
	"goroutine-start": goroutineStart,
	"contention-64":   contention64,
	"sync-pool":       syncPool,

	"http": httpUnderLoad,

	"goroutines-100k": goroutinesAlive,
	"heap-4g":         bigHeap,
	"garbage":         garbage,
}

func main() {
	if len(os.Args) == 2 {
		if row, ok := rows[os.Args[1]]; ok {
			fmt.Println(row())
			return
		}
	}
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintln(os.Stderr, "usage: work ROW, where ROW is one of:")
	for _, name := range names {
		fmt.Fprintln(os.Stderr, " ", name)
	}
	os.Exit(2)
}

// random is a small generator whose numbers are the same in each run.
type random uint64

func (r *random) next() uint64 {
	x := uint64(*r)
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*r = random(x)
	return x
}
