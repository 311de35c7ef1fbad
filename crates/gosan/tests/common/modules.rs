//! The Go modules that the table of flags is tried on.

/// A module with a racy package, a clean one, a program, and tests that show
/// what each flag does.
pub const MAIN: &str = r#"
-- go.mod --
module example.com/m

go 1.24
-- racy.go --
package m

var shared int

func race() {
	done := make(chan bool)
	go func() {
		shared++
		close(done)
	}()
	shared++
	<-done
}
-- racy_test.go --
package m

import (
	"flag"
	"os"
	"testing"
)

var mine = flag.String("mine", "none", "a flag of the test itself")

func TestRace(t *testing.T)  { race() }
func TestClean(t *testing.T) { t.Log("clean ran") }
func TestMine(t *testing.T)  { t.Log("mine is", *mine, os.Getenv("ASKED"), flag.Args()) }
func TestGoroot(t *testing.T) {
	t.Log("GOTOOLCHAIN is", os.Getenv("GOTOOLCHAIN"))
}
func TestShort(t *testing.T) {
	if testing.Short() {
		t.Skip("short mode")
	}
}
func TestSlow(t *testing.T) {
	if os.Getenv("SLOW") != "" {
		select {}
	}
}
func BenchmarkClean(b *testing.B) {
	for range b.N {
	}
}
func BenchmarkRace(b *testing.B) {
	for range b.N {
		race()
	}
}
func FuzzClean(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) {})
}
-- extra_test.go --
//go:build extra

package m

import "testing"

func TestExtra(t *testing.T) { t.Log("extra ran") }
-- clean/clean.go --
package clean

func Sum(a, b int) int { return a + b }
-- clean/clean_test.go --
package clean

import "testing"

func TestSum(t *testing.T) {
	if Sum(1, 2) != 3 {
		t.Fail()
	}
}
-- vet/vet.go --
package vet
-- vet/vet_test.go --
package vet

import "testing"

func TestVet(t *testing.T) { t.Logf("%d", "text") }
-- broken/broken.go --
package broken

var x int = "text"
-- cmd/app/main.go --
package main

import (
	"fmt"
	"os"
)

var version = "unset"
var shared int

func main() {
	fmt.Println("version", version, "args", os.Args[1:])
	if len(os.Args) > 1 && os.Args[1] == "race" {
		done := make(chan bool)
		go func() {
			shared++
			close(done)
		}()
		shared++
		<-done
	}
	if len(os.Args) > 1 && os.Args[1] == "three" {
		os.Exit(3)
	}
}
-- alt.mod --
module example.com/alternative

go 1.24
"#;

/// A workspace of two modules, where one needs the other.
pub const WORKSPACE: &str = r#"
-- go.work --
go 1.24

use (
	./app
	./lib
)
-- lib/go.mod --
module example.com/lib

go 1.24
-- lib/lib.go --
package lib

var Shared int
-- app/go.mod --
module example.com/app

go 1.24
-- app/app_test.go --
package app

import (
	"testing"

	"example.com/lib"
)

func TestRace(t *testing.T) {
	done := make(chan bool)
	go func() {
		lib.Shared++
		close(done)
	}()
	lib.Shared++
	<-done
}
"#;

/// A module with its dependency in `vendor`.
pub const VENDORED: &str = r#"
-- go.mod --
module example.com/vendoring

go 1.24

require example.com/dep v1.0.0
-- vendor/modules.txt --
# example.com/dep v1.0.0
## explicit; go 1.24
example.com/dep
-- vendor/example.com/dep/dep.go --
package dep

var Shared int

func Race() {
	done := make(chan bool)
	go func() {
		Shared++
		close(done)
	}()
	Shared++
	<-done
}
-- v_test.go --
package vendoring

import (
	"testing"

	"example.com/dep"
)

func TestRace(t *testing.T) { dep.Race() }
"#;

/// A program that loads a plugin which races.
pub const PLUGIN: &str = r#"
-- go.mod --
module example.com/plugged

go 1.24
-- plug/plug.go --
package main

// Race races on the heap: a plugin's own variables are outside of what Go's
// race hooks look at.
func Race() {
	shared := new(int)
	done := make(chan bool)
	go func() {
		*shared++
		close(done)
	}()
	*shared++
	<-done
}

func main() {}
-- host/host.go --
package main

import (
	"fmt"
	"plugin"
)

func main() {
	p, err := plugin.Open("plug.so")
	if err != nil {
		panic(err)
	}
	race, err := p.Lookup("Race")
	if err != nil {
		panic(err)
	}
	race.(func())()
	fmt.Println("loaded")
}
"#;
