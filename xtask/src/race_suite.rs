//! Go's own test suite of its race detector, `runtime/race`, under gosan.
//!
//! Its TestRace builds several hundred small programs whose verdict is known and
//! prints how many were judged right; output_test.go pins the text of reports.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use crate::go::Go;
use crate::process::{self, Stream};
use crate::std_compare::verdicts::{Log, Verdict};
use crate::tally::Tally;
use crate::workspace;

/// It takes about a minute, and the first use builds the standard library.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The package's tests by verdict, and TestRace's own count.
pub struct Suite {
    pub tally: Tally,
    pub judged: Option<Judged>,
}

/// How many of testdata's programs were judged right, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    pub right: usize,
    pub total: usize,
}

/// Runs the suite with `gosan` and `go`.
pub fn run(gosan: &Utf8Path, go: &Go) -> Result<Suite> {
    let mut command = Command::new(gosan);
    go.use_in(&mut command)
        .args(["test", "-json", "-count=1", "runtime/race"])
        .current_dir(std::env::temp_dir())
        .env("GOSAN_CACHE", workspace::test_cache());
    let mut log = Log::default();
    let mut errors = String::new();
    let outcome = process::run(&mut command, LIMIT, |stream, line| match stream {
        Stream::Out => log.read(line),
        Stream::Err => {
            errors.push_str(line);
            errors.push('\n');
        }
    })?;
    let mut suite = read(&log);
    if !outcome.success() {
        if suite.tally.failed == 0 {
            suite.tally.failed += 1;
        }
        let note = format!("gosan test runtime/race: {}\n{errors}", outcome.ending());
        suite.tally.notes.push(note);
    }
    Ok(suite)
}

fn read(log: &Log) -> Suite {
    let mut tally = Tally::default();
    let mut judged = None;
    for (name, package) in &log.packages {
        for (test, verdict) in &package.tests {
            match verdict {
                Verdict::Pass => tally.passed += 1,
                Verdict::Skip => tally.skipped += 1,
                Verdict::Fail | Verdict::Unfinished => {
                    tally.failed += 1;
                    tally.notes.push(format!("{name} {test}: {verdict}"));
                }
            }
        }
        judged = judged.or_else(|| package.output.lines().find_map(judged_of));
        if tally.failed > 0 {
            tally.notes.push(package.output.clone());
        }
    }
    match judged {
        Some(Judged { right, total }) if right == total && total > 0 => {}
        Some(Judged { right, total }) => {
            tally.failed += 1;
            let note = format!("TestRace judged {right} of {total} programs right");
            tally.notes.push(note);
        }
        None => {
            tally.failed += 1;
            tally.notes.push("TestRace printed no count".to_owned());
        }
    }
    Suite { tally, judged }
}

/// Reads `Passed 368 of 368 tests (100.00%, 0+, 0-)`.
fn judged_of(line: &str) -> Option<Judged> {
    let mut words = line.strip_prefix("Passed ")?.split(' ');
    let right = words.next()?.parse().ok()?;
    (words.next()? == "of").then_some(())?;
    let total = words.next()?.parse().ok()?;
    Some(Judged { right, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(lines: &[&str]) -> Suite {
        let mut log = Log::default();
        for line in lines {
            log.read(line);
        }
        read(&log)
    }

    const PASS: &str = r#"{"Action":"pass","Package":"runtime/race","Test":"TestRace"}"#;

    #[test]
    fn the_count_of_programs_is_part_of_the_verdict() {
        let count = |right: usize| {
            format!(
                r#"{{"Action":"output","Package":"runtime/race","Output":"Passed {right} of 368 tests (x)\n"}}"#
            )
        };
        let all = suite(&[PASS, &count(368)]);
        assert_eq!(all.tally.to_string(), "1 passed, 0 failed");
        let missed = suite(&[PASS, &count(367)]);
        assert_eq!(missed.tally.to_string(), "1 passed, 1 failed");
        assert_eq!(
            missed.judged,
            Some(Judged {
                right: 367,
                total: 368
            })
        );
    }

    #[test]
    fn no_count_is_a_failure() {
        assert_eq!(suite(&[PASS]).tally.failed, 1);
        assert_eq!(suite(&[]).tally.failed, 1);
    }

    #[test]
    fn a_test_that_never_ended_is_a_failure() {
        let run = r#"{"Action":"run","Package":"runtime/race","Test":"TestOutput"}"#;
        let suite = suite(&[run]);
        assert!(
            suite
                .tally
                .notes
                .iter()
                .any(|note| note.contains("TestOutput"))
        );
    }
}
