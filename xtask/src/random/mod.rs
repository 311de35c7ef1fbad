//! Random Go programs whose races are known, under gosan: nothing missed, nothing
//! invented.
//!
//! `program` makes a list of steps from a seed, `emit` writes it as Go code that
//! takes the steps in just this order, `oracle` says what races.  Fifty programs
//! are one binary.  What is compared are pairs of lines.
//!
//! The comparison itself is tested each time: an oracle with one rule of Go's
//! memory model changed must disagree with gosan.

mod emit;
mod oracle;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use clap::Args;

use crate::detector::{Bench, Detector, What};
use crate::go::{Go, find};
use crate::process;
use crate::tally::Tally;
use crate::workspace::{self, Profile};
use oracle::{Line, Pair, Reported, Rules, Trace, Wrong};
use program::Program;

const IN_ONE_BINARY: usize = 50;
/// How many CI runs.
const IN_CI: usize = 50;
/// From so many programs on, half of the changed rules must be told, and from so
/// many, all.
const FEW: usize = 40;
const MANY: usize = 500;
const RUN_LIMIT: Duration = Duration::from_secs(120);
const FORCE: &str = include_str!("force.go");

#[derive(Args)]
pub struct Options {
    /// How many programs
    #[arg(long, value_name = "N", default_value_t = 1000)]
    programs: usize,
    /// The seed of the first program; those of the others follow
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

impl Options {
    /// So many programs that are new each time.
    pub fn of(programs: usize) -> Options {
        Options {
            programs,
            seed: None,
        }
    }
}

/// A program, its Go file, and what it is called there.
struct Case {
    seed: u64,
    program: Program,
    file: String,
    lines: Vec<Line>,
}

/// What came of all programs.
#[derive(Default)]
struct Sums {
    programs: usize,
    steps: usize,
    races: usize,
    reported: usize,
    wrong: Vec<String>,
    /// By changed rule, in how many programs gosan and the oracle disagreed.
    disagreed: BTreeMap<&'static str, usize>,
}

pub fn run(options: &Options) -> Result<bool> {
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let gosan = workspace::build_gosan(Profile::Dev)?;
    let tally = compare(&gosan, &go, options)?;
    for note in &tally.notes {
        println!("{note}");
    }
    Ok(tally.success())
}

/// What CI runs, from a seed that is new each time.
pub fn run_quick(gosan: &Utf8Path, go: &Go) -> Result<Tally> {
    compare(gosan, go, &Options::of(IN_CI))
}

fn compare(gosan: &Utf8Path, go: &Go, options: &Options) -> Result<Tally> {
    let directory = workspace::target_dir().join("random");
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {directory}"))?;
    let bench = Bench {
        go,
        gosan,
        directory: &directory,
    };
    let seed = match options.seed {
        Some(seed) => seed,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() << 20,
    };
    println!("{} programs, seeds from {seed}", options.programs);
    let mut sums = Sums::default();
    while sums.programs < options.programs {
        let count = IN_ONE_BINARY.min(options.programs - sums.programs);
        let first = seed + sums.programs as u64;
        let cases: Vec<Case> = (first..first + count as u64)
            .enumerate()
            .map(|(number, seed)| Case::new(number, seed))
            .collect();
        batch(&bench, &cases, &mut sums)?;
        sums.programs += count;
        if options.programs > IN_ONE_BINARY {
            println!("{} programs, {} wrong", sums.programs, sums.wrong.len());
        }
    }
    println!("{}", sums.in_words());
    Ok(sums.tally())
}

impl Case {
    fn new(number: usize, seed: u64) -> Case {
        let program = program::make(seed);
        let (file, lines) = emit::file(number, &program);
        Case {
            seed,
            program,
            file,
            lines,
        }
    }

    fn judge(&self, reported: &BTreeSet<Pair>, rules: Rules) -> Wrong {
        Trace::of(&self.program, &self.lines, rules).judge(reported)
    }
}

/// Builds and runs some programs, and judges what was reported.
fn batch(bench: &Bench, cases: &[Case], sums: &mut Sums) -> Result<()> {
    let module = bench.directory.join("module");
    write(&module, cases)?;
    // Every second batch uses all numbers again as soon as it can.
    let reclaim = match sums.programs / IN_ONE_BINARY % 2 {
        0 => "reclaim_after=4",
        _ => "",
    };
    let reported = reports(bench, &module, reclaim)?;
    for (number, case) in cases.iter().enumerate() {
        let told = reported.get(&number).cloned().unwrap_or_default();
        let wrong = case.judge(&told, Rules::GO);
        sums.steps += case.program.steps.len();
        sums.races += Trace::of(&case.program, &case.lines, Rules::GO)
            .races()
            .len();
        sums.reported += told.len();
        if wrong != Wrong::default() {
            let Wrong { missed, invented } = &wrong;
            let seed = case.seed;
            let kept = bench.directory.join(format!("wrong-{seed}.go"));
            fs::write(&kept, &case.file).with_context(|| format!("cannot write {kept}"))?;
            sums.wrong.push(format!(
                "seed {seed}: missed {missed:?}, invented {invented:?}, as lines of {kept}"
            ));
        }
        for (name, rules) in Rules::mutants() {
            let disagreed = case.judge(&told, rules) != Wrong::default();
            *sums.disagreed.entry(name).or_default() += usize::from(disagreed);
        }
    }
    Ok(())
}

/// Writes the module with these programs and no others.
fn write(module: &Utf8Path, cases: &[Case]) -> Result<()> {
    if module.exists() {
        fs::remove_dir_all(module).with_context(|| format!("cannot remove {module}"))?;
    }
    fs::create_dir_all(module).with_context(|| format!("cannot make {module}"))?;
    let mut main = String::from("package main\n\nfunc main() {\n\tvar v *vars\n");
    let mut files: Vec<(String, String)> = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        main += &emit::call(number, &case.program);
        files.push((format!("p{number}.go"), case.file.clone()));
    }
    main += "}\n";
    files.push(("main.go".to_owned(), main));
    files.push(("force.go".to_owned(), FORCE.to_owned()));
    let manifest = "module exact.example/random\n\ngo 1.24\n";
    files.push(("go.mod".to_owned(), manifest.to_owned()));
    for (name, text) in files {
        let path = module.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

fn reports(bench: &Bench, module: &Utf8Path, reclaim: &str) -> Result<Reported> {
    let binary = Detector::Gosan.build(bench, module, ".", What::Program)?;
    let mut command = Command::new(&binary);
    let options = format!("atexit_sleep_ms=0 exitcode=0 {reclaim}");
    command.env("GORACE", options);
    let outcome = process::capture(&mut command, RUN_LIMIT)?;
    if !outcome.success() {
        let ending = outcome.ending();
        bail!(
            "the random programs did not end well ({ending}): {}",
            outcome.stderr
        );
    }
    Ok(pairs_in(&outcome.stderr))
}

/// The pairs of lines in all reports, by the number of the program.
fn pairs_in(text: &str) -> Reported {
    let mut reported = Reported::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line != "WARNING: DATA RACE" {
            continue;
        }
        let mut places: Vec<(usize, Line)> = Vec::new();
        let mut accesses = 0;
        for line in lines.by_ref().take_while(|line| !line.starts_with("====")) {
            accesses += usize::from(line.contains(" by "));
            // Of each access, the innermost frame in a program's own file.
            if places.len() < accesses
                && !line.starts_with("Goroutine ")
                && let Some(place) = place_of(line)
            {
                places.push(place);
            }
        }
        if let [(program, one), (_, other)] = places[..] {
            reported
                .entry(program)
                .or_default()
                .insert(oracle::pair(one, other));
        }
    }
    reported
}

/// The program and the line of `      /dir/p17.go:23 +0x1d`.
fn place_of(line: &str) -> Option<(usize, Line)> {
    let (file, rest) = line.strip_prefix("      ")?.rsplit_once(".go:")?;
    let program = file.rsplit('/').next()?.strip_prefix('p')?;
    let line = rest.split(' ').next()?;
    Some((program.parse().ok()?, line.parse().ok()?))
}

impl Sums {
    fn tally(self) -> Tally {
        let mut tally = Tally {
            passed: self.programs - self.wrong.len().min(self.programs),
            failed: self.wrong.len(),
            skipped: 0,
            notes: self.wrong,
        };
        let told = self.disagreed.values().filter(|programs| **programs > 0);
        let told = told.count();
        if self.programs >= FEW && told * 2 < self.disagreed.len() {
            tally.failed += 1;
            let note = format!("only {told} changed rules are told: the test sees too little");
            tally.notes.push(note);
        }
        for (name, programs) in &self.disagreed {
            if self.programs >= MANY && *programs == 0 {
                tally.failed += 1;
                let note = format!("an oracle with {name} changed agrees with all programs");
                tally.notes.push(note);
            }
        }
        tally
    }

    fn in_words(&self) -> String {
        let disagreed: Vec<String> = self
            .disagreed
            .iter()
            .map(|(name, programs)| format!("{name} {programs}"))
            .collect();
        format!(
            "{} programs of {} steps in all, {} racing pairs of lines, {} reported, {} programs \
             wrong; programs that tell a changed rule: {}",
            self.programs,
            self.steps,
            self.races,
            self.reported,
            self.wrong.len(),
            disagreed.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_from_the_frames_of_the_programs() {
        let text = "==================\nWARNING: DATA RACE\nRead at 0x1 by goroutine 8:\n  \
            runtime.mapaccess1()\n      /go/src/runtime/map.go:9 +0x1\n  main.p3g1()\n      \
            /t/p3.go:23 +0x1\n\nPrevious write at 0x1 by main goroutine:\n  main.p3g0()\n      \
            /t/p3.go:11 +0x1\n  main.main()\n      /t/main.go:4 +0x1\n\nGoroutine 8 (running) \
            created at:\n  main.p3g0()\n      /t/p3.go:5 +0x1\n==================\n";
        let expected = Reported::from([(3, BTreeSet::from([(11, 23)]))]);
        assert_eq!(pairs_in(text), expected);
    }

    #[test]
    fn a_rule_that_no_program_tells_fails() {
        let failed = |programs, told: &[usize]| {
            let names = Rules::mutants().into_iter().map(|(name, _)| name);
            let sums = Sums {
                programs,
                disagreed: names.zip(told.iter().copied()).collect(),
                ..Sums::default()
            };
            sums.tally().failed
        };
        assert_eq!(failed(MANY, &[9, 9, 9, 9, 9, 9, 9, 9, 9]), 0);
        assert_eq!(failed(MANY, &[9, 9, 9, 9, 9, 9, 9, 9, 0]), 1);
        assert_eq!(failed(FEW, &[9, 9, 9, 9, 9, 9, 9, 9, 0]), 0);
        assert_eq!(failed(FEW, &[9, 9, 9, 9, 0, 0, 0, 0, 0]), 1);
    }
}
