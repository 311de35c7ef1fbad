//! The text of reports, beside stock's on the same program, and the options in
//! GORACE that change it.

mod common;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use common::{Module, gosan};
use predicates::prelude::*;

/// Races of many shapes, one after the other; the first accesses come first by
/// sleeping, which orders nothing.
const PROGRAM: &str = r#"
-- go.mod --
module example.com/reports

go 1.24
-- main.go --
package main

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

type point struct{ x, y, z int64 }

func (p *point) move() { p.x++ }

func set[T any](to *T, value T) { *to = value }

func inner(p *int) { *p = 1 }

//go:noinline
func bump(n *int64) { atomic.AddInt64(n, 1) }

//go:noinline
func outer(p *int) { inner(p) }

func apart(first, second func()) {
	done := make(chan bool)
	go func() {
		first()
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	second()
	<-done
}

func finished(first, second func()) {
	go first()
	time.Sleep(10 * time.Millisecond)
	second()
}

func nested(first, second func()) {
	done := make(chan bool)
	go func() {
		go func() { first(); done <- true }()
		time.Sleep(20 * time.Millisecond)
		<-done
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	second()
	<-done
}

func main() {
	only := ""
	if len(os.Args) > 1 {
		only = os.Args[1]
	}
	var sum int64
	add := func(n int64) { sum += n }
	run := func(name string, race func()) {
		if only == "" || only == name {
			race()
		}
	}
	run("plain", func() {
		n := new(int)
		apart(func() { *n = 1 }, func() { add(int64(*n)) })
	})
	run("finished", func() {
		n := new(int)
		finished(func() { *n = 1 }, func() { *n = 2 })
	})
	run("nested", func() {
		n := new(int)
		nested(func() { add(int64(*n)) }, func() { *n = 2 })
	})
	run("inlined", func() {
		n := new(int)
		apart(func() { outer(n) }, func() { inner(n) })
	})
	run("generic", func() {
		s := new(string)
		apart(func() { set(s, "a") }, func() { set(s, "b") })
	})
	run("method", func() {
		p := &point{}
		apart(p.move, func() { *p = point{} })
	})
	run("map", func() {
		m := map[string]int{}
		apart(func() { m["a"] = 1 }, func() { add(int64(m["a"])) })
	})
	run("slice", func() {
		b := make([]byte, 64)
		apart(func() { b[37] = 1 }, func() { copy(b, make([]byte, 64)) })
	})
	run("sort", func() {
		words := strings.Fields("d c b a")
		apart(func() { words[2] = "x" }, func() { slices.Sort(words) })
	})
	run("atomic", func() {
		n := new(int64)
		apart(func() { bump(n) }, func() { *n = 2 })
	})
	run("increment", func() {
		n := new(int)
		apart(func() { *n++ }, func() { *n++ })
	})
	run("twice", func() {
		for range 2 {
			n := new(int)
			apart(func() { *n = 1 }, func() { *n = 2 })
		}
	})
	run("two lines", func() {
		n := new(int)
		apart(func() { *n = 1 }, func() { *n = 2 })
		finished(func() { *n = 3 }, func() { *n = 4 })
	})
	run("exit3", func() {
		n := new(int)
		apart(func() { *n = 1 }, func() { *n = 2 })
		os.Exit(3)
	})
}
"#;

const SHAPES: &[&str] = &[
    "plain",
    "finished",
    "nested",
    "inlined",
    "generic",
    "method",
    "map",
    "slice",
    "sort",
    "increment",
    "twice",
];

struct Programs {
    module: Module,
    gosan: PathBuf,
    stock: PathBuf,
}

/// The program, built once by each.
fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let module = Module::new(PROGRAM);
        let (ours, theirs) = (module.path().join("ours"), module.path().join("theirs"));
        let mut build = gosan(module.path());
        assert!(
            build
                .args(["build", "-o"])
                .arg(&ours)
                .arg(".")
                .status()
                .unwrap()
                .success()
        );
        let mut build = Command::new("go");
        build.current_dir(module.path()).env_remove("GOFLAGS");
        build.args(["build", "-race", "-o"]).arg(&theirs).arg(".");
        assert!(build.status().unwrap().success());
        Programs {
            module,
            gosan: ours,
            stock: theirs,
        }
    })
}

fn run(program: &PathBuf, gorace: &str, shape: &str) -> Output {
    let options = format!("atexit_sleep_ms=100 {gorace}");
    let mut command = Command::new(program);
    command.current_dir(programs().module.path());
    command
        .env("GORACE", options)
        .env_remove("GODEBUG")
        .arg(shape)
        .output()
        .unwrap()
}

fn ours(gorace: &str, shape: &str) -> Output {
    run(&programs().gosan, gorace, shape)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn reports(output: &Output) -> usize {
    text(output).matches("WARNING: DATA RACE").count()
}

/// The text with what differs from run to run, or from GOROOT to GOROOT, left
/// out: addresses, offsets, and the numbers of goroutines, which count from the
/// first that is named.
fn comparable(output: &Output) -> String {
    let mut numbers: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for line in text(output).lines() {
        let line = line.split(" +0x").next().unwrap_or(line);
        let words = line.split(' ').map(|word| {
            let number = word.trim_end_matches(':');
            if word.starts_with("0x") {
                "ADDRESS".to_owned()
            } else if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                let seen = numbers.iter().position(|seen| seen == number);
                let index = seen.unwrap_or_else(|| {
                    numbers.push(number.to_owned());
                    numbers.len() - 1
                });
                format!("#{index}{}", if word.ends_with(':') { ":" } else { "" })
            } else {
                word.to_owned()
            }
        });
        lines.push(words.collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

#[test]
fn the_text_is_stocks() {
    for shape in SHAPES {
        // Stock is silent on what comes second in a word.
        let once = "suppress_equal_addresses=1";
        let (ours, stock) = (ours(once, shape), run(&programs().stock, once, shape));
        assert!(reports(&stock) > 0, "stock sees no race in {shape}");
        assert_eq!(ours.status.code(), stock.status.code(), "{shape}");
        assert_eq!(comparable(&ours), comparable(&stock), "{shape}");
    }
}

/// The text without the frames whose place ends in this, and how many these are.
fn without_frames(text: &str, place: &str) -> (String, usize) {
    let mut lines: Vec<&str> = Vec::new();
    let mut left_out = 0;
    for line in text.lines() {
        if line.ends_with(place) {
            lines.pop();
            left_out += 1;
        } else {
            lines.push(line);
        }
    }
    (lines.join("\n"), left_out)
}

#[test]
fn an_atomic_has_the_users_frame_where_stock_has_the_compilers() {
    let (ours, stock) = (ours("", "atomic"), run(&programs().stock, "", "atomic"));
    let (ours, stock) = (comparable(&ours), comparable(&stock));
    let number = PROGRAM.lines().position(|line| line.contains("atomic.Add"));
    let first = PROGRAM.lines().position(|line| line == "package main");
    let line = number.unwrap() - first.unwrap() + 1;
    let (ours, users) = without_frames(&ours, &format!("main.go:{line}"));
    let (stock, compilers) = without_frames(&stock, "<autogenerated>:1");
    assert_eq!((users, compilers), (1, 1), "{ours}\n{stock}");
    assert_eq!(ours, stock);
}

#[test]
fn a_second_race_in_a_word_is_reported_unless_that_is_not_wanted() {
    let every = reports(&ours("", "two lines"));
    let first = reports(&ours("suppress_equal_addresses=1", "two lines"));
    assert_eq!((every, first), (2, 1));
}

#[test]
fn equal_stacks_are_reported_once_unless_all_are_wanted() {
    assert_eq!(reports(&ours("", "twice")), 1);
    assert_eq!(reports(&ours("suppress_equal_stacks=0", "twice")), 2);
}

#[test]
fn the_exit_code_replaces_success_only() {
    assert_eq!(ours("", "plain").status.code(), Some(66));
    assert_eq!(ours("exitcode=7", "plain").status.code(), Some(7));
    assert_eq!(ours("exitcode=0", "plain").status.code(), Some(0));
    let failed = ours("", "exit3");
    assert_eq!(failed.status.code(), Some(3));
    assert_eq!(reports(&failed), 1, "a report does not wait for the end");
}

#[test]
fn halting_ends_with_the_first_report() {
    let halted = ours("halt_on_error=1", "");
    assert_eq!((reports(&halted), halted.status.code()), (1, Some(66)));
    assert!(!text(&halted).contains("Found"));
}

#[test]
fn reports_can_go_to_a_file() {
    let log = programs().module.path().join("log");
    let output = ours(&format!("log_path={}", log.display()), "plain");
    assert_eq!(reports(&output), 0);
    let pattern = programs().module.path();
    let logged: Vec<String> = std::fs::read_dir(pattern)
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            name.strip_prefix("log.")?.parse::<u32>().ok()?;
            std::fs::read_to_string(entry.path()).ok()
        })
        .collect();
    assert_eq!(logged.len(), 1, "one file, named for the process");
    assert!(logged[0].contains("WARNING: DATA RACE"));
    assert!(logged[0].contains("Found 1 data race(s)"));
    let nowhere = ours("log_path=/nonexistent/folder/log", "plain");
    assert_eq!(reports(&nowhere), 1, "a report is never lost");
    assert!(text(&nowhere).contains("/nonexistent/folder/log"));
}

#[test]
fn a_prefix_of_paths_can_be_left_out() {
    let prefix = format!("{}/", programs().module.path().display());
    let output = ours(&format!("strip_path_prefix={prefix}"), "plain");
    assert!(
        text(&output).contains("\n      main.go:"),
        "{}",
        text(&output)
    );
}

#[test]
fn suppressed_races_do_not_count() {
    let file = programs().module.path().join("suppressions");
    for (rules, shape, expected) in [
        ("# a comment\n\nrace:main.outer\n", "inlined", 0),
        ("race:main.go\n", "plain", 0),
        ("race_top:^main.set\n", "generic", 0),
        ("race_top:main.apart\n", "generic", 1),
        ("race:nothing.of.the.kind\n", "generic", 1),
    ] {
        std::fs::write(&file, rules).unwrap();
        let output = ours(&format!("suppressions={}", file.display()), shape);
        assert_eq!(reports(&output), expected, "{rules:?}: {}", text(&output));
        assert_eq!(
            output.status.code(),
            Some(if expected == 0 { 0 } else { 66 })
        );
    }
}

#[test]
fn mistakes_in_gorace_are_named() {
    let output = ours("history_size=7 hystory_size=7 exitcode=many", "plain");
    let named = predicate::str::contains("hystory_size")
        .and(predicate::str::contains("exitcode"))
        .and(predicate::str::contains("GORACE"))
        .and(predicate::str::contains(" history_size").not());
    assert!(named.eval(&text(&output)), "{}", text(&output));
    assert_eq!(reports(&output), 1);

    let missing = ours("suppressions=/nonexistent/rules", "plain");
    assert!(text(&missing).contains("/nonexistent/rules"));
    assert_eq!(missing.status.code(), Some(1));
    let file = programs().module.path().join("broken");
    std::fs::write(&file, "race:fine\nno rule\n").unwrap();
    let broken = ours(&format!("suppressions={}", file.display()), "plain");
    assert!(
        text(&broken).contains(&format!("{}:2", file.display())),
        "{}",
        text(&broken)
    );
    assert_eq!(broken.status.code(), Some(1));
}
