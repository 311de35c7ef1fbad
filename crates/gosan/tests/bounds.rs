//! Bounds that were reached are told, with counts, and only then.

mod common;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use assert_cmd::assert::OutputAssertExt;
use common::{Module, gosan};

const PROGRAM: &str = r#"
-- go.mod --
module example.com/bounds

go 1.24
-- main.go --
package main

import (
	"os"
	"sync"
	"time"
)

var shared int

func race() {
	done := make(chan bool, 1)
	go func() {
		shared = 1
		done <- true
	}()
	for len(done) == 0 {
		time.Sleep(time.Millisecond)
	}
	shared = 2
}

// crowd races at one place with more goroutines than one word keeps.
func crowd() {
	var done sync.WaitGroup
	for range 300 {
		done.Add(1)
		go func() {
			defer done.Done()
			shared = 3
		}()
	}
	done.Wait()
}

func fall(depth int) {
	if depth == 0 {
		race()
		return
	}
	fall(depth - 1)
}

// configured has many goroutines that end read words that nobody ever writes.
func configured() {
	words := make([]int64, 64)
	var done sync.WaitGroup
	for range 40_000 {
		done.Add(1)
		go func() {
			defer done.Done()
			sum := int64(0)
			for i := range words {
				sum += words[i]
			}
			if sum != 0 {
				panic("they are zero")
			}
		}()
	}
	done.Wait()
}

func main() {
	switch os.Getenv("CASE") {
	case "race":
		race()
	case "crowd":
		crowd()
	case "recursion":
		fall(1000)
		os.Exit(3)
	case "configured":
		configured()
	}
}
"#;

fn run(case: &str) -> Output {
    static BINARY: OnceLock<(Module, PathBuf)> = OnceLock::new();
    let (module, binary) = BINARY.get_or_init(|| {
        let module = Module::new(PROGRAM);
        let binary = module.path().join("bounds");
        gosan(module.path())
            .args(["build", "-o"])
            .arg(&binary)
            .assert()
            .success();
        (module, binary)
    });
    let mut command = Command::new(binary);
    command
        .current_dir(module.path())
        .env("CASE", case)
        .env_remove("GORACE");
    command.output().expect("it starts")
}

/// The lines that tell of bounds, and whether the last line is one.
fn told(output: &Output) -> (Vec<String>, bool) {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_told = |line: &&str| line.starts_with("gosan: bounds reached: ");
    let lines: Vec<String> = text.lines().filter(is_told).map(str::to_owned).collect();
    let last = text.lines().last().is_some_and(|line| is_told(&line));
    (lines, last)
}

#[test]
fn nothing_is_said_where_no_bound_was_reached() {
    let output = run("race");
    assert_eq!(output.status.code(), Some(66));
    assert_eq!(told(&output), (Vec::new(), false));
}

#[test]
fn records_that_gave_way_are_told_at_the_end() {
    let output = run("crowd");
    assert_eq!(output.status.code(), Some(66));
    let (lines, last) = told(&output);
    assert!(last, "{lines:?}");
    let line = lines.last().expect("a line");
    assert!(line.contains(" records of accesses that had raced gave way"));
    assert!(line.ends_with("can have been missed"));
}

#[test]
fn folded_stacks_are_told_behind_the_report_since_the_end_may_not_come() {
    let output = run("recursion");
    assert_eq!(output.status.code(), Some(3));
    let (lines, last) = told(&output);
    assert!(last && lines.len() == 1, "{lines:?}");
    assert!(lines[0].contains(" calling contexts leave out repeats"));
    assert!(lines[0].ends_with("no race is missed for it"));
}

#[test]
fn dropped_records_are_told_even_if_no_race_was_found() {
    let output = run("configured");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (lines, last) = told(&output);
    assert!(last && lines.len() == 1, "{lines:?}");
    assert!(lines[0].contains(" records of ended goroutines were dropped"));
}
