//! Drives the fuzz targets of `fuzz/` with a stable compiler: real inputs, changed
//! at random for a while, must neither panic nor take longer than their length
//! allows. `GOSAN_FUZZ_SECONDS` sets the while for each; `cargo xtask fuzz` runs
//! cargo-fuzz in the place of this where it is there.

#[path = "explain/random.rs"]
mod random;
#[path = "../../../fuzz/seeds.rs"]
mod seeds;
#[path = "../../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use random::Random;
use seeds::SEEDS;
use targets::run;

/// A log of this many bytes may take this long in a test build.
const MAX_BYTES: usize = 256 << 10;
const LIMIT: Duration = Duration::from_secs(10);

/// What lines of interest are made of.
const WORDS: &[&str] = &[
    "WARNING: DATA RACE\n",
    "==================\n",
    "Write at 0x00c000 by goroutine 7:\n",
    "Previous read by main goroutine:\n",
    "  main.f()\n      /a.go:7 +0x1\n",
    "Goroutine 7 (running) created at:\n",
    "fatal error: concurrent map writes\n",
    "panic: x\n",
    "goroutine 1 [chan send, 3 minutes]:\n",
    "created by main.main in goroutine 1\n",
    "goroutine profile: total 9\n3 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/a.go:7\n",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"",
    "{\"log\":\"",
    "\\n\"}",
    "msg=\"",
    "func\u{b7}001",
    "\u{1b}[3",
    "\r",
    "((((((((",
    "))))))))",
    "[[[[",
    "2024-05-01T10:11:12Z ",
    "12.5 ",
    "{\"schema\":1,\"fingerprint\":\"x\",\"accesses\":[{\"op\":\"write\",\"stack\":[]}]}\n",
];

/// Changes a log in a few places.
fn change(log: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(log.len() + 1);
        let end = (at + random.below(300)).min(log.len());
        match random.below(6) {
            0 => {
                let word = WORDS[random.below(WORDS.len())];
                log.splice(at..at, word.bytes());
            }
            1 => {
                let word = WORDS[random.below(WORDS.len())];
                log.splice(at..at, word.repeat(random.below(200)).into_bytes());
            }
            2 => {
                log.drain(at..end);
            }
            3 => {
                let copy = log[at..end].repeat(1 + random.below(20));
                log.splice(at..at, copy);
            }
            4 => {
                if at < log.len() {
                    log[at] = u8::try_from(random.below(256)).unwrap_or(0);
                }
            }
            _ => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(2000)).min(other.len());
                log.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    log.truncate(MAX_BYTES);
}

/// The files that a target begins with.
fn seeds_of(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let seeds = SEEDS.iter().find(|seeds| seeds.target == name);
    seeds.expect("a target").files(&root)
}

/// Shows a target changed inputs for a while.
fn drive(name: &str) {
    let seconds = std::env::var("GOSAN_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2);
    let seeds: Vec<Vec<u8>> = seeds_of(name)
        .iter()
        .map(|path| fs::read(path).expect("a seed can be read"))
        .collect();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mut random = Random::new(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tries = 0u64;
    let mut input = seeds[0].clone();
    while Instant::now() < end {
        // Some go on from the one before.
        if random.below(4) != 0 {
            input.clone_from(&seeds[random.below(seeds.len())]);
        }
        change(&mut input, &seeds, &mut random);
        let begun = Instant::now();
        run(name, &input);
        assert!(
            begun.elapsed() < LIMIT,
            "{} bytes took too long",
            input.len()
        );
        tries += 1;
    }
    println!("{name}: {tries} inputs in {seconds} s");
    assert!(tries > 3, "only {tries} inputs were tried");
}

#[test]
fn every_target_is_driven() {
    let driven = ["explain_log", "explain_source", "records"];
    assert!(SEEDS.iter().map(|seeds| seeds.target).eq(driven));
}

#[test]
fn explain_log() {
    drive("explain_log");
}

#[test]
fn explain_source() {
    drive("explain_source");
}

#[test]
fn records() {
    drive("records");
}

/// What would be slow if anything looked at what it has seen before.
#[test]
fn time_grows_with_the_length_only() {
    let seeds = seeds_of("explain_log");
    let texts = seeds
        .iter()
        .filter(|path| {
            ["go1.26", "gosan", "by-hand"]
                .iter()
                .any(|group| path.parent().is_some_and(|parent| parent.ends_with(group)))
        })
        .filter_map(|path| fs::read_to_string(path).ok())
        .filter(|text| text.len() < 4000);
    // Each by itself, and as one of many different lines.
    for text in WORDS.iter().map(|word| (*word).to_owned()).chain(texts) {
        let measure = |bytes: usize| {
            let times = bytes / text.len();
            let same = text.repeat(times);
            let differing: String = (0..times).map(|index| format!("{index} {text}")).collect();
            let begun = Instant::now();
            run("explain_log", same.as_bytes());
            run("explain_log", differing.as_bytes());
            begun.elapsed()
        };
        let few = measure(30_000);
        // Four times the length; quadratic time would be sixteen times.  A machine
        // that was busy for a moment gets another chance.
        let limit = few * 9 + Duration::from_millis(300);
        let quick = (0..3).map(|_| measure(120_000)).find(|many| *many < limit);
        assert!(
            quick.is_some(),
            "{text:?}: {few:?}, then never below {limit:?}"
        );
    }
}
