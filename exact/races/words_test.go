package races

import (
	"math/rand/v2"
	"testing"

	"exact.example/gosan/lab"
)

// wander makes a few accesses to memory of its own. Goroutines that do all the
// same would always evict the same slot of a detector with few of them.
func wander() {
	own := make([]int64, 8)
	for i := range rand.IntN(len(own)) {
		own[i] = 1
	}
	lab.Use(own)
}

// Many goroutines read a word, one after the other and nobody ordered after
// anybody. The writer has waited for all but the first.
//
// race: latter < latterCaller < TestRaceAccessors | formerRead < formerReadCaller < TestRaceAccessors.func1 < Start.func1
func TestRaceAccessors(t *testing.T) {
	var x int64
	var read lab.Mark
	first := lab.Start(func() {
		formerReadCaller(&x)
		read.Give()
	})
	read.Await(1)
	lab.Settle()
	n := lab.Distance(64)
	var joins []func()
	for i := 1; i < n; i++ {
		joins = append(joins, lab.Start(func() {
			wander()
			lab.Use(x)
			read.Give()
		}))
		read.Await(i + 1)
	}
	for _, join := range joins {
		join()
	}
	latterCaller(&x)
	first()
}

// As above, but all of them read by the same call, live on until the end, and
// the one that races is in the middle.
//
// race: latter < latterCaller < TestRaceAccessorsAlike | formerRead < formerReadCaller < TestRaceAccessorsAlike.func1 < TestRaceAccessorsAlike.func2 < Start.func1
func TestRaceAccessorsAlike(t *testing.T) {
	var x int64
	var read, end lab.Mark
	reader := func() {
		wander()
		formerReadCaller(&x)
		read.Give()
	}
	n := lab.Distance(64)
	var joins []func()
	for i := range n {
		if i == n/2 {
			first := lab.Start(func() {
				reader()
				end.Await(1)
			})
			defer first()
		} else {
			joins = append(joins, lab.Start(reader))
		}
		read.Await(i + 1)
	}
	for _, join := range joins {
		join()
	}
	latterCaller(&x)
	end.Give()
}

// As above, but all have ended when the write comes.
//
// race: latter < latterCaller < TestRaceAccessorsEnded | formerRead < formerReadCaller < TestRaceAccessorsEnded.func1 < Start.func1
func TestRaceAccessorsEnded(t *testing.T) {
	var x int64
	var read lab.Mark
	reader := func() {
		wander()
		formerReadCaller(&x)
		read.Give()
	}
	n := lab.Distance(64)
	var joins []func()
	first := func() {}
	for i := range n {
		join := lab.Start(reader)
		read.Await(i + 1)
		lab.Settle()
		if i == n/2 {
			first = join
		} else {
			joins = append(joins, join)
		}
	}
	for _, join := range joins {
		join()
	}
	latterCaller(&x)
	first()
}

// Eight goroutines write a byte each of one word; one byte is written twice.
//
// race: latterByte < latterByteCaller < TestRaceSubwordNeighbours | formerByte < formerByteCaller < TestRaceSubwordNeighbours.func1 < Start.func1
func TestRaceSubwordNeighbours(t *testing.T) {
	var word [8]byte
	var written lab.Mark
	first := lab.Start(func() {
		formerByteCaller(&word[3])
		written.Give()
	})
	written.Await(1)
	var joins []func()
	for _, i := range []int{0, 1, 2, 4, 5, 6, 7} {
		joins = append(joins, lab.Start(func() {
			wander()
			word[i] = 3
		}))
	}
	for _, join := range joins {
		join()
	}
	latterByteCaller(&word[3])
	first()
	lab.Use(word)
}

// Two bytes of one word are raced for, by other functions each.
//
// race: TestRaceSecondInWord | TestRaceSecondInWord.func1 < Start.func1
// race: latterByte < latterByteCaller < TestRaceSecondInWord | formerByte < formerByteCaller < TestRaceSecondInWord.func1 < Start.func1
func TestRaceSecondInWord(t *testing.T) {
	var word [8]byte
	var written lab.Mark
	first := lab.Start(func() {
		word[0] = 1
		formerByteCaller(&word[1])
		written.Give()
	})
	written.Await(1)
	word[0] = 2
	latterByteCaller(&word[1])
	first()
	lab.Use(word)
}

// Two races of the same eight bytes, by three goroutines.
//
// race: TestRaceSecondOfThree.func2 < Start.func1 | former < formerCaller < TestRaceSecondOfThree.func1 < Start.func1
// race: latter < latterCaller < TestRaceSecondOfThree | former < formerCaller < TestRaceSecondOfThree.func1 < Start.func1
// race: latter < latterCaller < TestRaceSecondOfThree | TestRaceSecondOfThree.func2 < Start.func1
func TestRaceSecondOfThree(t *testing.T) {
	var x int64
	var written lab.Mark
	first := lab.Start(func() {
		formerCaller(&x)
		written.Give()
	})
	written.Await(1)
	second := lab.Start(func() {
		x = 3
		written.Give()
	})
	written.Await(2)
	latterCaller(&x)
	first()
	second()
}

// A byte is written, and then a range of n bytes that has it in its middle.
//
// race: slicecopy < latterRange < latterRangeCaller < TestRaceByteThenRange | formerByte < formerByteCaller < TestRaceByteThenRange.func1 < Start.func1
func TestRaceByteThenRange(t *testing.T) {
	n := lab.Distance(4096)
	to, from := make([]byte, n), make([]byte, n)
	var written lab.Mark
	first := lab.Start(func() {
		formerByteCaller(&to[n/2+3])
		written.Give()
	})
	written.Await(1)
	latterRangeCaller(to, from)
	first()
}

// The other way round.
//
// race: latterByte < latterByteCaller < TestRaceRangeThenByte | slicecopy < formerRange < formerRangeCaller < TestRaceRangeThenByte.func1 < Start.func1
func TestRaceRangeThenByte(t *testing.T) {
	n := lab.Distance(4096)
	to, from := make([]byte, n), make([]byte, n)
	var written lab.Mark
	first := lab.Start(func() {
		formerRangeCaller(to, from)
		written.Give()
	})
	written.Await(1)
	latterByteCaller(&to[n/2+3])
	first()
}
