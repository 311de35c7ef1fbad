//! `cargo xtask soak`: a busy program for minutes, under gosan and under stock, and
//! a plot of its memory; then a thousand random programs.
//!
//! The program (`exact/soak`) prints its resident memory every second.  Both
//! detectors run at the same time, so they see the same machine.
//!
//! **How flat is judged.**  The first minute does not count, nor does it in
//! shorter runs take more than a tenth.  Of what follows, the median of the last
//! tenth may be at most 10 % and 8 MiB above the median of the first tenth.  A
//! leak of 200 KiB a second fails that in ten minutes, a collector's moods do not.
//!
//! The program has one race, whose accesses are the whole run apart.  gosan must
//! report it, and nothing else.

mod plot;

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::detector::{Bench, Detector, What};
use crate::go::find;
use crate::process::{self, Stream};
use crate::random;
use crate::workspace::{self, Profile};

/// What a run may take beyond its length.
const MARGIN: Duration = Duration::from_secs(120);
/// The part at the start that does not count, at most.
const WARM_UP_SECONDS: u64 = 60;
const FLAT_SHARE: f64 = 1.10;
const FLAT_MIB: u64 = 8;

#[derive(Args)]
pub struct Options {
    /// How long the program works
    #[arg(long, value_name = "MINUTES", default_value_t = 10.0)]
    minutes: f64,
    /// Where the plot goes; in the target directory when left out
    #[arg(long, value_name = "FILE")]
    plot: Option<Utf8PathBuf>,
    /// How many random programs are compared afterwards
    #[arg(long, value_name = "N", default_value_t = 1000)]
    programs: usize,
}

/// Resident memory over time.
#[derive(Default)]
pub struct Curve {
    /// (seconds since the start, MiB)
    pub samples: Vec<(u64, u64)>,
}

/// What one detector did.
#[derive(Default)]
struct Soaked {
    curve: Curve,
    requests: Option<u64>,
    reports: usize,
    /// Whether the report of the one race has both its functions.
    found: bool,
    errors: String,
}

pub fn run(options: &Options) -> Result<bool> {
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let gosan = workspace::build_gosan(Profile::Dev)?;
    let directory = workspace::target_dir().join("soak");
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {directory}"))?;
    let bench = Bench {
        go: &go,
        gosan: &gosan,
        directory: &directory,
    };
    let module = workspace::root().join("exact");
    let build = |detector: Detector| detector.build(&bench, &module, "./soak", What::Program);
    let binaries = [build(Detector::Gosan)?, build(Detector::Stock)?];
    let seconds = (options.minutes * 60.0).round().max(10.0) as u64;
    println!("The program works for {seconds} s, under gosan and under stock at once.");
    let [of_gosan, of_stock] = thread::scope(|scope| {
        let start = |binary| scope.spawn(move || soak(binary, seconds));
        let running = [start(&binaries[0]), start(&binaries[1])];
        running.map(|run| {
            run.join()
                .unwrap_or_else(|_| Err(anyhow!("the thread that watches it panicked")))
        })
    });
    let (of_gosan, of_stock) = (of_gosan?, of_stock?);

    let path = options
        .plot
        .clone()
        .unwrap_or_else(|| directory.join("memory.svg"));
    let svg = plot::memory(&of_gosan.curve, &of_stock.curve)?;
    fs::write(&path, svg).with_context(|| format!("cannot write {path}"))?;
    tell("gosan", &of_gosan, seconds);
    tell("stock", &of_stock, seconds);
    println!("The plot is {path}.");
    let wrong = of_gosan.wrong(seconds);
    for what in &wrong {
        println!("gosan: {what}");
    }
    let agree = options.programs == 0 || random::run(&random::Options::of(options.programs))?;
    Ok(wrong.is_empty() && agree)
}

fn soak(binary: &Utf8Path, seconds: u64) -> Result<Soaked> {
    let mut command = Command::new(binary);
    command.arg(format!("-for={seconds}s")).env_remove("GORACE");
    let mut soaked = Soaked::default();
    let limit = Duration::from_secs(seconds) + MARGIN;
    let outcome = process::run(&mut command, limit, |stream, line| {
        soaked.take(stream, line)
    })?;
    if soaked.requests.is_none() {
        let ending = outcome.ending();
        soaked.errors += &format!("it did not come to its end: {ending}\n");
    }
    Ok(soaked)
}

impl Soaked {
    fn take(&mut self, stream: Stream, line: &str) {
        let sample = || {
            let rest = line.strip_prefix("after ")?.strip_suffix(" MiB")?;
            let (second, resident) = rest.split_once(" s resident: ")?;
            Some((second.parse().ok()?, resident.parse().ok()?))
        };
        if let Some(sample) = sample() {
            let (second, resident) = sample;
            self.curve.samples.push(sample);
            if second % 60 == 0 {
                println!("after {second} s: {resident} MiB");
            }
        } else if let Some(requests) = line.strip_prefix("requests: ") {
            self.requests = requests.parse().ok();
        } else if stream == Stream::Err {
            self.reports += usize::from(line == "WARNING: DATA RACE");
            self.errors += line;
            self.errors.push('\n');
            self.found = self.errors.contains("  main.former()\n")
                && self.errors.contains("  main.latter()\n");
        }
    }

    /// What is not as it must be.
    fn wrong(&self, seconds: u64) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.requests.is_none() || self.reports != 1 || !self.found {
            let reports = self.reports;
            let errors = &self.errors;
            wrong.push(format!(
                "{reports} reports, where the one race must be found, and nothing else:\n{errors}"
            ));
        }
        match self.curve.ends(seconds) {
            Some(ends) if is_flat(ends) => {}
            Some((first, last)) => {
                wrong.push(format!("memory is not flat: {first} MiB, then {last} MiB"));
            }
            None => wrong.push("too few samples of memory".to_owned()),
        }
        wrong
    }
}

impl Curve {
    /// The median of the first tenth after warming up, and of the last tenth.
    fn ends(&self, seconds: u64) -> Option<(u64, u64)> {
        let warm_up = WARM_UP_SECONDS.min(seconds / 10);
        let tenth = ((seconds - warm_up) / 10).max(1);
        let median = |from: u64, to: u64| {
            let inside = self
                .samples
                .iter()
                .filter(|(at, _)| (from..to).contains(at));
            let mut values: Vec<u64> = inside.map(|(_, mib)| *mib).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied()
        };
        median(warm_up, warm_up + tenth).zip(median(seconds - tenth, seconds + tenth))
    }

    pub fn peak(&self) -> u64 {
        self.samples.iter().map(|(_, mib)| *mib).max().unwrap_or(0)
    }
}

fn is_flat((first, last): (u64, u64)) -> bool {
    last as f64 <= first as f64 * FLAT_SHARE + FLAT_MIB as f64
}

fn tell(name: &str, soaked: &Soaked, seconds: u64) {
    let ends = soaked.curve.ends(seconds);
    let (first, last) = ends.unwrap_or_default();
    println!(
        "{name}: {} requests; {} reports, the race {}; {first} MiB after warming up, {last} MiB at \
         the end, {} MiB at most",
        soaked.requests.unwrap_or_default(),
        soaked.reports,
        if soaked.found { "found" } else { "missed" },
        soaked.curve.peak(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(mib: impl Fn(u64) -> u64) -> Curve {
        Curve {
            samples: (1..=600).map(|second| (second, mib(second))).collect(),
        }
    }

    #[test]
    fn a_leak_is_seen_and_a_warm_up_is_none() {
        let flat = |curve: Curve| curve.ends(600).is_some_and(is_flat);
        assert!(flat(curve(|second| 50 + second.min(60) * 2)));
        assert!(flat(curve(|second| 100 + second % 7)));
        assert!(!flat(curve(|second| 100 + second / 10)));
        assert!(!flat(Curve::default()));
    }

    #[test]
    fn what_the_program_prints_is_read() {
        let mut soaked = Soaked::default();
        soaked.take(Stream::Out, "after 7 s resident: 93 MiB");
        soaked.take(Stream::Err, "WARNING: DATA RACE");
        soaked.take(Stream::Err, "  main.latter()");
        soaked.take(Stream::Err, "  main.former()");
        soaked.take(Stream::Out, "requests: 12");
        assert_eq!(soaked.curve.samples, [(7, 93)]);
        assert_eq!((soaked.requests, soaked.reports), (Some(12), 1));
        assert!(soaked.found);
        assert_eq!(soaked.wrong(600).len(), 1, "one sample is too few");
    }
}
