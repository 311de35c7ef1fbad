//! Drives the fuzz target of `fuzz/` with a stable compiler: real logs, changed
//! at random for a while, must neither panic nor take longer than their length
//! allows. `GOSAN_FUZZ_SECONDS` sets the while. cargo-fuzz, which is guided by
//! coverage, needs a nightly compiler: `fuzz/Cargo.toml` says how.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use gosan_explain::{Sources, explain, render};

/// A log of this many bytes may take this long in a test build.
const MAX_BYTES: usize = 256 << 10;
const LIMIT: Duration = Duration::from_secs(10);

/// xorshift64*: the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % limit.max(1)
    }
}

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

fn target(log: &[u8]) {
    let sources = Sources::none();
    if let Ok(explanation) = explain(log, &sources, |_| {}) {
        render::text::render(&explanation, &sources, false);
        render::json::render(&explanation);
    }
}

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

/// The fixtures.
fn seeds() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seeds = Vec::new();
    for group in fs::read_dir(directory).expect("the fixtures") {
        let group = group.expect("a group").path();
        for log in fs::read_dir(group).expect("a directory") {
            seeds.push(fs::read(log.expect("a log").path()).expect("it can be read"));
        }
    }
    seeds.sort();
    seeds
}

#[test]
fn changed_logs_neither_panic_nor_take_long() {
    let seconds = std::env::var("GOSAN_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20);
    let seeds = seeds();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tries = 0u64;
    let mut log = seeds[0].clone();
    while Instant::now() < end {
        // Some go on from the one before.
        if random.below(4) != 0 {
            log.clone_from(&seeds[random.below(seeds.len())]);
        }
        change(&mut log, &seeds, &mut random);
        let begun = Instant::now();
        target(&log);
        assert!(begun.elapsed() < LIMIT, "{} bytes took too long", log.len());
        tries += 1;
    }
    assert!(tries > 50, "only {tries} logs were tried");
}

/// What would be slow if anything looked at what it has seen before.
#[test]
fn time_grows_with_the_length_only() {
    for word in WORDS {
        let measure = |times: usize| {
            let log = word.repeat(times);
            let begun = Instant::now();
            target(log.as_bytes());
            begun.elapsed()
        };
        let few = measure(4000);
        let many = measure(16_000);
        // Four times the length; quadratic time would be sixteen times.
        let limit = few * 10 + Duration::from_millis(400);
        assert!(many < limit, "{word:?}: {few:?}, then {many:?}");
    }
}
