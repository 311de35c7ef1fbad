//! `cargo xtask test`: all the set-up and all the tests.
//!
//! The steps do not depend on each other: one that fails does not stop the next.
//! The last line counts what really ran.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use camino::Utf8PathBuf;

use crate::go::{Go, find};
use crate::process::{self, Stream};
use crate::tally::{self, Tally};
use crate::workspace::{self, Profile};
use crate::{
    codes, exact, fuzz, instructions, kernels, race_suite, random, std_compare, symbols, tidy,
};

const CHECK_LIMIT: Duration = Duration::from_secs(10 * 60);
const CARGO_TEST_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How the corpus's harness says that it left a program out, and why.
const SKIPPED: &str = "skipping ";

/// What all steps share.
struct Bench {
    go: Go,
    /// The gosan command, built by the first step that needs it.
    gosan: Option<Utf8PathBuf>,
}

struct Step {
    name: &'static str,
    run: fn(&mut Bench) -> Result<Tally>,
}

const STEPS: &[Step] = &[
    Step {
        name: "cargo fmt",
        run: fmt,
    },
    Step {
        name: "tidy",
        run: |_| tidy::run().map(Tally::of_check),
    },
    Step {
        name: "lists of codes",
        run: |_| codes::run(true).map(Tally::of_check),
    },
    Step {
        name: "cargo clippy",
        run: clippy,
    },
    Step {
        name: "symbols of the runtime object",
        run: |_| symbols::run().map(Tally::of_check),
    },
    Step {
        name: "cargo test, the corpus included",
        run: cargo_test,
    },
    Step {
        name: "instructions of each event",
        run: instructions,
    },
    Step {
        name: "accesses at the same instant, in every order",
        run: same_instant,
    },
    Step {
        name: "fuzzing, a minute for each parser",
        run: |_| fuzz::run_quick(),
    },
    Step {
        name: "races that are far apart, small distances",
        run: |bench| exact::run_quick(&bench.gosan()?, &bench.go),
    },
    Step {
        name: "random Go programs",
        run: |bench| random::run_quick(&bench.gosan()?, &bench.go),
    },
    Step {
        name: "Go's own race suite",
        run: race,
    },
    Step {
        name: "kernels under schedules",
        run: kernels,
    },
    Step {
        name: "the standard library, quick set",
        run: std_quick,
    },
];

pub fn run() -> Result<bool> {
    println!("==> set-up");
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let mut bench = Bench { go, gosan: None };
    let mut total = Tally::default();
    let mut summary = Vec::new();
    for step in STEPS {
        println!("\n==> {}", step.name);
        let started = Instant::now();
        let tally = (step.run)(&mut bench).unwrap_or_else(|error| Tally::of_error(&error));
        for note in &tally.notes {
            println!("{note}");
        }
        let seconds = started.elapsed().as_secs();
        summary.push(format!("{:>5} s  {}: {tally}", seconds, step.name));
        total.add(&tally);
    }
    println!("\n==> summary");
    for line in summary {
        println!("{line}");
    }
    println!("\n{total}");
    Ok(total.success())
}

impl Bench {
    fn gosan(&mut self) -> Result<Utf8PathBuf> {
        if let Some(gosan) = &self.gosan {
            return Ok(gosan.clone());
        }
        let gosan = workspace::build_gosan(Profile::Dev)?;
        self.gosan = Some(gosan.clone());
        Ok(gosan)
    }

    /// A cargo command whose children find the Go of this run.
    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = workspace::cargo();
        self.go.use_in(&mut command).args(arguments);
        command
    }
}

fn fmt(bench: &mut Bench) -> Result<Tally> {
    let mut command = bench.cargo(&["fmt", "--all", "--", "--check", "-l"]);
    let outcome = process::show(&mut command, CHECK_LIMIT)?;
    Ok(Tally::of_check(outcome.success()))
}

fn clippy(bench: &mut Bench) -> Result<Tally> {
    let mut command = bench.cargo(&["clippy", "--quiet", "--workspace", "--all-targets"]);
    command.args(["--", "--deny", "warnings"]);
    let outcome = process::show(&mut command, CHECK_LIMIT)?;
    Ok(Tally::of_check(outcome.success()))
}

fn cargo_test(bench: &mut Bench) -> Result<Tally> {
    // Built apart, so that the building can be quiet and the testing is not.
    let mut build = bench.cargo(&["test", "--quiet", "--workspace", "--no-run"]);
    let built = process::show(&mut build, CARGO_TEST_LIMIT)?;
    let mut tally = Tally::default();
    if !built.success() {
        tally.failed = 1;
        tally.notes.push("the tests do not build".to_owned());
        return Ok(tally);
    }
    let mut command = bench.cargo(&["test", "--workspace", "--no-fail-fast"]);
    let outcome = process::run(&mut command, CARGO_TEST_LIMIT, |stream, line| {
        match stream {
            Stream::Out => println!("{line}"),
            Stream::Err => eprintln!("{line}"),
        }
        if let Some(counts) = tally::of_cargo_line(line) {
            tally.add(&counts);
        }
        if line.trim_start().starts_with(SKIPPED) {
            tally.notes.push(line.trim().to_owned());
        }
    })?;
    if !outcome.success() && tally.failed == 0 {
        tally.failed = 1;
        let note = format!("cargo test ended without a verdict: {}", outcome.ending());
        tally.notes.push(note);
    }
    Ok(tally)
}

fn instructions(bench: &mut Bench) -> Result<Tally> {
    let gosan = bench.gosan()?;
    instructions::test(&gosan, &bench.go)
}

/// Loom's tests, which are built from everything anew for its sake.
fn same_instant(bench: &mut Bench) -> Result<Tally> {
    let directory = workspace::target_dir().join("loom");
    let mut command = bench.cargo(&["test", "--quiet", "--package", "gosan-rt", "--lib"]);
    command
        .args(["--target-dir", directory.as_str(), "same_instant"])
        .env("RUSTFLAGS", "--cfg loom");
    let outcome = process::show(&mut command, CARGO_TEST_LIMIT)?;
    let counts = outcome.stdout.lines().find_map(tally::of_cargo_line);
    let mut tally = counts.unwrap_or_default();
    if !outcome.success() {
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

fn race(bench: &mut Bench) -> Result<Tally> {
    let gosan = bench.gosan()?;
    let suite = race_suite::run(&gosan, &bench.go)?;
    if let Some(judged) = suite.judged {
        let race_suite::Judged { right, total } = judged;
        println!("{right} of {total} programs of testdata judged right");
    }
    Ok(suite.tally)
}

fn kernels(bench: &mut Bench) -> Result<Tally> {
    let gosan = bench.gosan()?;
    kernels::run_quick(&gosan, &bench.go)
}

fn std_quick(bench: &mut Bench) -> Result<Tally> {
    let gosan = bench.gosan()?;
    let comparison = std_compare::run_quick(&gosan, &bench.go)?;
    comparison.print();
    Ok(comparison.tally())
}
