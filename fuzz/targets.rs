//! What is fuzzed: everything that reads what gosan did not write, or wrote long
//! ago. Nothing of it may panic, whatever it is shown. `seeds.rs` lists the targets.
//!
//! Two drivers share this file: cargo-fuzz, guided by coverage, which needs a
//! nightly compiler (`fuzz_targets/`), and `crates/gosan-explain/tests/fuzz.rs`,
//! which changes real inputs at random with any compiler. `cargo xtask fuzz` runs
//! the one that is there.

use std::fs;
use std::path::Path;

use gosan_explain::{Sources, explain, render};
use gosan_wire::gorace;
use gosan_wire::read::Records;

/// Shows the target of this name an input.
pub fn run(target: &str, input: &[u8]) {
    match target {
        "explain_log" => explain_log(input),
        "explain_source" => explain_source(input),
        "records" => records(input),
        _ => panic!("there is no target {target}"),
    }
}

/// Any bytes are a log: all parsers, the wrappers, the diagnoses, both forms.
fn explain_log(log: &[u8]) {
    explained(log, &Sources::none());
}

/// Any bytes are the source of a race: two lines of it, in functions that it has.
fn explain_source(source: &[u8]) {
    let text = String::from_utf8_lossy(source);
    let functions: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, name_of(line)?)))
        .take(3)
        .collect();
    let directory = std::env::temp_dir().join(format!("gosan-fuzz-{}", std::process::id()));
    let path = directory.join("fuzzed.go");
    if fs::create_dir_all(&directory).is_err() || fs::write(&path, source).is_err() {
        return;
    }
    let mut log = String::new();
    for (line, name) in &functions {
        for (other_line, other) in &functions {
            let file = path.display();
            log += &format!(
                "WARNING: DATA RACE\nWrite at 0x1 by goroutine 8:\n  main.{name}()\n      {file}:{} +0x1\n\n\
                 Previous read at 0x1 by goroutine 7:\n  main.{other}.func1()\n      {file}:{} +0x1\n\
                 ==================\n",
                line + 1,
                other_line + 2,
            );
        }
    }
    explained(log.as_bytes(), &Sources::new());
}

/// `f` of `func (t *T) f(`.
fn name_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("func ")?;
    let rest = match rest.strip_prefix('(') {
        Some(receiver) => receiver.split_once(") ")?.1,
        None => rest,
    };
    rest.split(['(', '[']).next()
}

fn explained(log: &[u8], sources: &Sources) {
    if let Ok(explanation) = explain(log, sources, |_| {}) {
        render::text::render(&explanation, sources, false);
        render::json::render(&explanation);
    }
}

/// Any bytes are a file of records, or options.
fn records(bytes: &[u8]) {
    let path = Path::new("fuzzed.jsonl");
    let read = Records::default().add_text(path, bytes);
    if let Err(error) = read {
        assert!(error.to_string().contains("fuzzed.jsonl"), "{error}");
    }
    gorace::options(bytes).for_each(drop);
}
