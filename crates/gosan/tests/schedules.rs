//! `gosan test --schedules` and `--schedule-seed`, on small modules.

mod common;

use std::path::Path;
use std::process::Output;

use common::{Module, gosan};

/// A race between a result and a timeout, beside tests that have none.
const HIDDEN: &str = r#"
-- go.mod --
module example.com/hidden

go 1.24
-- hidden_test.go --
package hidden

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestHidden(t *testing.T) {
	shared := 0
	done := make(chan bool)
	go func() {
		defer close(done)
		time.Sleep(400 * time.Millisecond)
		shared++
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	shared++
}

func TestOrdered(t *testing.T) {
	done := make(chan int)
	go func() { done <- 1 }()
	<-done
}

func TestUnseen(t *testing.T) {
	child := exec.Command("env")
	out, err := child.Output()
	if err != nil {
		t.Skip(err)
	}
	for _, entry := range append(os.Environ(), string(out)) {
		for i := 0; i+5 <= len(entry); i++ {
			if entry[i:i+5] == "GOSAN" && (i+8 > len(entry) || entry[i:i+8] != "GOSAN_CA") {
				t.Error(entry)
			}
		}
	}
}
"#;

/// A test that fails when it takes long, and has no race.
const HASTY: &str = r#"
-- go.mod --
module example.com/hasty

go 1.24
-- hasty_test.go --
package hasty

import (
	"sync"
	"testing"
	"time"
)

func TestHasty(t *testing.T) {
	begun := time.Now()
	for range 40 {
		done := make(chan bool)
		go func() {
			defer close(done)
			var mu sync.Mutex
			mu.Lock()
			mu.Unlock()
		}()
		<-done
	}
	if time.Since(begun) > 20*time.Millisecond {
		t.Error("too slow")
	}
}
"#;

/// A race that each round can have, beside a test that fails, and one that ends the
/// program, where it runs for the second time in a process.
const ONCE: &str = r#"
-- go.mod --
module example.com/once

go 1.24
-- once_test.go --
package once

import (
	"flag"
	"sync"
	"testing"
	"time"
)

func start() {
	done := make(chan bool)
	go close(done)
	<-done
}

func TestFlag(t *testing.T) {
	start()
	flag.Int("once", 1, "cannot be defined twice")
}

var seen bool

func TestState(t *testing.T) {
	start()
	if seen {
		t.Error("was here before")
	}
	seen = true
}

func TestRace(t *testing.T) {
	start()
	var mu sync.Mutex
	shared, ready := 0, false
	done := make(chan bool)
	go func() {
		defer close(done)
		time.Sleep(10 * time.Millisecond)
		shared++
		mu.Lock()
		ready = true
		mu.Unlock()
	}()
	time.Sleep(30 * time.Millisecond)
	mu.Lock()
	_ = ready
	mu.Unlock()
	shared++
	<-done
}
"#;

/// A long test and a short one, which count how often they run.
const LONG: &str = r#"
-- go.mod --
module example.com/long

go 1.24
-- long_test.go --
package long

import (
	"os"
	"os/exec"
	"testing"
)

func count(t *testing.T) {
	done := make(chan bool)
	go close(done)
	<-done
	file, err := os.OpenFile(t.Name(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("."); err != nil {
		t.Fatal(err)
	}
}

func TestLong(t *testing.T) {
	count(t)
	// Schedules leave out sleeps of the program's own, not those of others.
	if err := exec.Command("sleep", "1.3").Run(); err != nil {
		t.Skip(err)
	}
}

func TestShort(t *testing.T) {
	count(t)
}
"#;

/// What looks at the clock: a sleep, which takes as long as it says, and a race behind a
/// branch that only time takes.
const CLOCK: &str = r#"
-- go.mod --
module example.com/clock

go 1.24
-- clock_test.go --
package clock

import (
	"sync"
	"testing"
	"time"
)

func TestSleeps(t *testing.T) {
	begun, wall := time.Now(), time.Now().Round(0)
	done := make(chan bool)
	go func() {
		var mu sync.Mutex
		for range 40 {
			mu.Lock()
			mu.Unlock()
		}
	}()
	go func() {
		defer close(done)
		for range 10 {
			time.Sleep(5 * time.Millisecond)
		}
		<-time.After(30 * time.Millisecond)
	}()
	<-done
	if time.Since(begun) < 80*time.Millisecond || time.Now().Round(0).Sub(wall) < 79*time.Millisecond {
		t.Error("woke up early")
	}
}

func TestExpires(t *testing.T) {
	refreshed := 0
	issued := time.Now()
	done := make(chan bool)
	go func() {
		defer close(done)
		if time.Since(issued) > 50*time.Millisecond {
			refreshed++
		}
	}()
	refreshed++
	<-done
}
"#;

/// Sleeps, by a clock that schedules do not change: alone, and beside one who waits for a
/// connection.
const NAPS: &str = r#"
-- go.mod --
module example.com/naps

go 1.24
-- naps_test.go --
package naps

import (
	"net"
	"syscall"
	"testing"
	"time"
)

func realTime() time.Duration {
	var now syscall.Timeval
	if err := syscall.Gettimeofday(&now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}

func nap(nap time.Duration) time.Duration {
	begun := realTime()
	done := make(chan bool)
	go func() {
		time.Sleep(nap)
		close(done)
	}()
	<-done
	return realTime() - begun
}

func TestNaps(t *testing.T) {
	if took := nap(1900 * time.Millisecond); took > 1500*time.Millisecond {
		t.Error("slept", took)
	}
}

func TestListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	go listener.Accept()
	time.Sleep(10 * time.Millisecond)
	if took := nap(200 * time.Millisecond); took < 199*time.Millisecond {
		t.Error("slept", took)
	}
}
"#;

fn run(dir: &Path, words: &[&str]) -> Output {
    gosan(dir).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn finds_what_one_run_does_not_and_says_how_to_find_it_again() {
    let module = Module::new(HIDDEN);
    let plain = run(module.path(), &["test", "-count=1", "."]);
    assert!(plain.status.success(), "{}", text(&plain.stdout));

    let found = run(module.path(), &["test", "--schedules", "10", "."]);
    let out = text(&found.stdout);
    let err = text(&found.stderr);
    assert_eq!(found.status.code(), Some(1), "{out}\n{err}");
    assert_eq!(out.matches("WARNING: DATA RACE").count(), 1, "once:\n{out}");
    assert!(
        out.contains("--- FAIL: TestHidden (under a schedule)"),
        "{out}"
    );
    assert!(
        err.contains("1 race found by schedules, none in the first run"),
        "{err}"
    );
    // More where one ended badly, since its tests get runs of their own then.
    let runs = err
        .split(" runs under schedules after the first")
        .next()
        .unwrap();
    let runs: u32 = runs.rsplit(' ').next().unwrap().parse().expect(&err);
    assert!(runs >= 9, "{err}");

    let command = out.split("runs by: ").nth(1).expect(&out);
    let command = command.lines().next().unwrap();
    assert!(command.contains("-run '^TestHidden$' ."), "{command}");
    let words: Vec<String> = command
        .split(' ')
        .skip(1)
        .map(|word| word.trim_matches('\'').to_owned())
        .collect();
    let found_again = (0..5).filter(|_| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let again = run(module.path(), &words);
        text(&again.stdout).contains("WARNING: DATA RACE")
    });
    assert!(found_again.count() >= 3, "{command}");
}

#[test]
fn json_stays_json_and_names_the_test() {
    let module = Module::new(HIDDEN);
    let found = run(
        module.path(),
        &[
            "test",
            "--schedules",
            "10",
            "--find-again",
            "2",
            "-json",
            ".",
        ],
    );
    let out = text(&found.stdout);
    let events: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let is = |event: &&serde_json::Value, action: &str| {
        event["Action"] == action
            && event["Test"] == "TestHidden"
            && event["Package"] == "example.com/hidden"
    };
    assert!(events.iter().any(|event| is(&event, "pass")), "{out}");
    assert!(events.iter().any(|event| is(&event, "fail")), "{out}");
    let last = events.last().unwrap();
    assert_eq!(last["Action"], "fail");
    assert_eq!(last.get("Test"), None);
}

#[test]
fn says_why_nothing_was_run() {
    for (body, why) in [
        ("missing()", "there is no test program"),
        ("t.Log(1)", "no test starts a goroutine"),
    ] {
        let module = Module::new(&format!(
            r#"
-- go.mod --
module example.com/alone

go 1.24
-- alone_test.go --
package alone

import "testing"

func TestAlone(t *testing.T) {{
	{body}
}}
"#
        ));
        let done = run(module.path(), &["test", "--schedules", "3", "."]);
        let err = text(&done.stderr);
        assert!(
            err.contains(&format!("nothing was run under schedules: {why}\n")),
            "{err}"
        );
        assert!(!err.contains("races found"), "{err}");
    }
}

#[test]
fn a_test_that_fails_by_its_delay_is_no_race() {
    let module = Module::new(HASTY);
    let done = run(module.path(), &["test", "--schedules", "6", "."]);
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert!(!out.contains("DATA RACE"), "{out}");
    assert!(err.contains("0 races found by schedules"), "{err}");
    if out.contains("too slow") {
        // The machine itself was slow, and `go test` has told of that.
        assert!(!err.contains("when delayed"), "{err}");
        return;
    }
    assert!(
        err.contains("TestHasty failed when delayed, without a race"),
        "{err}"
    );
    assert!(done.status.success(), "{out}");
}

#[test]
fn tests_that_cannot_run_twice_in_a_process_are_not_told_as_failing() {
    let module = Module::new(ONCE);
    let done = run(
        module.path(),
        &["test", "--schedules", "5", "--find-again", "0", "."],
    );
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert!(out.contains("WARNING: DATA RACE"), "{out}\n{err}");
    assert!(!err.contains("TestFlag"), "{err}");
    assert!(!err.contains("TestState"), "{err}");
    let schedules = err.split(" schedules in all").next().unwrap();
    let schedules = schedules.rsplit(' ').next().unwrap();
    let schedules: u32 = schedules.parse().expect(&err);
    assert!(schedules > 12, "the tests that can have several: {err}");
}

#[test]
fn a_long_test_does_not_keep_short_ones_from_their_rounds() {
    let module = Module::new(LONG);
    let done = run(module.path(), &["test", "--schedules", "3", "."]);
    assert!(done.status.success(), "{}", text(&done.stdout));
    let runs = |test: &str| {
        let counted = std::fs::read(module.path().join(test)).unwrap_or_default();
        counted.len()
    };
    let (long, short) = (runs("TestLong"), runs("TestShort"));
    assert!(long <= 3 && short > long + 3, "{long}, {short}");
}

#[test]
fn the_clock_shows_what_was_left_out_and_leaps_ahead() {
    let module = Module::new(CLOCK);
    let sleeps = [
        "test",
        "--schedule-seed",
        "take-00000001",
        "-run",
        "^TestSleeps$",
        ".",
    ];
    let done = run(module.path(), &sleeps);
    assert!(done.status.success(), "{}", text(&done.stdout));
    let expires = [
        "test",
        "--schedules",
        "10",
        "--find-again",
        "0",
        "-run",
        "^TestExpires$",
        ".",
    ];
    let done = run(module.path(), &expires);
    let out = text(&done.stdout);
    assert_eq!(out.matches("WARNING: DATA RACE").count(), 1, "{out}");
}

#[test]
fn waiting_takes_no_time_unless_it_is_for_others() {
    let module = Module::new(NAPS);
    let done = run(
        module.path(),
        &["test", "--schedule-seed", "yield-00000001", "."],
    );
    assert!(done.status.success(), "{}", text(&done.stdout));
}

#[test]
fn the_first_run_keeps_the_users_flags() {
    let module = Module::new(HIDDEN);
    let runner = module.path().join("runner");
    let script = "#!/bin/sh\necho started with $RUNNER\nexec \"$@\"\n";
    gosan_testing::write_script(&runner, script);
    let done = gosan(module.path())
        .env("RUNNER", "care")
        .args([
            "test",
            "--schedules",
            "3",
            "-v",
            "-coverprofile=c.out",
            "-run",
            "Ordered",
        ])
        .arg(format!("-exec={}", runner.display()))
        .arg(".")
        .output()
        .unwrap();
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    assert_eq!(out.matches("started with care").count(), 1, "{out}");
    assert!(out.contains("=== RUN   TestOrdered"), "{out}");
    assert!(!out.contains("TestHidden"), "{out}");
    assert!(module.path().join("c.out").is_file());
    assert!(
        err.contains("2 runs under schedules after the first"),
        "{err}"
    );
}

#[test]
fn races_go_into_reports_and_those_of_the_baseline_do_not_count() {
    let module = Module::new(HIDDEN);
    let common = ["test", "--schedules", "6", "--find-again", "0"];
    let with = |words: &[&str]| {
        let mut all = common.to_vec();
        all.extend(["--baseline", "races.txt"]);
        all.extend(words);
        all.extend(["-run=TestHidden", "."]);
        run(module.path(), &all)
    };
    let first = with(&[
        "--update-baseline",
        "--format=terminal",
        "--report=json=races.json",
    ]);
    let (out, err) = (text(&first.stdout), text(&first.stderr));
    assert_eq!(first.status.code(), Some(1), "{out}\n{err}");
    assert!(!out.contains("WARNING: DATA RACE"), "{out}");
    assert!(out.contains("race: example.com/hidden.TestHidden"), "{out}");
    assert!(err.contains("`shared` is "), "{err}");
    let report = std::fs::read_to_string(module.path().join("races.json")).unwrap();
    assert!(report.contains("\"test\":\"TestHidden\""), "{report}");

    let again = with(&[]);
    let (out, err) = (text(&again.stdout), text(&again.stderr));
    assert!(again.status.success(), "{out}\n{err}");
    assert!(err.contains("0 races found by schedules"), "{err}");
}

#[test]
fn refuses_what_makes_no_sense_and_says_why() {
    let module = Module::new(HIDDEN);
    for (words, reason) in [
        (vec!["--schedules", "3", "-c", "."], "-c runs no tests"),
        (vec!["--schedules", "0", "."], "0"),
        (vec!["--schedules", "3", "--budget", "soon", "."], "soon"),
        (vec!["--budget", "2m", "."], "--schedules"),
        (vec!["--schedule-seed", "nosuch-1", "."], "nosuch-1"),
    ] {
        let mut all = vec!["test"];
        all.extend(&words);
        let done = run(module.path(), &all);
        assert!(!done.status.success(), "{words:?}");
        let err = text(&done.stderr);
        assert!(err.contains(reason), "{words:?}: {err}");
    }
}

#[test]
fn a_budget_ends_the_runs() {
    let module = Module::new(HIDDEN);
    let done = run(
        module.path(),
        &[
            "test",
            "--schedules",
            "100000",
            "--budget",
            "1ms",
            "-run=Ordered",
            ".",
        ],
    );
    let err = text(&done.stderr);
    assert!(done.status.success(), "{err}");
    assert!(err.contains("ended since the time was over"), "{err}");
    let done = run(
        module.path(),
        &["test", "--schedules", "100000", "-run=Ordered", "."],
    );
    let err = text(&done.stderr);
    assert!(
        err.contains("nothing new had come for long enough"),
        "{err}"
    );
}
