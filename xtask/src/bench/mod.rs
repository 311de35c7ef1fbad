//! `cargo xtask bench`: the same work plain, with stock's detector and with
//! gosan's, side by side.
//!
//! | module | concept |
//! |---|---|
//! | `rows` | what is measured, and the goals |
//! | `programs` | the builds |
//! | `floor` | a build whose hooks return at once |
//! | `measure` | one run |
//! | `logs` | the group `explain`: logs to read, which stock cannot |
//! | `figures` | ratios of many runs |
//! | `table`, `plot` | what is shown |
//! | `pages` | what the documentation shows |

mod figures;
mod floor;
mod logs;
mod measure;
mod pages;
mod plot;
mod programs;
mod rows;
mod table;

use std::fs;
use std::thread;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    /// Draw them into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<Utf8PathBuf>,
    /// Put what is measured into the pages: docs/performance.json and .svg, and
    /// the table in README.md; rows that are not measured stay as they are there
    #[arg(long)]
    bless: bool,
    /// Measure nothing: show what an earlier run wrote with --json
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rows", "gosan", "json"])]
    from: Option<Utf8PathBuf>,
    /// The go command to use, instead of the one on PATH
    #[arg(long, value_name = "PATH")]
    go: Option<Utf8PathBuf>,
    /// Measure this gosan command, or the go of this assembled GOROOT, in the
    /// place of what the sources give; may be repeated
    #[arg(long, value_name = "PATH")]
    gosan: Vec<Utf8PathBuf>,
    /// Measure beside it what the compiler's calls take by themselves: with hooks
    /// that return at once and detect nothing
    #[arg(long, conflicts_with = "bless")]
    floor: bool,
}

/// All figures of a run, as they are written.
#[derive(Clone, Serialize, Deserialize)]
struct Report {
    version: u32,
    go: String,
    processors: usize,
    rounds: u32,
    /// What was measured, each by its path.
    gosan: Vec<String>,
    rows: Vec<Measured>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logs: Vec<logs::Measured>,
}

/// A row's figures; what is derived from its rounds is not written.
#[derive(Clone)]
struct Measured {
    row: Row,
    plain: Medians,
    stock: Medians,
    /// One for each gosan.
    gosan: Vec<Comparison>,
    rounds: Vec<Round>,
}

/// A row as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    name: String,
    group: String,
    /// For those who read the file; computed again when it is read here.
    #[serde(skip_deserializing)]
    ratios: Vec<Comparison>,
    rounds: Vec<Round>,
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            name: self.row.name.to_owned(),
            group: self.row.group.name().to_owned(),
            ratios: self.gosan.clone(),
            rounds: self.rounds.clone(),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Measured {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Measured, D::Error> {
        use serde::de::Error;
        let written = Written::deserialize(deserializer)?;
        let name = written.name;
        let row = rows::find(&name).ok_or_else(|| Error::custom(format!("no row {name}")))?;
        Measured::of(row, written.rounds).map_err(Error::custom)
    }
}

impl Measured {
    fn of(row: Row, rounds: Vec<Round>) -> Result<Measured> {
        let gosans = rounds.first().context("no rounds")?.gosan.len();
        if rounds.iter().any(|round| round.gosan.len() != gosans) {
            bail!("rounds of {} with different numbers of runs", row.name);
        }
        let compared = (0..gosans).map(|index| figures::compare(&rounds, index));
        Ok(Measured {
            row,
            plain: Medians::of(rounds.iter().map(|round| &round.plain)),
            stock: Medians::of(rounds.iter().map(|round| &round.stock)),
            gosan: compared.collect::<Option<_>>().context("no rounds")?,
            rounds,
        })
    }
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
    if let Some(file) = &arguments.from {
        let report = Report::read(file)?;
        println!("{}", table::all(&report));
        report.save(arguments)?;
        return Ok(true);
    }
    let rows = rows::select(&arguments.rows)?;
    let logs = logs::select(&arguments.rows);
    let go = match &arguments.go {
        Some(bin) => Go::supported(bin)?,
        None => find::find_or_install()?,
    };
    find::check_c_compiler(&go)?;
    let mut gosans = if arguments.gosan.is_empty() {
        vec![Gosan::named(
            "gosan",
            &workspace::build_gosan(Profile::Release)?,
        )?]
    } else {
        let given = arguments.gosan.iter().map(|path| Gosan::at(path));
        given.collect::<Result<_>>()?
    };
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let scratch = Utf8Path::from_path(scratch.path()).context("TMPDIR is not UTF-8")?;
    if arguments.floor {
        let command = gosans.iter().find_map(Gosan::command);
        let command = command.context("--floor needs a gosan command")?;
        let root = workspace::target_dir().join("bench/floor");
        gosans.push(floor::assemble(command, &programs::cache(), &root)?);
    }
    let mut report = Report {
        version: 1,
        go: go.version.to_string(),
        processors: thread::available_parallelism().map_or(1, usize::from),
        rounds: arguments.rounds,
        gosan: gosans.iter().map(|gosan| gosan.name.clone()).collect(),
        rows: Vec::new(),
        logs: Vec::new(),
    };
    let reader = gosans
        .iter()
        .find_map(Gosan::command)
        .map(Utf8Path::to_owned);
    let mut bench = Bench {
        builder: Builder::new(go, gosans),
        gosans: report.gosan.len(),
        rounds: arguments.rounds,
        measurer: Measurer::new(scratch)?,
    };
    println!("{}", table::title(&report));
    let mut ok = true;
    for group in Group::ALL {
        let members: Vec<&Row> = rows.iter().filter(|row| row.group == group).collect();
        if members.is_empty() {
            continue;
        }
        println!("{}", table::heading(group));
        for row in members {
            let free = measure::available_gib()?;
            if free < row.needs_gib {
                println!(
                    "{:<19} skipped: it needs {} GiB of memory, {free} are available",
                    row.name, row.needs_gib
                );
                continue;
            }
            match bench.measure(row) {
                Ok(measured) => {
                    print_lines(&table::lines(&measured));
                    report.rows.push(measured);
                    // Each time, so that Ctrl-C loses one row and not all.
                    report.save(arguments)?;
                }
                Err(error) => {
                    println!("{:<19} FAILED: {error:#}", row.name);
                    ok = false;
                }
            }
        }
        print_lines(&table::means(group, &report));
    }
    if !logs.is_empty() {
        let gosan = reader.context("none of the --gosan is a gosan command, which reads logs")?;
        println!("{}", logs::heading());
        for log in &logs {
            let measured = logs::measure(log, &gosan, &bench.measurer, scratch, bench.rounds)?;
            report.logs.push(measured);
            report.save(arguments)?;
        }
        print_lines(&logs::lines(&report.logs));
    }
    Ok(ok)
}

fn print_lines(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}

/// Draws the first gosan of a report, where that is asked for.
fn draw(report: &Report, file: Option<&Utf8Path>) -> Result<()> {
    match file {
        Some(file) => {
            fs::write(file, plot::draw(report, 0)).with_context(|| format!("cannot write {file}"))
        }
        None => Ok(()),
    }
}

impl Report {
    fn read(file: &Utf8Path) -> Result<Report> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        serde_json::from_str(&text).with_context(|| format!("{file} is no such report"))
    }

    /// Writes whatever was asked for.
    fn save(&self, arguments: &Arguments) -> Result<()> {
        if let Some(file) = &arguments.json {
            self.write(file)?;
        }
        draw(self, arguments.svg.as_deref())?;
        if arguments.bless {
            pages::bless(self.clone())?;
        }
        Ok(())
    }

    fn write(&self, file: &Utf8Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {file}"))
    }

    fn of(&self, group: Group) -> impl Iterator<Item = &Measured> {
        self.rows.iter().filter(move |row| row.row.group == group)
    }
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
        Measured::of(*row, rounds)
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
