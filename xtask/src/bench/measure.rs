//! Runs a program once and measures it: time on the clock, processor time, and
//! peak memory.
//!
//! The program `measure`, in `src/bin`, stands between and says why.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::process;
use crate::workspace::{self, Profile};

/// For one run of a row: a hundred times what any takes on an idle machine.
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);

/// What one run took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processor time, user and system, with those of the program's
    /// own children that it waited for.
    pub processor: f64,
    /// The greatest resident memory of a process, in bytes.
    pub peak: u64,
}

/// What a program is started with.
#[derive(Clone, Debug)]
pub struct Run {
    pub program: Utf8PathBuf,
    pub arguments: Vec<String>,
    pub directory: Utf8PathBuf,
}

/// Runs programs and measures them.
pub struct Measurer {
    /// The program that stands between.
    between: Utf8PathBuf,
    scratch: Utf8PathBuf,
}

impl Measurer {
    /// Keeps what the programs print in the directory `scratch`.
    pub fn new(scratch: &Utf8Path) -> Result<Measurer> {
        Ok(Measurer {
            between: workspace::build("xtask", "measure", Profile::Dev)?,
            scratch: scratch.to_owned(),
        })
    }

    /// Runs a program once; its usage and what it printed.
    pub fn run(&self, run: &Run) -> Result<(Usage, String)> {
        let output = self.scratch.join("output");
        let mut command = Command::new(&self.between);
        command.args([output.as_str(), run.program.as_str()]);
        command.args(&run.arguments).current_dir(&run.directory);
        // Settings of the caller's would measure something else.
        for name in ["GORACE", "GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS"] {
            command.env_remove(name);
        }
        let outcome = process::capture(&mut command, RUN_LIMIT)?;
        let printed = std::fs::read(&output).with_context(|| format!("cannot read {output}"))?;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        if !outcome.success() {
            let tail = |text: &str| {
                let lines: Vec<&str> = text.lines().collect();
                lines[lines.len().saturating_sub(20)..].join("\n")
            };
            bail!(
                "{} {} in {}: {}\n{}\n{}",
                run.program,
                run.arguments.join(" "),
                run.directory,
                outcome.ending(),
                tail(&printed),
                tail(&outcome.stderr),
            );
        }
        let line = outcome.stdout.lines().next_back();
        let usage = line.and_then(usage_of);
        Ok((
            usage.context("the measuring program did not answer")?,
            printed,
        ))
    }
}

/// Reads the line that `measure` prints.
fn usage_of(line: &str) -> Option<Usage> {
    let mut words = line.split(' ');
    Some(Usage {
        wall: words.next()?.parse().ok()?,
        processor: words.next()?.parse().ok()?,
        // Linux counts it in KiB.
        peak: words.next()?.parse::<u64>().ok()? * 1024,
    })
}

/// Memory that can be had without swapping, in GiB.
pub fn available_gib() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .context("/proc/meminfo does not say how much is available")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_measured_apart_from_its_starter() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let scratch = Utf8Path::from_path(scratch.path()).expect("UTF-8");
        let measurer = Measurer::new(scratch).expect("it builds");
        let shell = |script: &str| {
            measurer.run(&Run {
                program: "/bin/sh".into(),
                arguments: vec!["-c".to_owned(), script.to_owned()],
                directory: scratch.to_owned(),
            })
        };
        let (usage, printed) = shell("echo done; sleep 0.1").expect("a shell");
        assert_eq!(printed, "done\n");
        assert!(usage.wall >= 0.1 && usage.processor < 0.1, "{usage:?}");
        // This process has more than that itself.
        assert!(usage.peak < 4 << 20, "{usage:?}");
        let error = shell("echo out; echo err >&2; exit 3").expect_err("it fails");
        let error = error.to_string();
        assert!(error.contains("out") && error.contains("err"), "{error}");
    }
}
