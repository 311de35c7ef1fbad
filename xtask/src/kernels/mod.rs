//! `cargo xtask kernels`: how often the races of `kernels/` are found, by stock
//! -race and by gosan, in one run and in ten.
//!
//! A package's tests run together, as a user runs them; under schedules, so many of
//! them at a time. A kernel counts as found
//! when a report's stacks hold its test's function.

mod rate;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::go::{Go, find};
use crate::process;
use crate::tally::Tally;
use crate::workspace::{self, Profile};
use rate::Rate;
use table::{Costs, Row};

/// The kernels that strategies were tuned on, and those that they were not.
const WITH_RACES: [&str; 2] = ["tuned", "heldback"];

/// The twins without a race.
const ORDERED: &str = "ordered";

/// Runs of which the third column is made.
const RUNS: usize = 10;

const BUILD_LIMIT: Duration = Duration::from_secs(10 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(2 * 60);
const SCHEDULES_LIMIT: Duration = Duration::from_secs(10 * 60);

/// What CI wants to be found in one go of ten schedules, in per cent. The page
/// has what more goes find; this is to notice when something breaks.
const QUICK_SHARE: usize = 85;

/// How much is measured.
pub struct Amount {
    /// Single runs of each package, under stock and under gosan.
    pub runs: usize,
    /// Commands with ten schedules.
    pub tries: usize,
    /// Tests that such a command runs.
    pub together: NonZeroUsize,
}

/// For each run the tests in its reports, and in how many.
type Found = Vec<BTreeMap<String, u32>>;

/// What one command with ten schedules brought.
struct Schedules {
    found: BTreeMap<String, u32>,
    /// How often it went through the tests, the first run included.
    rounds: usize,
}

/// The programs that are judged.
struct Bench {
    go: Go,
    gosan: Utf8PathBuf,
    scratch: tempfile::TempDir,
}

/// Prints the whole table, or the part of one package.
pub fn run(amount: &Amount, only: Option<&str>) -> Result<bool> {
    let is_wanted = |package: &str| only.is_none_or(|only| only == package);
    if !WITH_RACES.into_iter().chain([ORDERED]).any(is_wanted) {
        bail!("there is no such package; take one of {WITH_RACES:?} and {ORDERED:?}");
    }
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let bench = Bench::new(go, workspace::build_gosan(Profile::Dev)?)?;
    println!(
        "{}, {} single runs, {} commands with {RUNS} schedules",
        bench.go.version, amount.runs, amount.tries
    );
    for package in WITH_RACES.into_iter().filter(|package| is_wanted(package)) {
        if !directory().join(package).is_dir() {
            println!("\n{package}: skipped, since kernels/ holds no such package now");
            continue;
        }
        let (rows, costs) = bench.measure(package, amount)?;
        println!("\n{}\n{costs}", table::markdown(package, &rows));
    }
    if !is_wanted(ORDERED) {
        return Ok(true);
    }
    let mut reports = 0;
    for _ in 0..amount.tries {
        reports += bench.schedules(ORDERED, None)?.found.len();
    }
    println!(
        "\n{ORDERED}: {reports} reports in {} commands with {RUNS} schedules",
        amount.tries
    );
    Ok(reports == 0)
}

/// A part that takes a minute, for CI.
pub fn run_quick(gosan: &Utf8Path, go: &Go) -> Result<Tally> {
    let bench = Bench::new(go.clone(), gosan.to_owned())?;
    let mut tally = Tally::default();
    let mut judge = |ok: bool, note: String| {
        println!("{note}");
        match ok {
            true => tally.passed += 1,
            false => {
                tally.failed += 1;
                tally.notes.push(note);
            }
        }
    };
    let kernels = bench.kernels("tuned")?;
    let found = bench.schedules("tuned", None)?.found;
    let hit = kernels.iter().filter(|kernel| found.contains_key(*kernel));
    let (hit, all) = (hit.count(), kernels.len());
    judge(
        hit * 100 >= all * QUICK_SHARE,
        format!("{RUNS} schedules found {hit} of {all} tuned kernels"),
    );
    let false_reports = bench.schedules(ORDERED, None)?.found;
    judge(
        false_reports.is_empty(),
        format!(
            "{RUNS} schedules of kernels without a race: {} reports",
            false_reports.len()
        ),
    );
    Ok(tally)
}

impl Bench {
    fn new(go: Go, gosan: Utf8PathBuf) -> Result<Self> {
        Ok(Self {
            go,
            gosan,
            scratch: tempfile::tempdir()?,
        })
    }

    /// All kernels of a package, each with how often it was found; and what that cost.
    fn measure(&self, package: &str, amount: &Amount) -> Result<(Vec<Row>, Costs)> {
        let kernels = self.kernels(package)?;
        let stock = self.build(package, "stock", {
            let mut command = Command::new(self.go.bin.as_std_path());
            command.args(["test", "-race"]);
            command
        })?;
        let gosan = self.build(package, "gosan", {
            let mut command = Command::new(&self.gosan);
            command.args(["test", "--quiet"]);
            command
        })?;
        let mut rounds = 0;
        let mut schedules = Vec::new();
        let begun = Instant::now();
        for _ in 0..amount.tries {
            let mut found = BTreeMap::new();
            for tests in kernels.chunks(amount.together.get()) {
                let done = self.schedules(package, Some(tests))?;
                rounds += done.rounds * tests.len();
                found.extend(done.found);
            }
            schedules.push(found);
        }
        let rounds = rounds / kernels.len();
        let gosan_ten = begun.elapsed().div_f64(amount.tries.max(1) as f64);
        // As often as gosan went through the tests of a run, the mean rounded up.
        let times = rounds.div_ceil((amount.tries * RUNS).max(1)).max(1);
        let ([stock_once, gosan], once) = self.single_runs(&[&stock, &gosan], 1, amount.runs)?;
        let ([stock_often], often) = self.single_runs(&[&stock], times, amount.runs)?;
        let rows = kernels.into_iter().map(|kernel| Row {
            stock: Rate::of(&stock_once, &kernel),
            stock_ten: Rate::of_groups(&stock_once, &kernel, RUNS),
            stock_often: Rate::of_groups(&stock_often, &kernel, RUNS),
            gosan: Rate::of(&gosan, &kernel),
            gosan_ten: Rate::of(&schedules, &kernel),
            kernel,
        });
        let ten = |per_run: Duration| per_run * RUNS as u32;
        let costs = Costs {
            times,
            rounds: rounds as f64 / amount.tries.max(1) as f64,
            stock: once[0],
            stock_ten: ten(once[0]),
            stock_often: ten(often[0]),
            gosan: once[1],
            gosan_ten,
        };
        Ok((rows.collect(), costs))
    }

    /// The tests of a package.
    fn kernels(&self, package: &str) -> Result<Vec<String>> {
        let directory = directory().join(package);
        let mut names = Vec::new();
        for entry in directory.read_dir_utf8()? {
            let text = fs::read_to_string(entry?.path())?;
            let tests = text
                .lines()
                .filter_map(|line| line.strip_prefix("func Test"));
            names.extend(tests.filter_map(|rest| Some(format!("Test{}", rest.split('(').next()?))));
        }
        if names.is_empty() {
            bail!("{directory} holds no test");
        }
        names.sort();
        Ok(names)
    }

    /// A test program of the package.
    fn build(&self, package: &str, name: &str, mut command: Command) -> Result<Utf8PathBuf> {
        let scratch = Utf8Path::from_path(self.scratch.path()).context("a path is not UTF-8")?;
        let program = scratch.join(format!("{package}-{name}.test"));
        self.go.use_in(&mut command);
        command
            .args(["-vet=off", "-c", "-o", program.as_str()])
            .arg(format!("./{package}"))
            .current_dir(directory())
            .env("GOSAN_CACHE", workspace::test_cache());
        process::must(&mut command, BUILD_LIMIT)?;
        Ok(program)
    }

    /// What was found in each of so many runs of some programs that go through their
    /// tests so many times, and how long a run took. They take turns: how busy the
    /// machine is decides what a timeout overtakes.
    fn single_runs<const N: usize>(
        &self,
        programs: &[&Utf8PathBuf; N],
        times: usize,
        runs: usize,
    ) -> Result<([Found; N], [Duration; N])> {
        let mut found = [const { Found::new() }; N];
        let mut took = [Duration::ZERO; N];
        for _ in 0..runs {
            for (at, program) in programs.iter().enumerate() {
                let mut command = Command::new(program);
                command
                    .arg(format!("-test.count={times}"))
                    .current_dir(directory());
                let begun = Instant::now();
                let outcome = process::capture(&mut command, RUN_LIMIT)?;
                took[at] += begun.elapsed();
                found[at].push(found_in(&(outcome.stdout + &outcome.stderr)));
            }
        }
        let each = took.map(|took| took.div_f64(runs.max(1) as f64));
        Ok((found, each))
    }

    /// What one command with ten schedules finds of these tests, or of all, as on a
    /// machine where none has run before.
    fn schedules(&self, package: &str, tests: Option<&[String]>) -> Result<Schedules> {
        let notes = workspace::test_cache().join("stamps");
        for entry in notes.read_dir_utf8().into_iter().flatten() {
            let path = entry?.into_path();
            let name = path.file_name().unwrap_or_default();
            if name == "schedules.json" || name.starts_with("orders-") {
                fs::remove_file(&path)?;
            }
        }
        let mut command = Command::new(&self.gosan);
        self.go.use_in(&mut command);
        command
            .args(["test", "--schedules"])
            .arg(RUNS.to_string())
            .args(["--find-again", "0", "-vet=off"])
            .args(tests.map(|tests| format!("-run=^({})$", tests.join("|"))))
            .arg(format!("./{package}"))
            .current_dir(directory())
            .env("GOSAN_CACHE", workspace::test_cache());
        let outcome = process::capture(&mut command, SCHEDULES_LIMIT)?;
        if outcome.timed_out() || !outcome.stderr.contains("orders of synchronisation") {
            bail!(
                "gosan test --schedules: {}\n{}",
                outcome.ending(),
                outcome.stderr
            );
        }
        Ok(Schedules {
            found: found_in(&outcome.stdout),
            rounds: 1 + rounds_in(&outcome.stderr).context("gosan does not say its schedules")?,
        })
    }
}

fn directory() -> Utf8PathBuf {
    workspace::root().join("kernels")
}

/// The number of schedules in gosan's last lines.
fn rounds_in(told: &str) -> Option<usize> {
    let (before, _) = told.split_once(" in all, ")?;
    let words: Vec<&str> = before.rsplit(' ').take(2).collect();
    words.get(1)?.parse().ok()
}

/// The tests in the stacks of all reports, and in how many.
fn found_in(output: &str) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for report in output.split("WARNING: DATA RACE\n").skip(1) {
        let report = report.split("\n=====").next().unwrap_or(report);
        let functions = report.lines().filter_map(|line| line.split_once(".Test"));
        let name = |rest: &str| {
            let end = rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len());
            format!("Test{}", &rest[..end])
        };
        let mut names: Vec<String> = functions.map(|(_, rest)| name(rest)).collect();
        names.sort();
        names.dedup();
        for name in names {
            *found.entry(name).or_default() += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_many_schedules_there_were() {
        let told = "gosan: 9 runs under schedules after the first, with 27 schedules in all, 10";
        assert_eq!(rounds_in(told), Some(27));
        assert_eq!(rounds_in("gosan: nothing"), None);
    }

    #[test]
    fn a_report_counts_for_the_test_in_its_stacks() {
        let report = |test: &str| {
            format!(
                "==================\nWARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n  \
                 k.{test}.func1()\n      /k.go:3 +0x1\n\nGoroutine 7 created at:\n  k.{test}()\n\
                 ==================\n--- FAIL: k.TestZ\n"
            )
        };
        let found = found_in(&(report("TestA") + &report("TestB") + &report("TestA")));
        let expected = [("TestA".to_owned(), 2), ("TestB".to_owned(), 1)];
        assert_eq!(found, BTreeMap::from(expected));
    }
}
