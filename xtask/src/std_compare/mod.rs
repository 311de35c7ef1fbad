//! `cargo xtask std`: the standard library's tests under gosan and under stock.
//!
//! The same packages run under `go test -race` and under `gosan test`, and what
//! they say of each test is compared.  Whatever differs runs a second time under
//! both, alone: a test that is unsteady under either is named, but it is a
//! difference only when both times agree on it.

mod packages;
pub mod verdicts;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use serde::Serialize;

use crate::go::{Go, find};
use crate::process::{self, Stream};
use crate::tally::Tally;
use crate::workspace::{self, Profile};
use verdicts::{Difference, Log};

/// For one package's tests; go ends the test binary itself.
const PACKAGE_TIMEOUT: &str = "-timeout=600s";

/// For all packages of the quick set, and for all of std, under one runner.
const QUICK_LIMIT: Duration = Duration::from_secs(20 * 60);
const FULL_LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// How much of a differing package's output is shown: tests may put a whole
/// stack dump on one line.
const SHOWN_LINES: usize = 60;
const SHOWN_CHARACTERS: usize = 300;

/// What a comparison found.
pub struct Comparison {
    pub packages: usize,
    pub tests: usize,
    pub differences: Vec<Difference>,
    pub unsteady: Vec<Difference>,
    stock: Side,
    gosan: Side,
    outputs: Vec<(String, String)>,
}

/// One runner's totals.
#[derive(Clone, Copy, Default, Serialize)]
struct Side {
    races: usize,
    test_seconds: f64,
    wall_seconds: f64,
}

/// The file that other tools may read.
#[derive(Serialize)]
struct Record<'a> {
    go: String,
    packages: usize,
    tests: usize,
    stock: Side,
    gosan: Side,
    differences: &'a [Difference],
    unsteady: &'a [Difference],
}

/// The task.
pub fn run(quick: bool, go: Option<&Utf8Path>, patterns: &[String]) -> Result<bool> {
    let go = match go {
        Some(bin) => Go::supported(bin)?,
        None => find::find_or_install()?,
    };
    find::check_c_compiler(&go)?;
    let gosan = workspace::build_gosan(Profile::Release)?;
    let comparison = if quick {
        run_quick(&gosan, &go)?
    } else if patterns.is_empty() {
        compare(&gosan, &go, &["std".to_owned()], FULL_LIMIT)?
    } else {
        compare(&gosan, &go, patterns, FULL_LIMIT)?
    };
    comparison.print();
    let file = workspace::target_dir().join("std-compare.json");
    comparison.write(&go, &file)?;
    println!("Written to {file}.");
    Ok(comparison.differences.is_empty())
}

/// The comparison that is part of `cargo xtask test`.
pub fn run_quick(gosan: &Utf8Path, go: &Go) -> Result<Comparison> {
    compare(gosan, go, &packages::quick(&go.root), QUICK_LIMIT)
}

fn compare(gosan: &Utf8Path, go: &Go, patterns: &[String], limit: Duration) -> Result<Comparison> {
    println!("go test -race {} ...", brief(patterns));
    let (stock, stock_wall) = test(Runner::Stock, gosan, go, patterns, false, limit)?;
    println!("gosan test {} ...", brief(patterns));
    let (under_gosan, gosan_wall) = test(Runner::Gosan, gosan, go, patterns, true, limit)?;

    let first = verdicts::compare(&stock, &under_gosan);
    let mut comparison = Comparison {
        packages: stock.packages.len(),
        tests: stock.tests(),
        differences: Vec::new(),
        unsteady: Vec::new(),
        stock: side(&stock, stock_wall),
        gosan: side(&under_gosan, gosan_wall),
        outputs: Vec::new(),
    };
    if first.is_empty() {
        return Ok(comparison);
    }
    let mut again: Vec<String> = first.iter().map(|d| d.package.clone()).collect();
    again.dedup();
    println!(
        "Once more under both, for what differs: {} ...",
        brief(&again)
    );
    let (stock_again, _) = test(Runner::Stock, gosan, go, &again, true, limit)?;
    let (gosan_again, _) = test(Runner::Gosan, gosan, go, &again, true, limit)?;
    let second = verdicts::compare(&stock_again, &gosan_again);
    for difference in first {
        if second.iter().any(|other| other.same_subject(&difference)) {
            comparison.differences.push(difference);
        } else {
            comparison.unsteady.push(difference);
        }
    }
    for difference in &comparison.differences {
        let known = comparison.outputs.last().map(|(package, _)| package);
        if known != Some(&difference.package) {
            let package = gosan_again.packages.get(&difference.package);
            let output = package.map(|package| package.output.clone());
            comparison
                .outputs
                .push((difference.package.clone(), output.unwrap_or_default()));
        }
    }
    Ok(comparison)
}

#[derive(Clone, Copy)]
enum Runner {
    Stock,
    Gosan,
}

/// Runs the packages' tests; `fresh` keeps go from answering from its cache,
/// which is as good for stock: nothing that it depends on is ours.
fn test(
    runner: Runner,
    gosan: &Utf8Path,
    go: &Go,
    patterns: &[String],
    fresh: bool,
    limit: Duration,
) -> Result<(Log, Duration)> {
    let mut command = match runner {
        Runner::Stock => {
            let mut command = Command::new(&go.bin);
            command.args(["test", "-race"]);
            command
        }
        Runner::Gosan => {
            let mut command = Command::new(gosan);
            command.arg("test");
            command
        }
    };
    // vet knows nothing of the runtime, so it would only take time.
    command.args(["-json", "-short", "-vet=off", PACKAGE_TIMEOUT]);
    if fresh {
        command.arg("-count=1");
    }
    // Settings of the caller would reach both detectors and hide differences.
    command
        .args(patterns)
        .current_dir(std::env::temp_dir())
        .env_remove("GORACE")
        .env("GOSAN_CACHE", workspace::test_cache());
    go.use_in(&mut command);
    let started = Instant::now();
    let mut log = Log::default();
    let outcome = process::run(&mut command, limit, |stream, line| match stream {
        Stream::Out => log.read(line),
        Stream::Err => {
            log.other.push_str(line);
            log.other.push('\n');
        }
    })?;
    if outcome.timed_out() {
        println!(
            "{} was stopped after {} minutes.",
            process::describe(&command),
            limit.as_secs() / 60
        );
    }
    if log.tests() == 0 {
        bail!(
            "{} ran no test ({}):\n{}",
            process::describe(&command),
            outcome.ending(),
            log.other
        );
    }
    Ok((log, started.elapsed()))
}

fn side(log: &Log, wall: Duration) -> Side {
    Side {
        races: log.races(),
        test_seconds: log.seconds(),
        wall_seconds: wall.as_secs_f64(),
    }
}

/// Names one or two packages, and the number of more.
fn brief(patterns: &[String]) -> String {
    match patterns {
        [one] => one.clone(),
        [one, two] => format!("{one} {two}"),
        _ => format!("({} packages)", patterns.len()),
    }
}

impl Comparison {
    /// Each package is one test of gosan: it passes when stock agrees.
    pub fn tally(&self) -> Tally {
        let mut differing: Vec<&str> = self
            .differences
            .iter()
            .map(|difference| difference.package.as_str())
            .collect();
        differing.dedup();
        Tally {
            passed: self.packages.saturating_sub(differing.len()),
            failed: differing.len(),
            skipped: 0,
            notes: self.differences.iter().map(ToString::to_string).collect(),
        }
    }

    /// Prints the differences, the unsteady tests, and the total.
    pub fn print(&self) {
        for (package, output) in &self.outputs {
            println!("--- {package} under gosan:");
            let lines: Vec<&str> = output.lines().collect();
            let (shown, left) = excerpt(&lines);
            for line in shown {
                let line: String = line.chars().take(SHOWN_CHARACTERS).collect();
                println!("    {line}");
            }
            if left > 0 {
                println!("    ... and {left} more lines");
            }
        }
        for difference in &self.unsteady {
            println!("unsteady, no difference the second time: {difference}");
        }
        for difference in &self.differences {
            println!("DIFFERS {difference}");
        }
        println!(
            "{} packages, {} tests, {} differences, {} unsteady.",
            self.packages,
            self.tests,
            self.differences.len(),
            self.unsteady.len()
        );
        for (name, side) in [("stock", self.stock), ("gosan", self.gosan)] {
            println!(
                "{name}: {} race reports, {:.1} s in tests, {:.1} s in all.",
                side.races, side.test_seconds, side.wall_seconds
            );
        }
    }

    fn write(&self, go: &Go, file: &Utf8Path) -> Result<()> {
        let record = Record {
            go: go.version.to_string(),
            packages: self.packages,
            tests: self.tests,
            stock: self.stock,
            gosan: self.gosan,
            differences: &self.differences,
            unsteady: &self.unsteady,
        };
        let mut text = serde_json::to_string_pretty(&record)?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {file}"))
    }
}

/// The lines around the first thing that went wrong, and how many were left out.
fn excerpt<'a>(lines: &'a [&'a str]) -> (&'a [&'a str], usize) {
    const SIGNS: [&str; 5] = [
        "WARNING: DATA RACE",
        "--- FAIL",
        "panic:",
        "fatal error:",
        "FAIL",
    ];
    let begins = |sign: &str| {
        lines
            .iter()
            .position(|line| line.trim_start().starts_with(sign))
    };
    let first = SIGNS.iter().find_map(|sign| begins(sign)).unwrap_or(0);
    let first = first.saturating_sub(5);
    let last = lines.len().min(first + SHOWN_LINES);
    let shown = &lines[first..last];
    (shown, lines.len() - shown.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use verdicts::What;

    fn difference(package: &str, test: &str) -> Difference {
        Difference {
            package: package.to_owned(),
            test: Some(test.to_owned()),
            what: What::Verdict,
            stock: "pass".to_owned(),
            gosan: "fail".to_owned(),
        }
    }

    #[test]
    fn a_package_counts_once_however_much_differs() {
        let comparison = Comparison {
            packages: 5,
            tests: 90,
            differences: vec![
                difference("a", "TestA"),
                difference("a", "TestB"),
                difference("b", "TestA"),
            ],
            unsteady: vec![difference("c", "TestA")],
            stock: Side::default(),
            gosan: Side::default(),
            outputs: Vec::new(),
        };
        assert_eq!(comparison.tally().to_string(), "3 passed, 2 failed");
    }

    #[test]
    fn the_excerpt_begins_where_it_went_wrong() {
        let mut lines = vec!["ok"; 100];
        lines.push("WARNING: DATA RACE");
        lines.push("last");
        let (shown, left) = excerpt(&lines);
        assert_eq!(shown.len(), 7);
        assert_eq!(shown[5], "WARNING: DATA RACE");
        assert_eq!(left, 95);
        assert_eq!(excerpt(&[]), (&[][..], 0));
    }
}
