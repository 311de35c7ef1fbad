// Package subword: neighbours in one machine word are variables of their own.
package subword

import (
	"testing"

	"corpus.example/gosan/internal/lab"
)

type packed struct {
	a, b, c, d byte
	e          uint16
	f          bool
	g          bool
}

func TestRaceSameByte(t *testing.T) {
	var p packed
	join := lab.Go(func() { p.c = 1 })
	lab.Pause()
	p.c = 2
	join()
}

func TestRaceBool(t *testing.T) {
	var p packed
	join := lab.Go(func() { p.g = true })
	lab.Pause()
	lab.Use(p.g)
	join()
}

func TestRaceRangeAgainstByteInTheMiddle(t *testing.T) {
	buf := make([]byte, 128)
	join := lab.Go(func() { copy(buf[5:100], make([]byte, 95)) })
	lab.Pause()
	buf[51] = 1
	join()
}

func TestRaceRangeAgainstItsLastByte(t *testing.T) {
	buf := make([]byte, 128)
	join := lab.Go(func() { copy(buf[5:100], make([]byte, 95)) })
	lab.Pause()
	buf[99] = 1
	join()
}

func TestRaceRangeAgainstItsFirstByte(t *testing.T) {
	buf := make([]byte, 128)
	join := lab.Go(func() { lab.Use(string(buf[13:30])) })
	lab.Pause()
	buf[13] = 1
	join()
}

func TestRaceWholeStructAgainstByte(t *testing.T) {
	var p packed
	join := lab.Go(func() { p.d = 1 })
	lab.Pause()
	p = packed{a: 1}
	join()
	lab.Use(p)
}

func TestRaceByteOfMany(t *testing.T) {
	var flags [3]byte
	var joins []func()
	for i := range flags {
		joins = append(joins, lab.Go(func() { flags[i] = 1 }))
	}
	lab.Pause()
	flags[1] = 2
	for _, join := range joins {
		join()
	}
}

func TestNoRaceNeighbouringBytes(t *testing.T) {
	var p packed
	joinA := lab.Go(func() { p.a++ })
	joinB := lab.Go(func() { p.b++ })
	joinE := lab.Go(func() { p.e++ })
	joinF := lab.Go(func() { p.f = true })
	p.c++
	p.d++
	p.g = true
	joinA()
	joinB()
	joinE()
	joinF()
}

func TestNoRaceEightBytesEightGoroutines(t *testing.T) {
	var flags [8]byte
	for range 50 {
		var joins []func()
		for i := range flags {
			joins = append(joins, lab.Go(func() { flags[i]++ }))
		}
		for _, join := range joins {
			join()
		}
	}
	if flags != [8]byte{50, 50, 50, 50, 50, 50, 50, 50} {
		t.Fatalf("flags = %v", flags)
	}
}

func TestNoRaceRangesMeetInsideAWord(t *testing.T) {
	buf := make([]byte, 128)
	for cut := 1; cut < 16; cut++ {
		join := lab.Go(func() { copy(buf[:cut], make([]byte, cut)) })
		copy(buf[cut:], make([]byte, 128-cut))
		join()
	}
}

func TestNoRaceByteBesideRange(t *testing.T) {
	buf := make([]byte, 128)
	join := lab.Go(func() { copy(buf[9:90], make([]byte, 81)) })
	buf[8] = 1
	buf[90] = 1
	join()
}

func TestNoRaceHalvesOfAWord(t *testing.T) {
	var halves [2]uint32
	join := lab.Go(func() { halves[0]++ })
	halves[1]++
	join()
}

func TestNoRaceEmptyRange(t *testing.T) {
	buf := make([]byte, 16)
	none := buf[8:8]
	join := lab.Go(func() { copy(none, buf[:0]) })
	buf[8] = 1
	join()
}

func TestNoRaceZeroSize(t *testing.T) {
	type nothing struct{}
	var a [4]nothing
	join := lab.Go(func() { a[1] = nothing{} })
	a[1] = nothing{}
	join()
}

func TestNoRaceReadersOfOneByte(t *testing.T) {
	buf := make([]byte, 16)
	var joins []func()
	for range 8 {
		joins = append(joins, lab.Go(func() { lab.Use(buf[7]) }))
	}
	lab.Use(buf[7])
	for _, join := range joins {
		join()
	}
}
