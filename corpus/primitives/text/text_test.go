// Package text: strings, builders and buffers.
package text

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"corpus.example/gosan/internal/lab"
)

func TestRaceStringVariable(t *testing.T) {
	s := "old"
	join := lab.Go(func() { lab.Use(s) })
	lab.Pause()
	s = "a new one"
	join()
}

func TestRaceBufferWriters(t *testing.T) {
	var b bytes.Buffer
	join := lab.Go(func() { b.WriteString("left") })
	lab.Pause()
	b.WriteString("right")
	join()
}

func TestRaceBufferReadWhileWritten(t *testing.T) {
	var b bytes.Buffer
	join := lab.Go(func() { b.WriteString("line\n") })
	lab.Pause()
	lab.Use(b.String())
	join()
}

func TestRaceBuilder(t *testing.T) {
	var b strings.Builder
	join := lab.Go(func() { b.WriteByte('a') })
	lab.Pause()
	b.WriteByte('b')
	join()
}

func TestRaceBytesToString(t *testing.T) {
	line := []byte("GET /index.html")
	join := lab.Go(func() { lab.Use(string(line)) })
	lab.Pause()
	line[5] = 'I'
	join()
}

func TestRaceCopyFromString(t *testing.T) {
	line := make([]byte, 32)
	join := lab.Go(func() { copy(line, "HTTP/1.1 200 OK") })
	lab.Pause()
	lab.Use(line[3])
	join()
}

func TestRaceRunes(t *testing.T) {
	runes := []rune("grüße")
	join := lab.Go(func() { lab.Use(string(runes)) })
	lab.Pause()
	runes[2] = 'u'
	join()
}

func TestRaceConcatenation(t *testing.T) {
	log := ""
	join := lab.Go(func() { log += "a" })
	lab.Pause()
	log += "b"
	join()
}

func TestNoRaceSharedString(t *testing.T) {
	s := strings.Repeat("text ", 100)
	read := func() {
		lab.Use(strings.ToUpper(s))
		lab.Use(strings.Fields(s))
		lab.Use([]byte(s))
	}
	join := lab.Go(read)
	read()
	join()
}

func TestNoRaceStringIsCopyOfBytes(t *testing.T) {
	line := []byte("GET /")
	s := string(line)
	join := lab.Go(func() { lab.Use(strings.Contains(s, "/")) })
	line[0] = 'P'
	join()
}

func TestNoRaceSubstrings(t *testing.T) {
	s := strings.Repeat("ab", 50)
	join := lab.Go(func() { lab.Use(strings.Count(s[:50], "a")) })
	lab.Use(strings.Count(s[50:], "b"))
	join()
}

func TestNoRaceBufferEach(t *testing.T) {
	var left, right bytes.Buffer
	join := lab.Go(func() {
		for range 100 {
			left.WriteString("left")
		}
	})
	for range 100 {
		right.WriteString("right")
	}
	join()
	left.Write(right.Bytes())
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func TestNoRaceLockedBuffer(t *testing.T) {
	var b lockedBuffer
	write := func() {
		for range 50 {
			b.Write([]byte("line\n"))
		}
	}
	join := lab.Go(write)
	write()
	join()
	if b.b.Len() != 500 {
		t.Fatalf("%d bytes", b.b.Len())
	}
}
