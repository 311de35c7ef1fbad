//! `cargo xtask fuzz`: shows the parsers inputs that nobody wrote.
//!
//! cargo-fuzz, which is guided by what an input reaches, needs a nightly compiler.
//! Where either is not there, the driver in `crates/gosan-explain/tests/fuzz.rs`
//! changes real inputs at random instead. Which of them ran is said.

#[path = "../../fuzz/seeds.rs"]
mod seeds;

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::process::{self, Outcome};
use crate::tally::{self, Tally};
use crate::workspace;
use seeds::{SEEDS, Seeds};

const PROBE_LIMIT: Duration = Duration::from_secs(60);
/// Everything is compiled anew, with checks of addresses.
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);

/// An input may take so many seconds, be so many bytes, and take so many megabytes.
const LIMITS: [&str; 3] = ["-timeout=25", "-max_len=65536", "-rss_limit_mb=2048"];

/// What CI gives each target.
const CI_SECONDS: u64 = 60;

/// What the task was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Seconds for each target
    #[arg(long, default_value_t = CI_SECONDS)]
    seconds: u64,
    /// Targets by name; all when left out
    targets: Vec<String>,
}

pub fn run(options: &Options) -> Result<bool> {
    let asked = |seeds: &&'static Seeds| {
        options.targets.is_empty() || options.targets.iter().any(|name| name == seeds.target)
    };
    let targets: Vec<&'static Seeds> = SEEDS.iter().filter(asked).collect();
    if let Some(unknown) = options
        .targets
        .iter()
        .find(|name| !SEEDS.iter().any(|seeds| seeds.target == *name))
    {
        let names: Vec<_> = SEEDS.iter().map(|seeds| seeds.target).collect();
        bail!("there is no target {unknown}; targets: {}", names.join(" "));
    }
    let tally = fuzz(&targets, options.seconds)?;
    for note in &tally.notes {
        println!("{note}");
    }
    Ok(tally.success())
}

/// All targets, as long as CI has time for.
pub fn run_quick() -> Result<Tally> {
    fuzz(&SEEDS.iter().collect::<Vec<_>>(), CI_SECONDS)
}

fn fuzz(targets: &[&'static Seeds], seconds: u64) -> Result<Tally> {
    if has_cargo_fuzz() {
        println!("cargo-fuzz, {seconds} s for each target");
        guided(targets, seconds)
    } else {
        println!(
            "There is no cargo-fuzz, or no nightly compiler: real inputs are changed at random, \
             {seconds} s for each target"
        );
        at_random(targets, seconds)
    }
}

/// cargo of the nightly toolchain, which rustup's own cargo finds.
fn nightly() -> Command {
    let mut command = Command::new("cargo");
    command
        .arg("+nightly")
        .current_dir(workspace::root().join("fuzz"))
        .env("CARGO_TARGET_DIR", workspace::target_dir().join("fuzz"));
    // Set by `cargo run` for the toolchain of this process.
    for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

fn has_cargo_fuzz() -> bool {
    let mut command = nightly();
    command.args(["fuzz", "--version"]);
    process::capture(&mut command, PROBE_LIMIT).is_ok_and(|outcome| outcome.success())
}

/// Runs the targets of cargo-fuzz.
fn guided(targets: &[&'static Seeds], seconds: u64) -> Result<Tally> {
    let mut build = nightly();
    build.args(["fuzz", "build"]);
    process::must(&mut build, BUILD_LIMIT).context("the fuzz targets do not build")?;
    // All at once: what counts is that each had its time, not how much it did in it.
    let outcomes = thread::scope(|scope| {
        let start = |target: &&'static Seeds| {
            let target = *target;
            (
                target.target,
                scope.spawn(move || guided_one(target, seconds)),
            )
        };
        let threads: Vec<_> = targets.iter().map(start).collect();
        let join = |(name, thread): (_, thread::ScopedJoinHandle<'_, _>)| {
            Some((name, thread.join().ok()?))
        };
        threads.into_iter().filter_map(join).collect::<Vec<_>>()
    });
    if outcomes.len() < targets.len() {
        bail!("a target could not be waited for");
    }
    let mut tally = Tally::default();
    for (name, outcome) in outcomes {
        let outcome = outcome?;
        let last = |part: &str| {
            let line = outcome
                .stderr
                .lines()
                .rev()
                .find(|line| line.contains(part));
            line.map(|line| line.trim().to_owned())
        };
        if outcome.success() {
            tally.passed += 1;
            println!("{name}: {}", last("Done ").unwrap_or_default());
        } else {
            tally.failed += 1;
            let why = last("SUMMARY").or_else(|| last("ERROR"));
            let why = why.unwrap_or_else(|| outcome.ending());
            tally.notes.push(format!(
                "{name}: {why}; the input lies in fuzz/artifacts/{name}"
            ));
            eprintln!("{}", outcome.stderr);
        }
    }
    Ok(tally)
}

fn guided_one(target: &Seeds, seconds: u64) -> Result<Outcome> {
    let corpus = workspace::target_dir().join("tmp/fuzz").join(target.target);
    fill(&corpus, target)?;
    let mut command = nightly();
    command.args(["fuzz", "run", target.target, corpus.as_str(), "--"]);
    command
        .arg(format!("-max_total_time={seconds}"))
        .args(LIMITS);
    // An input that is being looked at when the time is up is finished.
    process::capture(&mut command, BUILD_LIMIT + Duration::from_secs(seconds))
}

/// Puts the seeds where inputs that reach something new are added.
fn fill(corpus: &Utf8Path, target: &Seeds) -> Result<()> {
    fs::create_dir_all(corpus).with_context(|| format!("cannot create {corpus}"))?;
    let files = target.files(workspace::root().as_std_path());
    for (index, file) in files.iter().enumerate() {
        let to: Utf8PathBuf = corpus.join(format!("seed-{index}"));
        fs::copy(file, &to).with_context(|| format!("cannot copy to {to}"))?;
    }
    Ok(())
}

/// The driver that any compiler builds.
fn at_random(targets: &[&'static Seeds], seconds: u64) -> Result<Tally> {
    let mut command = workspace::cargo();
    command.args(["test", "--package", "gosan-explain", "--test", "fuzz", "--"]);
    command.args(["--nocapture", "--exact"]);
    command.arg(format!("--test-threads={}", targets.len()));
    command.args(targets.iter().map(|target| target.target));
    command.env("GOSAN_FUZZ_SECONDS", seconds.to_string());
    let outcome = process::show(&mut command, BUILD_LIMIT + Duration::from_secs(4 * seconds))?;
    let counts = outcome.stdout.lines().find_map(tally::of_cargo_line);
    let mut tally = counts.unwrap_or_default();
    if !outcome.success() {
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_a_driver() {
        for seeds in &SEEDS {
            let root = workspace::root();
            assert!(
                !seeds.files(root.as_std_path()).is_empty(),
                "{}",
                seeds.target
            );
            let driver = root.join(format!("fuzz/fuzz_targets/{}.rs", seeds.target));
            assert!(driver.is_file(), "{driver}");
        }
    }
}
