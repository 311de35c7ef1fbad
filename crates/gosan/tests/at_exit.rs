//! The end of a program: it waits for accesses that are about to happen, and
//! for nothing else.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use common::{Module, gosan};

const PROGRAM: &str = r#"
-- go.mod --
module example.com/ends

go 1.24
-- main_test.go --
package main

import (
	"os"
	"runtime"
	"testing"
	"time"
)

var shared int

func TestMain(m *testing.M) {
	switch os.Getenv("CASE") {
	case "idle":
	case "late":
		answer := make(chan bool)
		go func() {
			answer <- true
			shared++
		}()
		<-answer
		shared++
	case "sleeper":
		go func() {
			time.Sleep(100 * time.Millisecond)
			shared++
		}()
		shared++
	case "long sleeper":
		go func() {
			time.Sleep(time.Hour)
			shared++
		}()
		shared++
	case "spinner":
		go func() {
			for {
			}
		}()
	case "blocked":
		go func() { select {} }()
		time.NewTicker(time.Millisecond)
	case "locked":
		runtime.LockOSThread()
		go func() { shared++ }()
		shared++
	case "many":
		for range 8 {
			go os.Exit(0)
		}
	case "bubble":
		m.Run()
	}
	os.Exit(0)
}

-- bubble_test.go --
//go:build go1.25

package main

import (
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go func() { time.Sleep(time.Hour) }()
		os.Exit(0)
	})
}
"#;

/// The program, built once.
fn program() -> &'static Path {
    static PROGRAM_PATH: OnceLock<(Module, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM_PATH.get_or_init(|| {
        let module = Module::new(PROGRAM);
        gosan(module.path())
            .args(["test", "-c", "-o", "ends"])
            .assert()
            .success();
        let path = module.path().join("ends");
        (module, path)
    });
    path
}

/// Runs one case and returns its exit code and how long it took.
fn run(case: &str, limit_ms: u32, processors: u32) -> (i32, Duration) {
    let mut command = Command::new(program());
    command.env("CASE", case);
    command.env("GORACE", format!("atexit_sleep_ms={limit_ms}"));
    command.env("GOMAXPROCS", processors.to_string());
    let start = Instant::now();
    let output = command.output().unwrap();
    let took = start.elapsed();
    let code = output.status.code();
    let text = String::from_utf8_lossy(&output.stderr);
    (code.unwrap_or_else(|| panic!("{case}: {text}")), took)
}

/// Long enough to be told from any wait that is meant to be short.
const LONG: u32 = 30_000;

#[test]
fn what_is_about_to_happen_is_seen() {
    for processors in [1, 2] {
        for case in ["late", "sleeper", "locked"] {
            let (code, took) = run(case, LONG, processors);
            assert_eq!(code, 66, "{case}");
            assert!(took < Duration::from_secs(15), "{case}: {took:?}");
        }
    }
}

#[test]
fn nothing_else_is_waited_for() {
    for processors in [1, 2] {
        for case in ["idle", "long sleeper", "blocked", "many"] {
            let (code, took) = run(case, LONG, processors);
            assert_eq!(code, 0, "{case}");
            assert!(took < Duration::from_secs(15), "{case}: {took:?}");
        }
    }
}

#[test]
fn the_wait_ends_in_time() {
    for processors in [1, 2] {
        let (code, took) = run("spinner", 300, processors);
        assert_eq!(code, 0);
        assert!(took >= Duration::from_millis(300), "{took:?}");
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
    let (code, _) = run("sleeper", 0, 2);
    assert_eq!(code, 0, "a wait of 0 ms does not see an access 100 ms away");
}

#[test]
fn a_bubble_may_end_the_program() {
    for processors in [1, 2] {
        let (code, took) = run("bubble", LONG, processors);
        assert_eq!(code, 0);
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
}
