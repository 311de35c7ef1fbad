//! `cargo xtask exact`: races whose accesses are far apart, under gosan and under
//! stock, as a table.
//!
//! Each round is a process of its own, since a pair of stacks is reported once in
//! a process.  A race counts as found when a report shows it with both stacks
//! complete.  It fails if gosan misses one, reports what is ordered, or grows
//! where memory must stay flat.

mod reports;
mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use clap::Args;
use serde::Serialize;

use crate::detector::{Bench, Detector, What};
use crate::go::{Go, find};
use crate::process;
use crate::tally::Tally;
use crate::workspace::{self, Profile};
use reports::Race;
use rows::{Asks, ORDERED, RACES, Row, Run};

const ROUND_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The program waits for all its goroutines, so nothing can come at the end; a
/// pair of stacks is told as often as it races, so that words can be counted.
const GORACE: &str = "atexit_sleep_ms=0 suppress_equal_stacks=0";

/// Memory is flat if, from a tenth of the work to its end, it grows by no more
/// than this share of what it was, and this much besides for the collector's
/// moods.
const FLAT_SHARE: f64 = 1.10;
const FLAT_MIB: u64 = 8;

#[derive(Args)]
pub struct Options {
    /// Small distances and few rounds, as in CI
    #[arg(long)]
    quick: bool,
    /// Only gosan
    #[arg(long)]
    gosan_only: bool,
    /// Rounds of each row, instead of its own number
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Only rows whose test has this in its name
    filter: Option<String>,
}

/// What one detector did with one row.
#[derive(Default, Serialize)]
struct Cell {
    rounds: usize,
    /// Rounds in which all that was asked for was found.
    found: usize,
    /// Rounds with a report.
    reported: usize,
    /// Words that were reported, and that were asked for, in all rounds.
    words: Option<(usize, usize)>,
    /// MiB after a tenth of the work and at its end, in the last round.
    resident: Option<(u64, u64)>,
    /// The longest round, in seconds.
    seconds: f64,
    /// MiB, the most of any round.
    peak: u64,
    /// What was wrong in the first round that was not as it should be.
    wrong: Option<String>,
}

#[derive(Serialize)]
struct Line {
    test: &'static str,
    what: String,
    races: bool,
    gosan: Cell,
    stock: Option<Cell>,
}

pub fn run(options: &Options) -> Result<bool> {
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let gosan = workspace::build_gosan(Profile::Dev)?;
    let lines = measure(&gosan, &go, options)?;
    print(&lines);
    let path = workspace::target_dir().join("exact.json");
    fs::write(&path, serde_json::to_string_pretty(&lines)?)
        .with_context(|| format!("cannot write {path}"))?;
    println!("\nEverything is in {path}.");
    let tally = tally(&lines);
    for note in &tally.notes {
        println!("{note}");
    }
    Ok(tally.success())
}

/// The rows of CI, gosan alone.
pub fn run_quick(gosan: &Utf8PathBuf, go: &Go) -> Result<Tally> {
    let options = Options {
        quick: true,
        gosan_only: true,
        rounds: None,
        filter: None,
    };
    Ok(tally(&measure(gosan, go, &options)?))
}

fn measure(gosan: &Utf8PathBuf, go: &Go, options: &Options) -> Result<Vec<Line>> {
    let directory = workspace::target_dir().join("exact");
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {directory}"))?;
    let bench = Bench {
        go,
        gosan,
        directory: &directory,
    };
    let module = workspace::root().join("exact");
    let mut lines = Vec::new();
    for (package, rows) in [("races", RACES), ("ordered", ORDERED)] {
        let mut binaries = Vec::new();
        for detector in Detector::BOTH {
            if detector == Detector::Gosan || !options.gosan_only {
                let path = format!("./{package}");
                binaries.push(detector.build(&bench, &module, &path, What::Tests)?);
            }
        }
        let source = source_of(&module.join(package))?;
        for row in rows {
            let wanted = options.filter.as_deref();
            if wanted.is_some_and(|wanted| !row.test.contains(wanted)) {
                continue;
            }
            let races = reports::races_of(&source, row.test);
            if races.is_empty() == (package == "races") {
                bail!(
                    "{}: its comment must name its races, and only a race's",
                    row.test
                );
            }
            let mut run = if options.quick { row.quick } else { row.full };
            run.rounds = options.rounds.unwrap_or(run.rounds);
            let mut cells = Vec::new();
            for binary in &binaries {
                cells.push(cell(binary, row, run, &races)?);
            }
            let mut cells = cells.into_iter();
            let line = Line {
                test: row.test,
                what: row.what.replace("{}", &grouped(run.distance)),
                races: package == "races",
                gosan: cells.next().unwrap_or_default(),
                stock: cells.next(),
            };
            println!("{}", in_words(&line));
            lines.push(line);
        }
    }
    Ok(lines)
}

/// The text of all Go files of a package.
fn source_of(package: &Utf8PathBuf) -> Result<String> {
    let mut text = String::new();
    for entry in package.read_dir_utf8()? {
        let path = entry?.into_path();
        if path.extension() == Some("go") {
            text += &fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        }
    }
    Ok(text)
}

fn cell(binary: &Utf8PathBuf, row: &Row, run: Run, races: &[Race]) -> Result<Cell> {
    let mut cell = Cell::default();
    for _ in 0..run.rounds {
        let mut command = Command::new(binary);
        command
            .arg(format!("-test.run=^{}$", row.test))
            .arg("-test.timeout=9m")
            .env("DISTANCE", run.distance.to_string())
            .env("GORACE", GORACE);
        let started = Instant::now();
        let outcome = process::capture(&mut command, ROUND_LIMIT)?;
        cell.seconds = cell.seconds.max(started.elapsed().as_secs_f64());
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        cell.take(&text, row, run, races, &outcome.ending());
    }
    Ok(cell)
}

impl Cell {
    fn take(&mut self, text: &str, row: &Row, run: Run, races: &[Race], ending: &str) {
        let all = reports::reports_in(text);
        let number = |name: &str| {
            let after = text.split(name).nth(1)?;
            after.split(' ').next()?.parse::<u64>().ok()
        };
        self.rounds += 1;
        self.reported += usize::from(!all.is_empty());
        let peak = number("peak memory: ");
        self.peak = self.peak.max(peak.unwrap_or_default());
        let mut wrong = None;
        if peak.is_none() {
            wrong = Some(format!("it did not come to its end: {ending}"));
        }
        let missed = races
            .iter()
            .position(|race| !all.iter().any(|report| race.is_shown_by(report)));
        if let Some(missed) = missed {
            wrong.get_or_insert(format!("race {} of its comment is not shown", missed + 1));
        }
        if races.is_empty() && !all.is_empty() {
            wrong.get_or_insert("a report, where all is ordered".to_owned());
        }
        match row.asks {
            Asks::Races => {}
            Asks::Words { per } => {
                let shown = all
                    .iter()
                    .filter(|report| races.iter().any(|race| race.is_shown_by(report)));
                let words: BTreeSet<_> = shown.map(|report| &report.address).collect();
                let asked = (run.distance / per) as usize;
                let before = self.words.unwrap_or_default();
                self.words = Some((before.0 + words.len(), before.1 + asked));
                if words.len() != asked {
                    wrong.get_or_insert(format!("{} of {asked} words reported", words.len()));
                }
            }
            Asks::FlatMemory => {
                self.resident = number("resident at first: ").zip(number("resident at last: "));
                if !self.resident.is_some_and(is_flat) {
                    wrong.get_or_insert(format!("memory grew: {:?} MiB", self.resident));
                }
            }
        }
        match wrong {
            None => self.found += 1,
            Some(wrong) => {
                self.wrong.get_or_insert_with(|| format!("{wrong}\n{text}"));
            }
        }
    }

    fn in_words(&self, races: bool) -> String {
        if !races {
            return format!("{} of {} rounds", self.reported, self.rounds);
        }
        match (self.words, self.resident) {
            (Some((words, asked)), _) => format!("{words} of {asked} words"),
            (_, Some((first, last))) => {
                let found = if self.found > 0 || self.reported > 0 {
                    "reported"
                } else {
                    "missed"
                };
                format!("{found}; {first} to {last} MiB")
            }
            _ => format!("{} of {}", self.found, self.rounds),
        }
    }

    fn took(&self) -> String {
        format!("{:.1} s, {} MiB", self.seconds, self.peak)
    }
}

fn is_flat((first, last): (u64, u64)) -> bool {
    last as f64 <= first as f64 * FLAT_SHARE + FLAT_MIB as f64
}

fn tally(lines: &[Line]) -> Tally {
    let mut tally = Tally::default();
    for line in lines {
        if line.gosan.found == line.gosan.rounds {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            let wrong = line.gosan.wrong.as_deref().unwrap_or_default();
            let found = format!("{} of {}", line.gosan.found, line.gosan.rounds);
            let note = format!(
                "{} ({}): right in {found} rounds: {wrong}",
                line.test, line.what
            );
            tally.notes.push(note);
        }
    }
    tally
}

fn in_words(line: &Line) -> String {
    let stock = line.stock.as_ref();
    format!(
        "{}: gosan {} ({}){}",
        line.what,
        line.gosan.in_words(line.races),
        line.gosan.took(),
        stock.map_or(String::new(), |cell| {
            format!(", stock {} ({})", cell.in_words(line.races), cell.took())
        })
    )
}

/// The tables, as they stand in the pages.
fn print(lines: &[Line]) {
    for (races, title) in [
        (
            true,
            "| the racing access, then | gosan finds | stock finds | gosan takes | stock takes |",
        ),
        (
            false,
            "| ordered, with | gosan reports | stock reports | gosan takes | stock takes |",
        ),
    ] {
        let mut shown = lines.iter().filter(|line| line.races == races).peekable();
        if shown.peek().is_some() {
            println!("\n{title}\n|---|---|---|---|---|");
        }
        for line in shown {
            let stock =
                |f: &dyn Fn(&Cell) -> String| line.stock.as_ref().map_or("not run".to_owned(), f);
            println!(
                "| {} | {} | {} | {} | {} |",
                line.what,
                line.gosan.in_words(races),
                stock(&|cell| cell.in_words(races)),
                line.gosan.took(),
                stock(&Cell::took)
            );
        }
    }
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(100_000), "100,000");
        assert_eq!(grouped(1_500_000), "1,500,000");
    }

    #[test]
    fn a_round_that_does_not_end_is_not_right() {
        let row = &ORDERED[0];
        let mut cell = Cell::default();
        cell.take(
            "peak memory: 3 MiB\n",
            row,
            row.quick,
            &[],
            "exit status: 0",
        );
        cell.take("", row, row.quick, &[], "signal: 9");
        assert_eq!((cell.rounds, cell.found, cell.peak), (2, 1, 3));
    }

    #[test]
    fn growth_is_seen() {
        assert!(is_flat((100, 110)));
        assert!(!is_flat((100, 160)));
        let row = RACES.iter().find(|row| row.asks == Asks::FlatMemory);
        let row = row.expect("there is such a row");
        let text = "resident at first: 50 MiB\nresident at last: 500 MiB\npeak memory: 500 MiB\n";
        let mut cell = Cell::default();
        cell.take(text, row, row.quick, &[], "");
        assert_eq!((cell.found, cell.resident), (0, Some((50, 500))));
    }
}
