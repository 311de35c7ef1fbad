// Package oschild: children made with os/exec. The test binary is the child.
package oschild

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

const role = "CORPUS_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "echo":
		io.Copy(os.Stdout, os.Stdin)
	case "print":
		fmt.Println("one line")
	case "race":
		x := 0
		join := lab.Go(func() { x = 1 })
		lab.Pause()
		x = 2
		join()
		lab.Use(x)
	}
	os.Exit(0)
}

func child(as string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), role+"="+as, "GORACE=atexit_sleep_ms=0")
	return c
}

// exec copies into the buffer in a goroutine of its own until Wait.
func TestRaceOutputBeforeWait(t *testing.T) {
	var out bytes.Buffer
	c := child("print")
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	lab.Use(out.Len())
	c.Wait()
}

type counting struct {
	lines int
}

func (c *counting) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// One writer for two streams, in two wrappers: exec sees two writers.
func TestRaceTwoChildrenOneWriter(t *testing.T) {
	var lines counting
	first, second := child("print"), child("print")
	first.Stdout, second.Stdout = &lines, &lines
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	first.Wait()
	second.Wait()
}

func TestNoRaceOutput(t *testing.T) {
	out, err := child("print").Output()
	if err != nil || string(out) != "one line\n" {
		t.Fatalf("%q, %v", out, err)
	}
	out[0] = 'O'
}

func TestNoRaceOutputAfterWait(t *testing.T) {
	var out counting
	c := child("print")
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil || out.lines != 1 {
		t.Fatalf("%d lines, %v", out.lines, err)
	}
	out.lines++
}

func TestNoRacePipes(t *testing.T) {
	c := child("echo")
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	join := lab.Go(func() {
		defer in.Close()
		for i := range 20 {
			fmt.Fprintln(in, i)
		}
	})
	lines := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		lines++
	}
	join()
	if err := c.Wait(); err != nil || lines != 20 {
		t.Fatalf("%d lines, %v", lines, err)
	}
}

func TestNoRaceManyAtOnce(t *testing.T) {
	outs := make([]string, 6)
	var joins []func()
	for i := range outs {
		joins = append(joins, lab.Go(func() {
			out, err := child("print").Output()
			if err != nil {
				t.Error(err)
			}
			outs[i] = string(out)
		}))
	}
	for _, join := range joins {
		join()
	}
	if strings.Join(outs, "") != strings.Repeat("one line\n", 6) {
		t.Fatalf("%q", outs)
	}
}

// A child's race is the child's: it reports by itself and ends with 66, and
// the parent is not blamed.
func TestNoRaceChildRaces(t *testing.T) {
	var stderr bytes.Buffer
	c := child("race")
	c.Stderr = &stderr
	c.Run()
	if code := c.ProcessState.ExitCode(); code != 66 {
		t.Fatalf("the child ended with %d, want 66", code)
	}
	if !strings.Contains(stderr.String(), "WARNING: DATA "+"RACE") {
		t.Fatalf("the child said %q", stderr.String())
	}
}
