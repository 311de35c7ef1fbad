//! Tells what schedules have brought: each race once, with the command that
//! finds it again, and a summary.
//!
//! Races go where the tests' output goes, in the form of a failed test; with
//! `-json` as the events that `go test -json` has for one. What is gosan's own
//! goes to the standard error stream.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use gosan_schedule::campaign::{Finding, Mishap, Reason, Results};
use gosan_schedule::program::Program;
use gosan_schedule::run::Ending;
use gosan_schedule::seed::Seed;
use serde_json::json;

use super::go::Prepared;
use crate::cli::Options;
use crate::messages;

/// The most tests that are named in a line.
const NAMED: usize = 5;

/// The most orders and holds in a seed that is shown for a test that fails without a race.
const SHOWN: usize = 16;

/// What the reports of one command have in common.
pub struct Reporter<'a> {
    prepared: &'a Prepared,
    options: &'a Options,
    programs: &'a [Program],
    /// Whether the races are told in the classic form, and not elsewhere.
    is_classic: bool,
}

/// What the summary needs beside the results.
pub struct Summary {
    /// Runs that were asked for.
    pub planned: u32,
    pub programs: usize,
    /// Races that the first run has told of.
    pub known: usize,
    pub took: Duration,
}

impl<'a> Reporter<'a> {
    pub fn new(
        prepared: &'a Prepared,
        options: &'a Options,
        programs: &'a [Program],
        is_classic: bool,
    ) -> Self {
        Self {
            prepared,
            options,
            programs,
            is_classic,
        }
    }

    /// Tells each race, and each test that failed without one.
    pub fn report(&self, results: &Results) -> Result<()> {
        let mut out = io::stdout().lock();
        for finding in &results.findings {
            let text = match self.prepared.args.is_on("json") {
                true => self.events(finding),
                false => self.text(finding),
            };
            out.write_all(text.as_bytes())
                .context("cannot write to the standard output stream")?;
        }
        out.flush()
            .context("cannot write to the standard output stream")?;
        if self.options.quiet {
            return Ok(());
        }
        for mishap in &results.mishaps {
            messages::say(self.mishap(mishap));
        }
        for &at in &results.unreached {
            messages::warn(format_args!(
                "the schedules do not reach the tests in {}, which so ran only once; \
                 an -exec that clears the environment, or a program that is not a Go test, does that",
                self.programs[at].directory.display()
            ));
        }
        Ok(())
    }

    fn text(&self, finding: &Finding) -> String {
        let mut text = match self.is_classic {
            true => finding.text.clone(),
            false => format!("race: {}\n", finding.race),
        };
        if let Some(test) = finding.again.as_ref().and_then(|again| again.test.as_ref()) {
            text.push_str(&format!("--- FAIL: {test} (under a schedule)\n"));
        }
        for line in self.explanation(finding) {
            text.push_str(&format!("    {line}\n"));
        }
        text
    }

    /// How the race was found, and how it is found again.
    fn explanation(&self, finding: &Finding) -> Vec<String> {
        let strategy = finding.seed.strategy();
        let mut lines = vec![format!(
            "found by gosan under the schedule {}, which {}",
            finding.seed, strategy.what
        )];
        let Some(again) = &finding.again else {
            lines.push("nobody has looked how surely it comes again: the runs were ended".into());
            lines.push(format!(
                "try: {}",
                self.command(finding.program, None, &finding.seed)
            ));
            return lines;
        };
        let (found, tries) = (again.found, again.tries);
        let command = self.command(finding.program, again.test.as_deref(), &again.seed);
        lines.push(match found {
            0 => format!("not found again in {tries} runs of: {command}"),
            _ if !again.is_enough() => {
                format!("found again in only {found} of {tries} runs by: {command}")
            }
            _ => format!("found again in {found} of {tries} runs by: {command}"),
        });
        lines
    }

    fn command(&self, program: usize, test: Option<&str>, seed: &Seed) -> String {
        let mut words: Vec<OsString> = vec!["gosan".into(), "test".into()];
        if let Some(go) = &self.options.go {
            words.extend(["--go".into(), go.clone()]);
        }
        words.extend(["--schedule-seed".into(), seed.to_string().into()]);
        words.extend(self.prepared.args.selecting_flags());
        if let Some(test) = test {
            words.extend(["-run".into(), format!("^{test}$").into()]);
        }
        words.push(self.package(program));
        let words: Vec<String> = words
            .iter()
            .map(|word| for_shell(&word.to_string_lossy()))
            .collect();
        words.join(" ")
    }

    /// The package as the user can name it: below the directory in which the
    /// command runs, in the standard library, or anywhere.
    fn package(&self, program: usize) -> OsString {
        let directory = &self.programs[program].directory;
        let here = std::env::current_dir().unwrap_or_default();
        let std = self.prepared.root.path.join("src");
        if let Ok(below) = directory.strip_prefix(&std) {
            return below.into();
        }
        match directory.strip_prefix(&here) {
            Ok(below) if below == Path::new("") => ".".into(),
            Ok(below) => Path::new(".").join(below).into(),
            Err(_) => directory.into(),
        }
    }

    /// The events of a failed test.
    fn events(&self, finding: &Finding) -> String {
        let package = self.import_path(finding.program);
        let test = finding.again.as_ref().and_then(|again| again.test.clone());
        let mut lines = String::new();
        let mut add = |action: &str, test: Option<&str>, output: Option<&str>| {
            let mut event = json!({ "Action": action, "Package": package });
            if let Some(test) = test {
                event["Test"] = test.into();
            }
            match output {
                Some(output) => event["Output"] = output.into(),
                None if action == "fail" => event["Elapsed"] = 0.into(),
                None => {}
            }
            lines.push_str(&event.to_string());
            lines.push('\n');
        };
        let test = test.as_deref();
        if test.is_some() {
            add("run", test, None);
        }
        for line in self.text(finding).split_inclusive('\n') {
            add("output", test, Some(line));
        }
        if test.is_some() {
            add("fail", test, None);
        }
        add("fail", None, None);
        lines
    }

    fn import_path(&self, program: usize) -> String {
        let mut question = self.prepared.invocation.question("list");
        question.args(self.prepared.args.selecting_flags());
        question.args(["-f", "{{.ImportPath}}", "."]);
        question.current_dir(&self.programs[program].directory);
        let output = question.output().map(|output| output.stdout);
        String::from_utf8_lossy(&output.unwrap_or_default())
            .trim()
            .to_owned()
    }

    fn mishap(&self, mishap: &Mishap) -> String {
        let how = match mishap.ending {
            Ending::Crashed => "ended the program",
            Ending::TimedOut => "did not end in time",
            Ending::Failed | Ending::Passed | Ending::Stopped => "failed",
        };
        let mut names = mishap.tests.clone();
        if names.len() > NAMED {
            names.truncate(NAMED);
            names.push(format!("{} more", mishap.tests.len() - NAMED));
        }
        let tests = match names.is_empty() {
            true => format!(
                "the tests in {}",
                self.programs[mishap.program].directory.display()
            ),
            false => names.join(", "),
        };
        let alone = match mishap.tests.as_slice() {
            [test] => Some(test.as_str()),
            _ => None,
        };
        let mut text =
            format!("{tests} {how} when delayed, without a race; that may be the delay alone");
        if mishap.seed.aims() <= SHOWN {
            let command = self.command(mishap.program, alone, &mishap.seed);
            text.push_str(&format!(". To see it: {command}"));
        }
        if let Some(line) = telling_line(&mishap.output) {
            text.push_str(&format!("\n       it printed: {line}"));
        }
        text
    }
}

/// The line that says why a program ended, if one does.
fn telling_line(output: &str) -> Option<&str> {
    output
        .lines()
        .find(|line| line.starts_with("panic: ") || line.starts_with("fatal error: "))
}

impl Summary {
    /// Says how much was tried, and what came of it.
    pub fn tell(&self, results: &Results, quiet: bool) {
        if quiet {
            return;
        }
        let totals = results.totals;
        let ended = match results.reason {
            Reason::NothingToDo => {
                let why = match self.programs {
                    0 => "there is no test program",
                    _ => "no test starts a goroutine",
                };
                messages::say(format_args!("nothing was run under schedules: {why}"));
                return;
            }
            Reason::Done => "",
            Reason::NothingNew => ", ended since nothing new had come for long enough",
            Reason::Budget => ", ended since the time was over",
            Reason::Stopped => ", ended by you",
        };
        let again = match totals.again {
            0 => String::new(),
            more => format!(", {more} more for rounds that failed without a race"),
        };
        messages::say(format_args!(
            "{} runs under schedules after the first{again}, with {} in all, {} asked for each of {}, in {:.1} s{ended}; \
             {} orders of synchronisation seen",
            totals.runs,
            counted(totals.rounds as usize, "schedule"),
            self.planned,
            counted(self.programs, "test program"),
            self.took.as_secs_f64(),
            totals.orders,
        ));
        let first = match self.known {
            0 => "none in the first run".to_owned(),
            known => format!("{} in the first run", counted(known, "race")),
        };
        messages::say(format_args!(
            "{} found by schedules, {first}",
            counted(results.findings.len(), "race")
        ));
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// A word for a shell's command line.
fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_a_shell_would_read_otherwise() {
        assert_eq!(for_shell("./a-b"), "./a-b");
        assert_eq!(for_shell("^TestX$"), "'^TestX$'");
        assert_eq!(for_shell("it's"), r"'it'\''s'");
        assert_eq!(for_shell(""), "''");
    }

    #[test]
    fn counts_in_words() {
        assert_eq!(counted(1, "race"), "1 race");
        assert_eq!(counted(0, "race"), "0 races");
    }
}
