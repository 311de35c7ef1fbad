//! How fast `gosan explain` reads a log, and in how much room: the group `explain`.
//!
//! The logs are made here, always the same: ordinary lines of a service with a
//! report in every megabyte, and nothing but reports. Stock has nothing to compare
//! with, so the goals are figures of their own. A log ten times as long must not
//! take more room.

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use anyhow::{Context, Result, ensure};
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::Verdict;
use super::measure::{Measurer, Run, Usage};

/// The name by which all of them are asked for.
pub const GROUP: &str = "explain";

const MEGABYTE: usize = 1_000_000;

/// Megabytes a second.
const FAST: f64 = 200.0;

/// How much more room a long log may take than a short one.
const FLAT: f64 = 1.1;

/// A log to read.
#[derive(Clone, Copy)]
pub struct Log {
    pub name: &'static str,
    megabytes: usize,
    /// Bytes of ordinary lines between two reports.
    between: usize,
    /// It is to be read at [`FAST`].
    is_fast: bool,
}

/// Each kind's shortest log comes first: the other is held against its room.
pub const LOGS: &[Log] = &[
    Log {
        name: "log-20mb",
        megabytes: 20,
        between: MEGABYTE,
        is_fast: false,
    },
    Log {
        name: "log-200mb",
        megabytes: 200,
        between: MEGABYTE,
        is_fast: true,
    },
    Log {
        name: "reports-5mb",
        megabytes: 5,
        between: 0,
        is_fast: false,
    },
    Log {
        name: "reports-50mb",
        megabytes: 50,
        between: 0,
        is_fast: false,
    },
];

/// The logs that were asked for, by their own names or the group's.
pub fn select(names: &[String]) -> Vec<Log> {
    let asked = |log: &&Log| {
        let by = |name: &String| log.name == name || name == GROUP;
        names.is_empty() || names.iter().any(by)
    };
    LOGS.iter().filter(asked).copied().collect()
}

/// Whether a log, or all of them, has this name.
pub fn is_known(name: &str) -> bool {
    name == GROUP || LOGS.iter().any(|log| log.name == name)
}

/// What the rounds of a log took.
#[derive(Clone, Serialize, Deserialize)]
pub struct Measured {
    pub name: String,
    bytes: u64,
    rounds: Vec<Usage>,
}

impl Measured {
    fn median(&self, of: impl Fn(&Usage) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn speed(&self) -> f64 {
        self.bytes as f64 / MEGABYTE as f64 / self.median(|usage| usage.wall)
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn peak(&self) -> f64 {
        self.median(|usage| usage.peak as f64 / MEGABYTE as f64)
    }
}

/// The lines above the logs.
pub fn heading() -> String {
    format!(
        "\nLogs that gosan explain reads, goals: {FAST} MB/s where reports are rare, and no more \
         memory for a longer log\n{:<19} {:>8} {:>8}",
        "", "MB/s", "peak"
    )
}

/// The lines of the logs.
pub fn lines(logs: &[Measured]) -> Vec<String> {
    logs.iter()
        .map(|log| {
            let known = LOGS.iter().find(|known| known.name == log.name);
            let kind = LOGS
                .iter()
                .find(|shortest| known.is_some_and(|known| known.between == shortest.between));
            let shortest = logs
                .iter()
                .find(|log| kind.is_some_and(|kind| kind.name == log.name));
            let mut behind = Vec::new();
            // Slowness, so that as everywhere less is better.
            if known.is_some_and(|known| known.is_fast)
                && Verdict::of(FAST / log.speed(), 1.0) == Verdict::Behind
            {
                behind.push("speed");
            }
            if shortest.is_some_and(|shortest| {
                Verdict::of(log.peak() / shortest.peak(), FLAT) == Verdict::Behind
            }) {
                behind.push("memory");
            }
            let behind = match behind.as_slice() {
                [] => String::new(),
                goals => format!("   BEHIND: {}", goals.join(", ")),
            };
            format!(
                "{:<19} {:>8.0} {:>5.1} MB{behind}",
                log.name,
                log.speed(),
                log.peak()
            )
        })
        .collect()
}

/// Reads a log once in each round.
pub fn measure(
    log: &Log,
    gosan: &Utf8Path,
    measurer: &Measurer,
    scratch: &Utf8Path,
    rounds: u32,
) -> Result<Measured> {
    let path = scratch.join("log.txt");
    log.write(&path)?;
    let bytes = fs::metadata(&path).with_context(|| path.to_string())?.len();
    let run = Run {
        program: gosan.to_owned(),
        arguments: ["explain", "--format", "json", path.as_str()]
            .map(str::to_owned)
            .to_vec(),
        directory: scratch.to_owned(),
    };
    let mut usages = Vec::new();
    for _ in 0..rounds {
        let (usage, printed) = measurer.run(&run)?;
        let found: serde_json::Value = serde_json::from_str(&printed)?;
        let findings = found["findings"].as_array().map_or(0, Vec::len);
        ensure!(
            findings == RACES,
            "{}: {findings} findings, not {RACES}",
            log.name
        );
        usages.push(usage);
    }
    fs::remove_file(&path).with_context(|| path.to_string())?;
    Ok(Measured {
        name: log.name.to_owned(),
        bytes,
        rounds: usages,
    })
}

/// So many different races are in each log.
const RACES: usize = 10;

impl Log {
    fn write(&self, path: &Utf8Path) -> Result<()> {
        let file = File::create(path).with_context(|| path.to_string())?;
        let mut out = BufWriter::new(file);
        let mut written = 0;
        let mut number = 0;
        let mut since = 0;
        while written < self.megabytes * MEGABYTE {
            let text = if since >= self.between {
                since = 0;
                report(number)
            } else {
                line(number)
            };
            out.write_all(text.as_bytes())?;
            written += text.len();
            since += text.len();
            number += 1;
        }
        out.flush().context("the log")
    }
}

/// A line as services write them.
fn line(number: usize) -> String {
    let (minute, second) = (number / 60_000 % 60, number / 1000 % 60);
    format!(
        "2024-05-01T10:{minute:02}:{second:02}.{:03}Z INFO request served method=GET path=/cart/{} \
         status=200 duration=1.{:03}ms user_agent=\"curl/8.5.0\" trace=4bf92f3577b34da6a3ce929d0e0e4736\n",
        number % 1000,
        number % 977,
        number % 991,
    )
}

/// One of the races, under the decoration of the same logger.
fn report(number: usize) -> String {
    let race = number % RACES;
    let text = format!(
        "==================\nWARNING: DATA RACE\nWrite at 0x00c{number:09x} by goroutine {number}:\n  \
         runtime.mapassign_faststr()\n      /usr/local/go/src/internal/runtime/maps/runtime_faststr.go:263 +0x0\n  \
         example.com/shop.(*Cart).Add{race}()\n      /src/shop/cart.go:{race} +0x105\n  \
         example.com/shop.handler.func1()\n      /src/shop/handler.go:23 +0x9a\n\n\
         Previous write at 0x00c{number:09x} by goroutine 7:\n  \
         runtime.mapassign_faststr()\n      /usr/local/go/src/internal/runtime/maps/runtime_faststr.go:263 +0x0\n  \
         example.com/shop.(*Cart).Add{race}()\n      /src/shop/cart.go:{race} +0x105\n\n\
         Goroutine {number} (running) created at:\n  example.com/shop.handler()\n      /src/shop/handler.go:21 +0x10b\n\
         ==================\n"
    );
    text.lines()
        .map(|line| format!("2024-05-01T10:11:12.345Z {line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, wall: f64, peak: u64) -> Measured {
        Measured {
            name: name.to_owned(),
            bytes: 200_000_000,
            rounds: vec![Usage {
                wall,
                processor: wall,
                peak,
            }],
        }
    }

    #[test]
    fn a_slow_log_and_one_that_takes_room_are_behind() {
        let logs = [
            measured("log-20mb", 0.1, 10_000_000),
            measured("log-200mb", 0.5, 10_900_000),
            measured("reports-5mb", 20.0, 12_000_000),
            measured("reports-50mb", 20.0, 14_000_000),
        ];
        let told = |logs: &[Measured]| -> Vec<String> {
            let lines = lines(logs);
            let behind = |line: &String| {
                line.split_once("BEHIND: ")
                    .map(|(_, goals)| goals.to_owned())
            };
            lines
                .iter()
                .map(|line| behind(line).unwrap_or_default())
                .collect()
        };
        assert_eq!(told(&logs), ["", "", "", "memory"]);
        assert_eq!(told(&[measured("log-200mb", 1.1, 1)]), ["speed"]);
    }

    #[test]
    fn the_logs_have_their_length() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let path = Utf8Path::from_path(scratch.path())
            .expect("UTF-8")
            .join("log");
        let log = Log {
            megabytes: 2,
            ..LOGS[0]
        };
        log.write(&path).expect("it can be written");
        let text = fs::read_to_string(&path).expect("it is text");
        assert!(text.len() >= 2 * MEGABYTE && text.len() < 2 * MEGABYTE + 2000);
        assert_eq!(text.matches("DATA RACE").count(), 1);
    }
}
