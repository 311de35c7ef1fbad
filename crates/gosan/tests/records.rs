//! What happens to a program's output, or to the program, does not matter: its
//! races are on record, under the right test. One test for each way in which
//! stock's reports get lost, and what a record holds.

mod common;
#[path = "common/recorded.rs"]
mod recorded;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use common::{Module, gosan, shared_cache};
use gosan_wire::{Kind, ObjectKind, Op, Race, Status};
use recorded::{Run, read, run};

/// A package for each way, and `lab`, which races without fail.
const WAYS: &str = r#"
-- go.mod --
module example.com/ways

go 1.24
-- lab/lab.go --
// Package lab races: the two writes are ordered by sleeping, which orders nothing.
package lab

import "time"

type Counter struct{ a, N int }

func (c *Counter) Add() { c.N++ }

func Race() {
	c := &Counter{}
	done := make(chan bool)
	go func() {
		c.Add()
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	c.Add()
	<-done
}
-- json/a_test.go --
package json

import (
	"testing"

	"example.com/ways/lab"
)

func TestPasses(t *testing.T) { t.Parallel() }
func TestOuter(t *testing.T) {
	t.Parallel()
	t.Run("races/with \"quotes\"", func(t *testing.T) { lab.Race() })
	t.Run("passes", func(t *testing.T) {})
}
-- retry/a_test.go --
package retry

import (
	"os"
	"testing"

	"example.com/ways/lab"
)

func TestFlaky(t *testing.T) {
	if _, err := os.Stat("raced"); err != nil {
		os.WriteFile("raced", nil, 0o600)
		lab.Race()
	}
}
-- exit/a_test.go --
package exit

import (
	"os"
	"testing"

	"example.com/ways/lab"
)

func TestMain(m *testing.M) {
	m.Run()
	os.Exit(0)
}

func TestExits(t *testing.T) {
	lab.Race()
	if os.Getenv("EXIT") != "" {
		os.Exit(3)
	}
}
-- hang/a_test.go --
package hang

import (
	"testing"

	"example.com/ways/lab"
)

func TestHangs(t *testing.T) {
	lab.Race()
	select {}
}
-- panics/a_test.go --
package panics

import (
	"testing"

	"example.com/ways/lab"
)

func TestPanics(t *testing.T) {
	lab.Race()
	panic("no way out")
}
-- fatal/a_test.go --
package fatal

import (
	"sync"
	"testing"
)

func TestMap(t *testing.T) {
	m := map[int]int{}
	var all sync.WaitGroup
	for g := range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; ; i++ {
				m[i%8] = g
			}
		}()
	}
	all.Wait()
}
-- killed/a_test.go --
package killed

import (
	"syscall"
	"testing"

	"example.com/ways/lab"
)

func TestKilled(t *testing.T) {
	lab.Race()
	syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
}
-- closed/a_test.go --
package closed

import (
	"os"
	"syscall"
	"testing"

	"example.com/ways/lab"
)

func TestCloses(t *testing.T) {
	os.Stdout.Close()
	os.Stderr.Close()
	syscall.Close(2)
	lab.Race()
}
-- child/a_test.go --
package child

import (
	"os"
	"os/exec"
	"testing"

	"example.com/ways/lab"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "race now" {
		lab.Race()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The child has no environment, no output, and nobody who asks how it ended.
func TestChild(t *testing.T) {
	child := exec.Command(os.Args[0], "race now")
	child.Env = []string{}
	child.Run()
}
-- exec/a_test.go --
package exec

import (
	"os"
	"syscall"
	"testing"

	"example.com/ways/lab"
)

func TestMain(m *testing.M) {
	lab.Race()
	if os.Args[1] != "again" {
		syscall.Exec("/proc/self/exe", []string{"x", "again"}, nil)
	}
	os.Exit(0)
}
-- names/a_test.go --
package names

import (
	"fmt"
	"testing"

	"example.com/ways/lab"
)

func BenchmarkRace(b *testing.B) {
	b.Run("sub", func(b *testing.B) { lab.Race() })
}

func FuzzRace(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) { lab.Race() })
}

func Example_race() {
	lab.Race()
	fmt.Println("done")
	// Output: done
}

// The chain of creation leads through goroutines that have ended.
func TestChain(t *testing.T) {
	done := make(chan bool)
	go func() {
		go func() {
			lab.Race()
			done <- true
		}()
	}()
	<-done
}
-- objects/a_test.go --
package objects

import (
	"sync/atomic"
	"testing"
	"time"
)

var total struct {
	_   [3]int64
	sum int64
}

func both(one, other func()) {
	done := make(chan bool)
	go func() {
		one()
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	other()
	<-done
}

func TestGlobal(t *testing.T) {
	both(func() { total.sum = 1 }, func() { _ = atomic.LoadInt64(&total.sum) })
}

func TestHeap(t *testing.T) {
	p := new([12]int64)
	both(func() { p[3] = 1 }, func() { p[3] = 2 })
}

func TestMap(t *testing.T) {
	m := map[string]int{}
	both(func() { m["a"]++ }, func() { delete(m, "b") })
}

func TestChannel(t *testing.T) {
	c := make(chan int, 1)
	both(func() { c <- 1 }, func() { close(c) })
}

func TestSlice(t *testing.T) {
	b := make([]byte, 64)
	both(func() { b[37] = 1 }, func() { copy(b, make([]byte, 64)) })
}

func TestMany(t *testing.T) {
	cells := make([]int, 4096)
	both(func() {
		for i := range cells {
			cells[i] = 1
		}
	}, func() {
		for i := range cells {
			cells[i] = 2
		}
	})
}
"#;

fn ways() -> Module {
    Module::new(WAYS)
}

fn test(module: &Module, words: &[&str]) -> Run {
    run(gosan(module.path()).arg("test").args(words))
}

/// The race of package `lab`, as it must be on record.
fn is_the_race(race: &Race, test: Option<&str>, package: &str) {
    assert_eq!(race.test.as_deref(), test);
    assert_eq!(race.package.as_deref(), Some(package));
    assert_eq!((race.kind, race.status), (Kind::Data, Status::New));
    for access in &race.accesses {
        assert_eq!(
            access.stack[0].function,
            "example.com/ways/lab.(*Counter).Add"
        );
    }
}

#[test]
fn with_json_the_stream_is_gos_and_the_race_is_under_its_test() {
    let run = test(&ways(), &["-json", "./json"]);
    for line in run.stdout().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event.get("Action").is_some(), "{line}");
    }
    let name = r#"TestOuter/races/with_"quotes""#;
    is_the_race(run.race(), Some(name), "example.com/ways/json");
    assert_eq!(run.output.status.code(), Some(1));
}

/// As gotestsum does it: reads the events, shows names, and runs again what
/// failed.
#[test]
fn a_wrapper_that_drops_output_and_retries() {
    let module = ways();
    let script = r#"
        for try in 1 2; do
            "$GOSAN" test -count=1 -json ./retry 2>/dev/null |
                sed -n 's/.*"Action":"pass".*"Test":"\([^"]*\)".*/PASS \1/p' > shown
            grep -q PASS shown && exit 0
        done
        exit 1"#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(module.path());
    command.env("GOSAN", env!("CARGO_BIN_EXE_gosan"));
    command.env("GOSAN_CACHE", shared_cache());
    let run = run(&mut command);
    assert!(run.output.status.success(), "{}", run.all_output());
    assert_eq!(run.all_output(), "");
    is_the_race(run.race(), Some("TestFlaky"), "example.com/ways/retry");
}

#[test]
fn os_exit_in_test_main_or_in_a_test() {
    let module = ways();
    for exit in ["", "3"] {
        let run = run(gosan(module.path())
            .args(["test", "./exit"])
            .env("EXIT", exit));
        is_the_race(run.race(), Some("TestExits"), "example.com/ways/exit");
        assert_eq!(run.output.status.code(), Some(1));
    }
}

#[test]
fn a_timeout_a_panic_and_a_kill() {
    let module = ways();
    for (package, words, name) in [
        ("hang", &["-timeout=1s", "./hang"][..], "TestHangs"),
        ("panics", &["./panics"], "TestPanics"),
        ("killed", &["./killed"], "TestKilled"),
        ("closed", &["./closed"], "TestCloses"),
    ] {
        let run = test(&module, words);
        is_the_race(
            run.race(),
            Some(name),
            &format!("example.com/ways/{package}"),
        );
        assert_eq!(run.output.status.code(), Some(1), "{package}");
    }
}

#[test]
fn a_fatal_error_is_reported_with_the_race_that_caused_it() {
    let run = test(&ways(), &["./fatal"]);
    let all = run.all_output();
    assert!(all.contains("fatal error: concurrent map writes"), "{all}");
    let race = &run.records.races[0];
    assert_eq!(race.kind, Kind::Map);
    assert_eq!(race.test.as_deref(), Some("TestMap"));
    assert_eq!(race.object.kind, ObjectKind::Map);
}

#[test]
fn fifty_packages_in_parallel() {
    let mut archive = WAYS.split("\n-- json/").next().unwrap().to_owned();
    for n in 0..50 {
        archive += &format!(
            "\n-- p{n}/a_test.go --\npackage p\n\nimport (\n\t\"testing\"\n\n\t\"example.com/ways/lab\"\n)\n\n\
             func TestRace{n}(t *testing.T) {{ lab.Race() }}\n"
        );
    }
    let module = Module::new(&archive);
    let run = test(&module, &["-p=8", "./..."]);
    let mut found: Vec<_> = run
        .records
        .races
        .iter()
        .map(|race| {
            let test = race.test.clone().unwrap();
            let package = race.package.clone().unwrap();
            assert_eq!(package.rsplit('p').next(), test.strip_prefix("TestRace"));
            package
        })
        .collect();
    found.sort();
    found.dedup();
    assert_eq!((found.len(), run.records.races.len()), (50, 50));
}

#[test]
fn a_child_without_environment_and_output() {
    let module = ways();
    let passes = test(&module, &["./child"]);
    let race = passes.race();
    is_the_race(race, None, "example.com/ways/child");
    let process = race.process.as_ref().unwrap();
    assert!(process.child);
    assert_eq!(process.command.last().unwrap(), "race now");
    assert!(process.parents[0].command[0].ends_with("child.test"));
    assert_eq!(
        passes.output.status.code(),
        Some(0),
        "{}",
        passes.all_output()
    );
    let fails = test(&module, &["--fail-on-child", "-count=1", "./child"]);
    assert_eq!(fails.output.status.code(), Some(1));
    let fails = test(&module, &["--fail-on-child", "-count=1", "./json"]);
    assert!(!fails.race().process.as_ref().unwrap().child);
}

#[test]
fn a_program_that_replaces_itself() {
    let run = test(&ways(), &["./exec"]);
    let commands: Vec<_> = run
        .records
        .races
        .iter()
        .map(|race| race.process.as_ref().unwrap().command.len())
        .collect();
    assert_eq!(run.records.processes.len(), 2);
    assert!(
        commands.len() == 2 && commands[0] > commands[1],
        "{commands:?}"
    );
}

#[test]
fn benchmarks_fuzz_tests_examples_and_chains_have_names() {
    let module = ways();
    // testing runs no benchmarks after a failure.
    let words = ["-run=^$", "-bench=.", "-benchtime=1x", "./names"];
    assert_eq!(test(&module, &words).tests(), ["BenchmarkRace/sub"]);
    let run = test(&module, &["./names"]);
    assert_eq!(
        run.tests(),
        ["Example_race", "FuzzRace/seed#0", "TestChain"]
    );
    let is_chain = |race: &&Race| race.test.as_deref() == Some("TestChain");
    let race = run.records.races.iter().find(is_chain).unwrap();
    let mut id = race.accesses[0].goroutine;
    let mut chain = Vec::new();
    while let Some(who) = race.goroutines.iter().find(|who| who.id == id) {
        let created = who
            .created_at
            .iter()
            .find(|frame| frame.function.contains("/names."));
        chain.push(created.map(|frame| frame.function.as_str()));
        let Some(parent) = who.parent else { break };
        id = parent;
    }
    assert_eq!(
        chain,
        [
            Some("example.com/ways/names.TestChain.func1"),
            Some("example.com/ways/names.TestChain"),
            None,
            None
        ]
    );
    assert_eq!(id, 1, "the chain ends at the main goroutine");
}

#[test]
fn what_was_raced_on_is_told() {
    let run = test(&ways(), &["./objects"]);
    let object = |test: &str| {
        let is_it = |race: &&Race| race.test.as_deref() == Some(test);
        let race = run.records.races.iter().find(is_it);
        race.unwrap_or_else(|| panic!("{test}\n{}", run.all_output()))
    };
    let global = object("TestGlobal");
    assert_eq!(global.object.kind, ObjectKind::Global);
    let symbol = global.object.symbol.as_deref();
    assert_eq!(symbol, Some("example.com/ways/objects.total"));
    assert_eq!(
        (global.object.offset, global.object.size),
        (Some(24), Some(32))
    );
    let [later, earlier] = &global.accesses;
    assert!(later.atomic && !earlier.atomic);
    assert_eq!((later.op, earlier.op), (Op::Read, Op::Write));
    assert_eq!((later.size, earlier.size), (Some(8), None));
    assert_eq!((later.order, earlier.order), (2, 1));

    let heap = &object("TestHeap").object;
    assert_eq!(
        (heap.kind, heap.offset, heap.size),
        (ObjectKind::Heap, Some(24), Some(96))
    );
    let map = &object("TestMap").object;
    assert_eq!(map.kind, ObjectKind::Map);
    assert!(map.operation.as_deref().unwrap().starts_with("runtime.map"));
    assert_eq!(object("TestChannel").kind, Kind::Channel);
    assert_eq!(object("TestSlice").object.kind, ObjectKind::Slice);
    // One race for people, seen in each of 4096 words.
    assert_eq!(object("TestMany").count, 4096);
}

#[test]
fn locks_and_allocations_are_told_where_asked_for() {
    let module = Module::new(LOCKS);
    let run = run(gosan(module.path())
        .args(["test", "."])
        .env("GORACE", "locks=1 allocs=1"));
    let race = |test: &str| {
        let is_it = |race: &&Race| race.test.as_deref() == Some(test);
        let race = run.records.races.iter().find(is_it);
        race.unwrap_or_else(|| panic!("{test}\n{}", run.all_output()))
    };
    let held = |test: &str| {
        let locks = race(test).locks.as_ref().unwrap();
        let modes = |side: &Vec<gosan_wire::Lock>| {
            let modes = side.iter().map(|lock| (lock.mode, lock.taken_at.clone()));
            let lines = modes.map(|(mode, stack)| {
                let is_users = |frame: &&gosan_wire::Frame| frame.file.ends_with("_test.go");
                (mode, stack.iter().find(is_users).unwrap().function.clone())
            });
            lines.collect::<Vec<_>>()
        };
        [modes(&locks[0]), modes(&locks[1])]
    };
    let other = |mode| vec![(mode, "example.com/locks.later".to_owned())];
    let first = |mode| vec![(mode, "example.com/locks.earlier".to_owned())];
    use gosan_wire::LockMode::{Exclusive, Shared};
    assert_eq!(held("TestMutexes"), [other(Exclusive), first(Exclusive)]);
    assert_eq!(held("TestReaders"), [other(Shared), first(Shared)]);
    assert_eq!(held("TestWriter"), [vec![], first(Exclusive)]);
    assert_eq!(held("TestUnlocked"), [vec![], vec![]]);
    for race in &run.records.races {
        let allocated = &race.object.allocated_at;
        assert_eq!(
            allocated[0].function, "example.com/locks.create",
            "{:?}",
            race.object
        );
        assert!(
            race.goroutines
                .iter()
                .any(|who| Some(who.id) == race.object.goroutine)
        );
        if let Some([later, earlier]) = &race.locks {
            let same = |lock: &gosan_wire::Lock| earlier.iter().any(|e| e.address == lock.address);
            // A lock that both hold alone would have ordered them.
            assert!(race.test.as_deref() != Some("TestMutexes") || !later.iter().any(same));
            assert!(race.test.as_deref() != Some("TestReaders") || later.iter().all(same));
        }
    }
}

/// The file of a process and its folder are nobody else's, even if the user's
/// own settings are open.
#[test]
fn records_are_private() {
    let module = ways();
    let directory = module.path().join("records");
    let script = format!(
        "umask 0; GORACE=record_path={} {} test ./json; :",
        directory.display(),
        env!("CARGO_BIN_EXE_gosan")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(module.path());
    run(command.env("GOSAN_CACHE", shared_cache()));
    let mode = |path: &Path| Some(fs::metadata(path).ok()?.permissions().mode() & 0o777);
    // The modes of the files; one that goes meanwhile has none.
    let modes = |directory: &Path| -> Vec<u32> {
        let entries = fs::read_dir(directory).into_iter().flatten();
        entries
            .filter_map(|entry| mode(&entry.ok()?.path()))
            .collect()
    };
    assert_eq!(mode(&directory), Some(0o700));
    assert_eq!(modes(&directory), [0o600]);
    // Other tests replace the last run while this one looks at it.
    let last = shared_cache().join("last-run");
    let mut files = Vec::new();
    for _ in 0..100 {
        files = modes(&last);
        if !files.is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(mode(&last).unwrap_or(0o700), 0o700);
    assert!(!files.is_empty() && files.iter().all(|mode| *mode == 0o600));
}

/// Each test races with other locks held; all have been used before.
const LOCKS: &str = r#"
-- go.mod --
module example.com/locks

go 1.24
-- a_test.go --
package locks

import (
	"sync"
	"testing"
	"time"
)

var (
	one, two sync.Mutex
	both     sync.RWMutex
)

type object struct{ a, b, c int }

//go:noinline
func create() *object { return &object{} }

func earlier(l sync.Locker, f func()) {
	if l != nil {
		l.Lock()
		defer l.Unlock()
	}
	f()
}

func later(l sync.Locker, f func()) {
	if l != nil {
		l.Lock()
		defer l.Unlock()
	}
	f()
}

func race(first, second sync.Locker) {
	one.Lock()
	two.Lock()
	one.Unlock()
	two.Unlock()
	both.RLock()
	both.RUnlock()
	both.Lock()
	both.Unlock()
	o := create()
	done := make(chan bool)
	go func() {
		earlier(nil, func() { o.a = 1 })
		earlier(first, func() { o.b = 1 })
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	later(nil, func() { o.c = 1 })
	later(second, func() { o.b = 1 })
	<-done
}

func TestMutexes(t *testing.T)  { race(&one, &two) }
func TestReaders(t *testing.T)  { race(both.RLocker(), both.RLocker()) }
func TestWriter(t *testing.T)   { race(&both, nil) }
func TestUnlocked(t *testing.T) { race(nil, nil) }
"#;

const SERVER: &str = r#"
-- go.mod --
module example.com/server

go 1.24
-- main.go --
package main

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

var visits int

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(50 * time.Millisecond)
		visits++
		fmt.Fprintln(w, visits)
	})
	http.Serve(listener, nil)
}
"#;

#[test]
fn a_server_that_is_killed_leaves_its_races() {
    let module = Module::new(SERVER);
    let built = gosan(module.path())
        .args(["build", "-o", "server"])
        .status();
    assert!(built.unwrap().success());
    let mut server = Command::new(module.path().join("server"))
        .current_dir(module.path())
        .env("GORACE", "record_path=races print=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut address).unwrap();
    let visit = |_| {
        let mut visit = TcpStream::connect(address.trim()).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        visit.write_all(request.as_bytes()).unwrap();
        visit
    };
    let visits: Vec<_> = (0..8).map(visit).collect();
    for mut visit in visits {
        visit.read_to_string(&mut String::new()).unwrap();
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let mut printed = String::new();
    let mut stderr = server.stderr.take().unwrap();
    stderr.read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "", "print=0");
    let records = read(&module.path().join("races"));
    assert!(!records.races.is_empty() && records.cut.is_empty());
    let symbol = records.races[0].object.symbol.as_deref();
    assert_eq!(symbol, Some("main.visits"));
    assert_eq!(records.processes[0].command.len(), 1);
}

/// Runs by itself what `gosan test -c` made, and by itself is how it ends.
#[test]
fn a_directory_that_cannot_be_written_is_named_and_the_race_is_printed() {
    let module = ways();
    let built = gosan(module.path()).args(["test", "-c", "./json"]).status();
    assert!(built.unwrap().success());
    let output = Command::new(module.path().join("json.test"))
        .env("GORACE", "record_path=/proc/nowhere print=0")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(
        printed.contains("gosan: cannot write records of races to /proc/nowhere"),
        "{printed}"
    );
    assert!(printed.contains("WARNING: DATA RACE"), "{printed}");
}

/// The same race, in another place, further down, and the other way round.
#[test]
fn a_fingerprint_outlives_moves_and_runs() {
    let fingerprint = |archive: &str, words: &[&str]| {
        let run = test(&Module::new(archive), words);
        run.race().fingerprint
    };
    let source = |before: &str, order: &str| {
        format!(
            "\n-- go.mod --\nmodule example.com/f\n\ngo 1.24\n-- f_test.go --\npackage f\n\n\
             import (\n\t\"testing\"\n\t\"time\"\n)\n\n{before}func left(p *int) {{ *p = 1 }}\n\n\
             func right(p *int) {{\n\tif *p == 7 {{\n\t\tpanic(1)\n\t}}\n}}\n\n\
             func TestF(t *testing.T) {{\n\tp := new(int)\n\tdone := make(chan bool)\n{order}\t<-done\n}}\n"
        )
    };
    let order = |first: &str, second: &str| {
        format!(
            "\tgo func() {{\n\t\t{first}(p)\n\t\ttime.Sleep(20 * time.Millisecond)\n\t\tdone <- true\n\t}}()\n\
             \ttime.Sleep(10 * time.Millisecond)\n\t{second}(p)\n"
        )
    };
    let one = fingerprint(&source("", &order("left", "right")), &["."]);
    let moved = source("// Moved.\n\nvar _ = 1\n\n", &order("right", "left"));
    assert_eq!(fingerprint(&moved, &["."]), one);
    assert_eq!(fingerprint(&moved, &["-trimpath", "-gcflags=-l", "."]), one);
    let other = source("", &order("left", "left"));
    assert_ne!(fingerprint(&other, &["."]), one);
}
