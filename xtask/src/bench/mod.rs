//! `cargo xtask bench`: the same work plain, with stock's detector and with
//! gosan's, side by side.
//!
//! | module | concept |
//! |---|---|
//! | `rows` | what is measured, and the goals |
//! | `programs` | the builds |
//! | `measure` | one run |
//! | `figures` | ratios of many runs |
//! | `table`, `plot` | what is shown |

mod figures;
mod measure;
mod programs;
mod rows;
mod table;

use std::fs;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use crate::go::{Go, find};
use crate::workspace::{self, Profile};
use figures::{Comparison, Medians, Round};
use measure::Measurer;
use programs::{Builder, Gosan, Variant};
use rows::{Goals, Group, Row};

/// Tests of a loaded machine fail now and then, under any detector.
const TRIES: usize = 3;

/// What the task was asked for.
#[derive(clap::Args)]
pub struct Arguments {
    /// Rows or groups by name; all when left out
    rows: Vec<String>,
    /// How often each program runs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<Utf8PathBuf>,
    /// The go command to use, instead of the one on PATH
    #[arg(long, value_name = "PATH")]
    go: Option<Utf8PathBuf>,
    /// Measure this gosan command, or the go of this assembled GOROOT, in the
    /// place of what the sources give; may be repeated
    #[arg(long, value_name = "PATH")]
    gosan: Vec<Utf8PathBuf>,
}

/// A row's figures.
#[derive(Serialize)]
struct Measured {
    #[serde(serialize_with = "name")]
    row: Row,
    plain: Medians,
    stock: Medians,
    /// One for each gosan.
    gosan: Vec<Comparison>,
    /// What the figures come from.
    rounds: Vec<Round>,
}

fn name<S: serde::Serializer>(row: &Row, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(row.name)
}

/// A figure beside its goal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Met,
    Behind,
}

impl Verdict {
    /// Figures are compared as they are printed, with two decimals.
    fn of(value: f64, goal: f64) -> Verdict {
        if (value * 100.0).round() <= (goal * 100.0).round() {
            Verdict::Met
        } else {
            Verdict::Behind
        }
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Behind => "BEHIND",
        }
    }
}

/// In what a row does not reach its goals.
fn behind(goals: Goals, gosan: &Comparison) -> Vec<&'static str> {
    let memory = gosan.memory.map(|memory| memory.median);
    let measures = [
        ("processor", Some(gosan.processor.median), goals.processor),
        ("wall", Some(gosan.wall.median), goals.wall),
        ("memory", memory, Some(goals.memory)),
    ];
    let misses = |(name, value, goal): (&'static str, Option<f64>, Option<f64>)| {
        (Verdict::of(value?, goal?) == Verdict::Behind).then_some(name)
    };
    measures.into_iter().filter_map(misses).collect()
}

pub fn run(arguments: &Arguments) -> Result<bool> {
    let rows = rows::select(&arguments.rows)?;
    let go = match &arguments.go {
        Some(bin) => Go::supported(bin)?,
        None => find::find_or_install()?,
    };
    find::check_c_compiler(&go)?;
    let gosans = if arguments.gosan.is_empty() {
        vec![Gosan::at(&workspace::build_gosan(Profile::Release)?)?]
    } else {
        let given = arguments.gosan.iter().map(|path| Gosan::at(path));
        given.collect::<Result<_>>()?
    };
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let scratch = Utf8Path::from_path(scratch.path()).context("TMPDIR is not UTF-8")?;
    println!(
        "Go {}, {} rounds, medians; the spread is from the least to the greatest.",
        go.version, arguments.rounds
    );
    if gosans.len() > 1 {
        for (index, gosan) in gosans.iter().enumerate() {
            println!("gosan {index}: {}", gosan.name);
        }
    }
    let mut bench = Bench {
        builder: Builder::new(go, gosans.clone()),
        gosans: gosans.len(),
        rounds: arguments.rounds,
        measurer: Measurer::new(scratch)?,
    };
    let mut all = Vec::new();
    let mut ok = true;
    for group in Group::ALL {
        let members: Vec<&Row> = rows.iter().filter(|row| row.group == group).collect();
        if members.is_empty() {
            continue;
        }
        println!("{}", table::heading(group));
        let first = all.len();
        for row in members {
            let free = measure::available_gib()?;
            if free < row.needs_gib {
                println!(
                    "{:<16} skipped: it needs {} GiB of memory, {free} are available",
                    row.name, row.needs_gib
                );
                continue;
            }
            match bench.measure(row) {
                Ok(measured) => {
                    for index in 0..bench.gosans {
                        println!("{}", table::line(&measured, index));
                    }
                    all.push(measured);
                }
                Err(error) => {
                    println!("{:<16} FAILED: {error:#}", row.name);
                    ok = false;
                }
            }
        }
        let measured: Vec<&Measured> = all[first..].iter().collect();
        for index in 0..bench.gosans {
            if let Some(line) = table::mean(group, &measured, index) {
                println!("{line}");
            }
        }
    }
    if let Some(file) = &arguments.json {
        write(&all, file)?;
    }
    Ok(ok)
}

fn write(all: &[Measured], file: &Utf8Path) -> Result<()> {
    let mut text = serde_json::to_string_pretty(all)?;
    text.push('\n');
    fs::write(file, text).with_context(|| format!("cannot write {file}"))
}

struct Bench {
    builder: Builder,
    gosans: usize,
    rounds: u32,
    measurer: Measurer,
}

impl Bench {
    /// Runs a row's programs in turn, each round in the order of the one before,
    /// moved on by one.
    fn measure(&mut self, row: &Row) -> Result<Measured> {
        let mut variants = vec![Variant::Plain, Variant::Stock];
        variants.extend((0..self.gosans).map(Variant::Gosan));
        let mut runs = Vec::new();
        for variant in variants {
            runs.push(self.builder.run_of(variant, row)?);
        }
        let mut rounds = Vec::new();
        let mut result = None;
        for round in 0..self.rounds as usize {
            let mut usages = vec![None; runs.len()];
            for position in 0..runs.len() {
                let at = (position + round) % runs.len();
                let (usage, printed) = self.try_run(&runs[at])?;
                usages[at] = Some(usage);
                // Tests print their times; the other programs their result.
                if matches!(row.program, rows::Program::Tests(_)) {
                    continue;
                }
                let expected = result.get_or_insert_with(|| printed.clone());
                if printed != *expected {
                    bail!(
                        "{} printed {printed:?}, another build of it {expected:?}",
                        runs[at].program
                    );
                }
            }
            let mut usages = usages.into_iter().flatten();
            rounds.push(Round {
                plain: usages.next().context("it was run")?,
                stock: usages.next().context("it was run")?,
                gosan: usages.collect(),
            });
        }
        let compared = (0..self.gosans).map(|index| figures::compare(&rounds, index));
        Ok(Measured {
            row: *row,
            plain: Medians::of(rounds.iter().map(|round| &round.plain)),
            stock: Medians::of(rounds.iter().map(|round| &round.stock)),
            gosan: compared.collect::<Option<_>>().context("no rounds")?,
            rounds,
        })
    }

    fn try_run(&self, run: &measure::Run) -> Result<(measure::Usage, String)> {
        for _ in 1..TRIES {
            if let Ok(done) = self.measurer.run(run) {
                return Ok(done);
            }
        }
        self.measurer.run(run)
    }
}
