//! `cargo xtask bench-explain`: how fast `gosan explain` reads a log, and in how
//! much room.
//!
//! The logs are made here, always the same: ordinary lines of a service with a
//! report in every megabyte, and the same with nothing but reports. The command
//! is the release build; its peak memory is what the kernel says of the child.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};

use crate::workspace::{self, Profile};

const MEGABYTE: usize = 1_000_000;

/// Runs of each log; the fastest counts.
const RUNS: usize = 3;

/// A log to read.
struct Log {
    name: &'static str,
    megabytes: usize,
    /// Bytes of ordinary lines between two reports.
    between: usize,
    /// What must be reached, in megabytes a second.
    target: Option<f64>,
}

const LOGS: &[Log] = &[
    Log {
        name: "a service's log, 200 MB, a report in each MB",
        megabytes: 200,
        between: MEGABYTE,
        target: Some(200.0),
    },
    Log {
        name: "the same, 20 MB",
        megabytes: 20,
        between: MEGABYTE,
        target: None,
    },
    Log {
        name: "nothing but reports, 50 MB",
        megabytes: 50,
        between: 0,
        target: None,
    },
];

/// What one run took.
struct Measured {
    megabytes_per_second: f64,
    peak_megabytes: f64,
}

/// Measures all logs; false if one is slower than it should be.
pub fn run() -> Result<bool> {
    let gosan = workspace::build_gosan(Profile::Release)?;
    let directory = workspace::target_dir().join("tmp/bench-explain");
    fs::create_dir_all(&directory).with_context(|| directory.to_string())?;
    let mut right = true;
    println!("{:<48} {:>9} {:>9}", "log", "MB/s", "peak MB");
    for log in LOGS {
        let path = directory.join("log.txt");
        log.write(&path)?;
        let measured = measure(&gosan, &path, log)?;
        let slow = log
            .target
            .is_some_and(|target| measured.megabytes_per_second < target);
        right &= !slow;
        println!(
            "{:<48} {:>9.0} {:>9.1}{}",
            log.name,
            measured.megabytes_per_second,
            measured.peak_megabytes,
            if slow { "  TOO SLOW" } else { "" }
        );
        fs::remove_file(&path).with_context(|| path.to_string())?;
    }
    Ok(right)
}

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

/// One of ten races, under the decoration of the same logger.
fn report(number: usize) -> String {
    let race = number % 10;
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

/// Reads the log a few times, and takes the best.
fn measure(gosan: &Utf8PathBuf, path: &Utf8Path, log: &Log) -> Result<Measured> {
    let bytes = fs::metadata(path).with_context(|| path.to_string())?.len();
    let mut best: Option<Measured> = None;
    for _ in 0..RUNS {
        let started = Instant::now();
        // /proc tells the peak only while the child lives; time(1) is not everywhere.
        let child = Command::new(gosan)
            .args(["explain", "--format", "json", path.as_str()])
            .stdout(Stdio::piped())
            .spawn()
            .context("gosan explain")?;
        let peak = peak_of(child.id());
        let output = child.wait_with_output().context("gosan explain")?;
        let seconds = started.elapsed().as_secs_f64();
        ensure!(output.status.success(), "gosan explain: {}", output.status);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let findings = found["findings"].as_array().map_or(0, Vec::len);
        ensure!(findings == 10, "{}: {findings} findings, not 10", log.name);
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let measured = Measured {
            megabytes_per_second: bytes as f64 / MEGABYTE as f64 / seconds,
            peak_megabytes: peak.join().unwrap_or_default() as f64 / 1000.0,
        };
        let better = best
            .as_ref()
            .is_none_or(|best| measured.megabytes_per_second > best.megabytes_per_second);
        if better {
            best = Some(measured);
        }
    }
    best.context("no run")
}

/// Watches a child's peak memory, in kilobytes, until it has ended.
fn peak_of(child: u32) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut peak = 0;
        let status = format!("/proc/{child}/status");
        while let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(line) = line else { break };
            let kilobytes = line.trim().trim_end_matches(" kB").parse();
            peak = peak.max(kilobytes.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        peak
    })
}
