//! gosan's own arguments, told apart from those of `go`.
//!
//! gosan's options stand directly behind the subcommand. The first word that is
//! not one of them belongs to `go`, and so does everything after it: `go`
//! accepts `--x` for `-x`, so an unknown option is never an error here.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use gosan_go::args::Subcommand;
use gosan_schedule::again::TRIES;
use gosan_schedule::seed::Seed;

use crate::cmd::explain;
use crate::exit_codes;
use crate::known_options::KnownOptions;
use crate::report_options::ReportOptions;

/// A data race detector for Go: type `gosan test` where you type `go test -race`.
#[derive(Debug, Parser)]
#[command(name = "gosan", version, arg_required_else_help = true)]
#[command(after_help = "\
gosan's options stand directly behind the subcommand; everything after them is
passed to `go` as it is. `go help test` explains go's flags. GORACE sets the
options of the detector, as for `go test -race`.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run tests with the race detector, like `go test -race`
    #[command(override_usage = "gosan test [OPTIONS] [go's flags] [packages]")]
    Test(TestOptions),
    /// Build and run a program with the race detector, like `go run -race`
    #[command(override_usage = "gosan run [OPTIONS] [go's flags] package [arguments]")]
    Run(RunOptions),
    /// Build programs with the race detector in them, like `go build -race`
    #[command(override_usage = "gosan build [OPTIONS] [go's flags] [packages]")]
    Build(Options),
    /// Show races again from records, and put those of several runs together
    Report(ReportArguments),
    /// Explain a log: why a program raced, died or stands still, and the fix
    Explain(explain::Options),
    /// Say which Go is used, where gosan keeps things, and what is wrong
    Doctor(Options),
    /// Remove everything that gosan has made
    Clean,
    /// Print gosan's version
    Version,
}

/// The options of gosan itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Options {
    /// The go command, or the GOROOT, to use instead of PATH's [env: GOSAN_GO]
    #[arg(long, value_name = "PATH")]
    pub go: Option<OsString>,
    /// Print no progress and no warnings of gosan's own
    #[arg(long)]
    pub quiet: bool,
}

/// The options of what runs programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct RunOptions {
    #[command(flatten)]
    pub common: Options,
    #[command(flatten)]
    pub known: KnownOptions,
    #[command(flatten)]
    pub report: ReportOptions,
}

/// The options of `gosan test`.
#[derive(Debug, Clone, Args)]
struct TestOptions {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    schedules: Schedules,
}

/// What is asked for beyond one run.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Schedules {
    /// Run each test binary N times, under other schedules; short tests have several in a run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub schedules: Option<u32>,
    /// Start no more schedules after this time, as 90s or 2m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, requires = "schedules")]
    pub budget: Option<Duration>,
    /// Look so often whether a race comes again under the seed that is reported
    #[arg(long, value_name = "N", requires = "schedules", default_value_t = TRIES)]
    pub find_again: u32,
    /// Run the tests once, under the schedule that a report names
    #[arg(long, value_name = "SEED", conflicts_with = "schedules")]
    pub schedule_seed: Option<Seed>,
}

impl Schedules {
    fn is_asked_for(&self) -> bool {
        self.schedules.is_some() || self.schedule_seed.is_some()
    }
}

/// The arguments of `gosan report`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ReportArguments {
    /// Files and folders of records; those of the last run when left out
    #[arg(value_name = "FILE|DIR")]
    pub records: Vec<PathBuf>,
    #[command(flatten)]
    pub report: ReportOptions,
}

/// What the user wants.
#[derive(Debug)]
pub enum Request {
    Go {
        options: RunOptions,
        arguments: (Subcommand, Vec<OsString>),
    },
    Schedules {
        options: RunOptions,
        schedules: Schedules,
        words: Vec<OsString>,
    },
    Report {
        arguments: ReportArguments,
    },
    Doctor {
        options: Options,
    },
    Explain {
        options: explain::Options,
    },
    Clean,
}

/// Something to print instead of work to do: help, the version, or an error.
#[derive(Debug)]
pub struct Answer(clap::Error);

impl Answer {
    /// Prints it and says which exit code it means.
    pub fn show(&self) -> ExitCode {
        // There is nobody left to tell if even this cannot be printed.
        let _ = self.0.print();
        ExitCode::from(match self.0.exit_code() {
            0 => exit_codes::SUCCESS,
            _ => exit_codes::USAGE,
        })
    }
}

/// Reads the words after `gosan`.
pub fn parse(words: Vec<OsString>) -> Result<Request, Answer> {
    let (own, rest) = split(words);
    let own = std::iter::once(OsString::from("gosan")).chain(own);
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(own).map_err(Answer)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Answer)?;
    let go = |subcommand, options, rest| Request::Go {
        options,
        arguments: (subcommand, rest),
    };
    Ok(match cli.command {
        Command::Test(TestOptions { run, schedules }) if schedules.is_asked_for() => {
            Request::Schedules {
                options: run,
                schedules,
                words: rest,
            }
        }
        Command::Test(TestOptions { run, .. }) => go(Subcommand::Test, run, rest),
        Command::Run(options) => go(Subcommand::Run, options, rest),
        Command::Build(common) => go(
            Subcommand::Build,
            RunOptions {
                common,
                ..RunOptions::default()
            },
            rest,
        ),
        Command::Report(arguments) => Request::Report { arguments },
        Command::Explain(options) => Request::Explain { options },
        Command::Doctor(options) => Request::Doctor { options },
        Command::Clean => Request::Clean,
        Command::Version => {
            let version = command.render_version();
            let kind = clap::error::ErrorKind::DisplayVersion;
            return Err(Answer(clap::Error::raw(kind, version)));
        }
    })
}

/// Splits the words into gosan's own, subcommand included, and go's.
fn split(mut words: Vec<OsString>) -> (Vec<OsString>, Vec<OsString>) {
    let is_go = words
        .first()
        .and_then(|word| word.to_str())
        .is_some_and(|word| matches!(word, "test" | "run" | "build"));
    if !is_go {
        return (words, Vec::new());
    }
    let mut own = 1;
    while let Some(word) = words.get(own) {
        own += match own_words(word) {
            0 => break,
            count => count,
        };
    }
    let rest = words.split_off(own.min(words.len()));
    (words, rest)
}

/// gosan's options that stand by themselves, and those that take a value.
const ALONE: &[&str] = &["--quiet", "--help", "--update-baseline", "--fail-on-child"];
const WITH_VALUE: &[&str] = &[
    "--go",
    "--baseline",
    "--report",
    "--format",
    "--color",
    "--schedules",
    "--budget",
    "--find-again",
    "--schedule-seed",
];

/// How many words one of gosan's options takes, and 0 for what is go's.
fn own_words(word: &OsStr) -> usize {
    let bytes = word.as_encoded_bytes();
    let is = |name: &&str| bytes == name.as_bytes();
    // A value need not be valid text; its option's name is.
    let begins = |name: &&str| {
        let rest = bytes.strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"="))
    };
    if WITH_VALUE.iter().any(is) {
        return 2;
    }
    usize::from(ALONE.iter().any(is) || WITH_VALUE.iter().any(begins))
}

impl Request {
    /// One of gosan's options that stands behind a word of go's, so that it went to the tests.
    /// They may have one of that name, so this is for who sees them fail.
    pub fn misplaced(&self) -> Option<String> {
        let words = match self {
            Request::Go {
                arguments: (Subcommand::Test, words),
                ..
            }
            | Request::Schedules { words, .. } => words,
            _ => return None,
        };
        let mut of_go = words
            .iter()
            .take_while(|word| *word != "-args" && *word != "--args");
        let option = of_go.find(|word| own_words(word) > 0)?.to_str()?;
        Some(option.split('=').next()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn go(line: &str) -> (Options, Subcommand, Vec<OsString>) {
        match parse(words(line)).unwrap() {
            Request::Go {
                options,
                arguments: (subcommand, rest),
            } => (options.common, subcommand, rest),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn takes_its_options_from_the_front_only() {
        for (line, named, quiet, rest) in [
            ("test ./...", None, false, "./..."),
            ("test --quiet ./...", None, true, "./..."),
            ("test --go /g --quiet -v", Some("/g"), true, "-v"),
            ("test --go=/g -v", Some("/g"), false, "-v"),
            ("test -v --quiet", None, false, "-v --quiet"),
            ("test --v --quiet", None, false, "--v --quiet"),
            ("test --run X", None, false, "--run X"),
            ("test -go x", None, false, "-go x"),
            ("test . --go /g", None, false, ". --go /g"),
            ("test -- --quiet", None, false, "-- --quiet"),
            ("run . --help", None, false, ". --help"),
            ("test", None, false, ""),
            ("test --baseline b --fail-on-child .", None, false, "."),
            ("test . --baseline b", None, false, ". --baseline b"),
        ] {
            let (options, _, left) = go(line);
            assert_eq!(options.go.as_deref(), named.map(OsStr::new), "{line}");
            assert_eq!(options.quiet, quiet, "{line}");
            assert_eq!(left, words(rest), "{line}");
        }
        assert_eq!(go("build -o x").1, Subcommand::Build);
        assert_eq!(go("run .").1, Subcommand::Run);
    }

    #[test]
    fn knows_its_options_behind_those_of_go() {
        for (line, option) in [
            ("test -v --schedules 10 .", Some("--schedules")),
            ("test --schedules 10 -v --budget=2m .", Some("--budget")),
            ("test --schedules 10 -v .", None),
            ("test . -args --format x", None),
            ("test -v -format x .", None),
            ("run . --format x", None),
        ] {
            let request = parse(words(line)).unwrap();
            assert_eq!(request.misplaced().as_deref(), option, "{line}");
        }
    }

    #[test]
    fn answers_with_help_version_or_an_error() {
        for (line, code, text) in [
            ("--version", 0, "gosan "),
            ("version", 0, "gosan "),
            ("--help", 0, "Usage"),
            ("help test", 0, "go's flags"),
            ("test --help", 0, "go's flags"),
            ("", 2, "Usage"),
            ("tset ./...", 2, "tset"),
            ("test --go", 2, "--go"),
            ("clean --everything", 2, "--everything"),
            ("test --update-baseline", 2, "--baseline <FILE>"),
        ] {
            let Answer(error) = parse(words(line)).unwrap_err();
            assert_eq!(error.exit_code(), code, "{line}");
            assert!(error.to_string().contains(text), "{line}: {error}");
        }
    }
}
