//! Runs a kept program once, under one schedule.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::log::Log;
use crate::program::Program;
use crate::race::{self, Report};
use crate::seed::Seed;
use crate::spec::{self, Frame};
use crate::watch::{self, Patience};

/// The line that the hooks print where another round begins, with the number of the
/// round behind it. It begins with a line break, as the program's own line may be
/// open.
const ROUND: &str = "\ngosan: round ";

/// One run that is to be done.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    pub program: &'a Program,
    /// These tests, or all that `go test` ran.
    pub tests: Option<&'a [String]>,
    /// A round for each, as long as there is time.
    pub seeds: &'a [Seed],
    /// How long the rounds may take; one is always done.
    pub within: Duration,
    /// Per mille of the tests that each round leaves out, by lot.
    pub leave: u32,
    /// How much longer delays may make each test.
    pub allow: Duration,
    pub patience: Patience,
}

/// What came of a round.
#[derive(Debug)]
pub struct Outcome {
    pub reports: Vec<Report>,
    /// Top-level tests that failed.
    pub failed: Vec<String>,
    /// Those of them during which a race was detected, whichever test's it is.
    pub raced: BTreeSet<String>,
    pub ending: Ending,
    pub log: Log,
    pub output: String,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Passed,
    Failed,
    /// A panic, a fatal error or a signal.
    Crashed,
    TimedOut,
    /// The user does not want any more.
    Stopped,
}

/// Does the run: at least one round, and no more than there are seeds. Files go to
/// `scratch`, which is this run's alone.
pub fn run(job: &Job, scratch: &Path, stop: &AtomicBool) -> io::Result<Vec<Outcome>> {
    let log = scratch.join("log");
    let printed = scratch.join("output");
    let output = File::create(&printed)?;
    let timeout = job.patience.limit.map_or("0".to_owned(), |limit| {
        format!("{}ms", limit.as_millis().max(1))
    });
    let mut command = job.program.command(job.tests, &timeout);
    let mut gorace = job.program.environment.iter();
    let gorace = gorace.rfind(|(name, _)| name == "GORACE");
    let gorace = gorace.map_or(String::new(), |(_, value)| value.to_string_lossy().into());
    let frame = Frame {
        allow: job.allow,
        free: None,
        within: job.within,
        leave: job.leave,
        log: Some(&log),
    };
    command
        .env(spec::VARIABLE, spec::text(job.seeds, &frame))
        // Reports must be where they are looked for.
        .env("GORACE", format!("{gorace} log_path=stderr print=1").trim())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    let child = command.spawn()?;
    let (status, ended) = watch::wait(child, &job.patience, &log, stop)?;
    let output = String::from_utf8_lossy(&fs::read(&printed)?).into_owned();
    let log_text = fs::read(&log).unwrap_or_default();
    let logs = Log::rounds(&String::from_utf8_lossy(&log_text));
    let _ = fs::remove_file(scratch.join("log"));
    let last = logs.last();
    let ending = match ended {
        Some(ending) => ending,
        None if status.success() => Ending::Passed,
        None if output.contains("\npanic: test timed out after ") => Ending::TimedOut,
        None if last.is_none_or(|log| log.unfinished.is_empty()) && status.code().is_some() => {
            Ending::Failed
        }
        None => Ending::Crashed,
    };
    let mut outputs = output_of_rounds(&output, logs.len()).into_iter();
    let rounds = logs.into_iter().map(|log| {
        let output = outputs.next().unwrap_or_default();
        let failed = failed_tests(&output);
        Outcome {
            reports: race::reports(&output),
            ending: match failed.is_empty() {
                true => Ending::Passed,
                false => Ending::Failed,
            },
            failed,
            raced: raced_tests(&output),
            log,
            output,
        }
    });
    let mut rounds: Vec<Outcome> = rounds.collect();
    // How the program ended is how the last round did, unless what another one
    // brought is why.
    let is_why = |round: &Outcome| round.ending == Ending::Failed || !round.reports.is_empty();
    let is_explained = rounds.iter().any(is_why);
    if let Some(last) = rounds.last_mut()
        && !(ending == Ending::Failed && is_explained)
    {
        last.ending = ending;
    }
    Ok(rounds)
}

/// What was printed in each of so many rounds, without the lines between them.
fn output_of_rounds(output: &str, rounds: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = output;
    for number in 1..rounds {
        let Some((part, after)) = rest.split_once(&format!("{ROUND}{number}\n")) else {
            // The program has closed the stream, or what runs it keeps it back.
            break;
        };
        parts.push(part.to_owned());
        rest = after;
    }
    parts.push(rest.to_owned());
    parts
}

/// The names behind `--- FAIL:` at the beginning of a line, which are top-level
/// tests.
pub fn failed_tests(output: &str) -> Vec<String> {
    let names = output.lines().filter_map(|line| {
        let rest = line.strip_prefix("--- FAIL: ")?;
        Some(rest.split(' ').next()?.split('/').next()?.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.dedup();
    names
}

/// The top-level tests that package testing says a race was detected during: beneath their
/// `--- FAIL:` or, with `-v`, above it.
fn raced_tests(output: &str) -> BTreeSet<String> {
    let mut raced = BTreeSet::new();
    let (mut failed, mut is_raced) = (None, false);
    for line in output.lines() {
        if line.ends_with(": race detected during execution of test") {
            match failed {
                Some(name) => raced.extend([String::from(name)]),
                None => is_raced = true,
            }
        } else if let Some(rest) = line.strip_prefix("--- FAIL: ") {
            failed = rest.split(' ').next();
            if std::mem::take(&mut is_raced) {
                raced.extend(failed.map(String::from));
            }
        } else if !line.starts_with(' ') {
            failed = None;
        }
    }
    raced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_top_level_ones() {
        let output = "x\n--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\n\
                      --- FAIL: TestB (1.00s)\nFAIL\n";
        assert_eq!(failed_tests(output), ["TestA", "TestB"]);
    }

    #[test]
    fn a_race_is_of_the_test_that_it_was_detected_during() {
        let race = "    testing.go:1712: race detected during execution of test\n";
        let [a, b] = ["--- FAIL: TestA (0.00s)\n", "--- FAIL: TestB (0.00s)\n"];
        let raced = |output: &str| raced_tests(output).into_iter().collect::<Vec<_>>();
        assert_eq!(
            raced(&format!("{a}    x.go:1: bad\n{b}{race}FAIL\n")),
            ["TestB"]
        );
        assert_eq!(raced(&format!("{a}    x.go:1: bad\n{race}{b}")), ["TestA"]);
        let verbose = format!("=== RUN   TestA\n{race}{a}=== RUN   TestB\n    x.go:1: bad\n{b}");
        assert_eq!(raced(&verbose), ["TestA"]);
    }

    fn script(text: &str) -> Program {
        Program {
            binary: "/bin/sh".into(),
            directory: "/".into(),
            runner: vec!["/bin/sh".into(), "-c".into(), text.into()],
            arguments: Vec::new(),
            environment: vec![("PATH".into(), "/bin:/usr/bin".into())],
            log: "/nowhere".into(),
        }
    }

    fn outcome(text: &str, limit: Option<Duration>, stop: bool) -> Outcome {
        rounds(text, limit, stop).pop().unwrap()
    }

    fn rounds(text: &str, limit: Option<Duration>, stop: bool) -> Vec<Outcome> {
        let dir = tempfile::tempdir().unwrap();
        let seeds = ["hold-00000001", "give-00000002"].map(|seed| seed.parse().unwrap());
        let job = Job {
            program: &script(text),
            tests: None,
            seeds: &seeds,
            within: Duration::ZERO,
            leave: 0,
            allow: Duration::ZERO,
            patience: Patience {
                limit,
                ..Patience::default()
            },
        };
        run(&job, dir.path(), &AtomicBool::new(stop)).unwrap()
    }

    #[test]
    fn tells_how_a_run_ended() {
        assert_eq!(outcome("exit 0", None, false).ending, Ending::Passed);
        assert_eq!(outcome("exit 1", None, false).ending, Ending::Failed);
        assert_eq!(outcome("kill -9 $$", None, false).ending, Ending::Crashed);
        let crash =
            "echo \"begin\tTestA\" > $(expr \"$GOSAN_SCHEDULE\" : 'log=\\([^;]*\\)'); exit 2";
        let crashed = outcome(crash, None, false);
        assert_eq!(crashed.ending, Ending::Crashed);
        assert_eq!(crashed.log.unfinished, ["TestA"]);
        let late = "echo; echo 'panic: test timed out after 1s'; exit 2";
        assert_eq!(outcome(late, None, false).ending, Ending::TimedOut);
        assert_eq!(outcome("exec sleep 60", None, true).ending, Ending::Stopped);
    }

    #[test]
    fn hands_over_the_schedule_and_keeps_both_streams() {
        let run = outcome("echo $GOSAN_SCHEDULE; echo $GORACE >&2", None, false);
        assert!(run.output.contains("seed=1;"), "{}", run.output);
        assert!(run.output.contains(";next;seed=2;"), "{}", run.output);
        assert!(
            run.output.contains("log_path=stderr print=1"),
            "{}",
            run.output
        );
    }

    #[test]
    fn each_round_has_its_own_output_and_ending() {
        let log = "log=$(expr \"$GOSAN_SCHEDULE\" : 'log=\\([^;]*\\)')";
        let round = "echo; echo 'gosan: round 1'; echo 'round\t' >> $log";
        let line = "echo '--- FAIL: TestA (0.00s)'; printf open";
        let failed = rounds(&format!("{log}; {line}; {round}; exit 1"), None, false);
        let endings: Vec<Ending> = failed.iter().map(|round| round.ending).collect();
        assert_eq!(endings, [Ending::Failed, Ending::Passed]);
        assert_eq!(failed[0].output, "--- FAIL: TestA (0.00s)\nopen");
        assert_eq!(failed[1].output, "");
        let late = format!("{log}; {round}; echo \"begin\tTestA\" >> $log; kill -9 $$");
        let crashed = rounds(&late, None, false);
        let endings: Vec<Ending> = crashed.iter().map(|round| round.ending).collect();
        assert_eq!(endings, [Ending::Passed, Ending::Crashed]);
    }
}
