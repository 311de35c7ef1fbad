//! Races of real programs in every rendering: snapshots on the corpus, and who
//! prints what, when.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use common::{Module, gosan};
use regex::{Captures, Regex};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).expect("text")
}

/// Takes out what differs between runs, machines and versions of Go.
fn redacted(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            // Go's own files, and their lines in each form.
            (
                r"(?:\[ROOT\])?/[^ \x22]*?/src/((?:internal/runtime|runtime|testing)/)",
                "[GOROOT]/src/$1",
            ),
            (
                r"((?:\[GOROOT\]/src/[a-z0-9/_]+|_testmain)\.go):\d+",
                "$1:[LINE]",
            ),
            (
                r#"((?:/src/[a-z0-9/_]+|_testmain)\.go","line":)\d+"#,
                "$1[LINE]",
            ),
            (
                r#"((?:/src/[a-z0-9/_]+|_testmain)\.go"\s*\},\s*"region": \{\s*"startLine": )\d+"#,
                "$1[LINE]",
            ),
            (r"0x00c[0-9a-f]+", "[ADDRESS]"),
            (r"\+0x[0-9a-f]+", "+[OFFSET]"),
            (r"/[^ `\x22<]*/go-build\d+/", "[BUILD]/"),
            (r"-test\.[a-z]+=[^ `<\x22\\]+", "[FLAG]"),
            (
                r#""(pid|started_ms|time_ms|offset|address|size)": ?("[^"]*"|\d+)"#,
                r#""$1":"[$1]""#,
            ),
            (r#""go":"[^"]*""#, r#""go":"[GO]""#),
            (r#""parents":\[.*?\]\}\]"#, r#""parents":"[PARENTS]""#),
        ]
        .map(|(pattern, to)| (Regex::new(pattern).expect("a pattern"), to))
        .into()
    });
    static GOROUTINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"([Gg]oroutine |"(?:goroutine|id|parent)":)(\d+)"#).expect("a pattern")
    });
    let root = corpus().canonicalize().expect("the corpus");
    let root = root.parent().expect("a root").display().to_string();
    let mut text = text.replace(&root, "[ROOT]");
    for (pattern, to) in RULES.iter() {
        text = pattern.replace_all(&text, *to).into_owned();
    }
    // Goroutines are named by their first appearance.
    let mut names = BTreeMap::new();
    let named = GOROUTINE.replace_all(&text, |captures: &Captures| {
        let next = char::from(b'A' + u8::try_from(names.len() % 26).expect("small"));
        let name = names.entry(captures[2].to_owned()).or_insert(next);
        format!("{}{name}", &captures[1])
    });
    named.into_owned()
}

/// Runs a test of the corpus and gives back what `--report` wrote.
fn reported(package: &str, test: &str, formats: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut command = gosan(&corpus());
    command.arg("test");
    for format in formats {
        let file = dir.path().join(format);
        command
            .arg("--report")
            .arg(format!("{format}={}", file.display()));
    }
    command
        .arg(format!("-run=^{test}$"))
        .arg(format!("./{package}"));
    let output = command.output().expect("gosan runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let read = |format: &&str| fs::read_to_string(dir.path().join(format)).expect("a report");
    formats.iter().map(read).collect()
}

#[test]
fn programs_of_the_corpus() {
    for (package, test) in [
        ("primitives/maps", "TestRaceReadAndWrite"),
        ("primitives/maps", "TestRaceDelete"),
        ("primitives/closure", "TestRaceErrIsShared"),
        ("primitives/channel", "TestRaceSendAgainstClose"),
        ("primitives/atomics", "TestRacePlainRead"),
        ("primitives/slice", "TestRaceSortSlice"),
    ] {
        let texts = reported(package, test, &["terminal", "github"]);
        let name = format!("{}_{test}", package.replace('/', "_"));
        insta::assert_snapshot!(name, redacted(&texts.join("\n")));
    }
}

#[test]
fn a_program_in_every_rendering() {
    let formats = ["classic", "json", "sarif", "junit", "html"];
    let texts = reported("primitives/maps", "TestRaceReadAndWrite", &formats);
    for (format, text) in formats.iter().zip(texts) {
        // The page's own parts are in its files, and what it opens to is
        // tested where it is made.
        let text = match text.split_once("<body>") {
            Some((_, body)) => body
                .split("<script")
                .next()
                .unwrap_or(body)
                .replace("><", ">\n<"),
            None => text,
        };
        insta::assert_snapshot!(*format, redacted(&text));
    }
}

/// Two races, and time in between.
const PROGRAM: &str = r#"
-- go.mod --
module example.com/two

go 1.24
-- main.go --
package main

import (
	"os"
	"time"
)

var first, second int

func race(variable *int) {
	done := make(chan bool)
	go func() {
		*variable = 1
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	*variable = 2
	<-done
}

func main() {
	race(&first)
	if len(os.Args) > 1 {
		time.Sleep(time.Minute)
	}
	other(&second)
}

func other(variable *int) { race(variable) }
-- two_test.go --
package main

import "testing"

func TestFirst(t *testing.T)  { race(&first) }
func TestSecond(t *testing.T) { other(&second) }
"#;

const CLASSIC: &str = "WARNING: DATA RACE";
const TERMINAL: &str = "(1) write by";

#[test]
fn the_classic_rendering_is_what_the_program_prints() {
    let module = Module::new(PROGRAM);
    let (program, records) = (module.path().join("two"), module.path().join("records"));
    let mut build = gosan(module.path());
    let built = build.args(["build", "-o"]).arg(&program).arg(".").status();
    assert!(built.expect("gosan runs").success());
    let run = Command::new(&program)
        .env("GORACE", format!("record_path={}", records.display()))
        .output()
        .expect("the program runs");
    let rendered = gosan(module.path())
        .args(["report", "--format=classic"])
        .arg(&records)
        .output()
        .expect("gosan runs");
    let printed = String::from_utf8(run.stderr).expect("text");
    assert_eq!(printed.matches(CLASSIC).count(), 2, "{printed}");
    assert_eq!(String::from_utf8(rendered.stdout).expect("text"), printed);
}

#[test]
fn a_race_is_printed_once() {
    let module = Module::new(PROGRAM);
    for (words, classic, terminal, summary) in [
        ("test .", 2, 0, 1),
        ("test --quiet .", 2, 0, 0),
        ("test --format terminal .", 0, 2, 1),
        ("test --format classic .", 2, 0, 1),
        ("test --format terminal -json .", 0, 2, 1),
        ("run --format terminal .", 0, 2, 1),
        ("run .", 2, 0, 1),
    ] {
        let output = gosan(module.path())
            .args(words.split(' '))
            .output()
            .expect("gosan runs");
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{words}: {said}");
        assert_eq!(said.matches(CLASSIC).count(), classic, "{words}: {said}");
        assert_eq!(said.matches(TERMINAL).count(), terminal, "{words}: {said}");
        let sums = said.matches("gosan: 2 new data races").count();
        assert_eq!(sums, summary, "{words}: {said}");
    }
}

#[test]
fn a_stream_of_json_stays_gos_own() {
    let module = Module::new(PROGRAM);
    let output = gosan(module.path())
        .args(["test", "-json", "."])
        .output()
        .expect("gosan runs");
    for line in output.stdout.split(|byte| *byte == b'\n') {
        if !line.is_empty() {
            let event: serde_json::Value = serde_json::from_slice(line).expect("JSON");
            assert!(event["Action"].is_string());
        }
    }
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(stderr.contains("gosan: 2 new data races"), "{stderr}");
}

#[test]
fn a_race_is_shown_while_the_program_runs() {
    let module = Module::new(PROGRAM);
    let mut child = gosan(module.path())
        .args(["run", "--format", "terminal", ".", "wait"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("gosan runs");
    let started = Instant::now();
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let shown = lines.any(|line| line.is_ok_and(|line| line.contains(TERMINAL)));
    // The program itself goes on for a minute.
    let running = child.try_wait().expect("a child").is_none();
    child.kill().expect("a child");
    child.wait().expect("a child");
    assert!(shown && running, "after {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(55));
}

#[test]
fn runs_are_put_together() {
    let module = Module::new(PROGRAM);
    for (test, file) in [("TestFirst", "a.jsonl"), ("TestSecond", "b.jsonl")] {
        for file in [file.to_owned(), format!("again-{file}")] {
            let output = gosan(module.path())
                .args(["test", "--report"])
                .arg(format!("json={file}"))
                .arg(format!("-run={test}"))
                .arg("-count=1")
                .output()
                .expect("gosan runs");
            assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        }
    }
    let output = gosan(module.path())
        .args(["report", "--report=junit=all.xml", "--format=terminal"])
        .args(["a.jsonl", "again-a.jsonl", "b.jsonl", "again-b.jsonl"])
        .output()
        .expect("gosan runs");
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("gosan: 2 new data races"), "{said}");
    assert_eq!(said.matches(", 2 times").count(), 2, "{said}");
    let junit = fs::read_to_string(module.path().join("all.xml")).expect("a report");
    for test in ["TestFirst", "TestSecond"] {
        assert!(
            junit.contains(&format!("testcase name=\"{test}\"")),
            "{junit}"
        );
    }
}

#[test]
fn the_last_run_can_be_shown_again() {
    let module = Module::new(PROGRAM);
    let report = || {
        let mut command = gosan(module.path());
        // A cache of its own: other tests run beside this one.
        command.arg("report").env("GOSAN_CACHE", module.path());
        command.output().expect("gosan runs")
    };
    let none = report();
    assert_eq!(none.status.code(), Some(1));
    assert!(
        text(&none).contains("no run has left records"),
        "{}",
        text(&none)
    );
    let output = gosan(module.path())
        .args(["test", "--report=json=last-run", "."])
        .output()
        .expect("gosan runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let shown = text(&report());
    assert_eq!(shown.matches(TERMINAL).count(), 2, "{shown}");
}

#[test]
fn wrong_words_are_named_before_anything_runs() {
    let module = Module::new(PROGRAM);
    for (words, code, said) in [
        (
            "test --report html=/nowhere/x.html .",
            1,
            "cannot write /nowhere/x.html",
        ),
        ("test --report html .", 2, "html=FILE"),
        (
            "test --report htm=x .",
            2,
            "the formats are terminal, classic",
        ),
        ("test --format x .", 2, "the formats are"),
        ("report /nowhere/records", 1, "/nowhere/records"),
        ("report main.go", 1, "main.go:1"),
    ] {
        let output = gosan(module.path())
            .args(words.split(' '))
            .output()
            .expect("gosan runs");
        let text = text(&output);
        assert_eq!(output.status.code(), Some(code), "{words}: {text}");
        assert!(text.contains(said), "{words}: {text}");
        assert!(!text.contains(CLASSIC), "{words}: {text}");
    }
}
