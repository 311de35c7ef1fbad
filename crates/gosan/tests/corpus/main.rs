//! Judges every Go program of `corpus/` and `examples/`, under gosan and under
//! Go's own `-race`: one test for each (Go test, runner).
//!
//! The verdict is in the name of the Go test: `TestRace…` must be blamed for a
//! race, `TestNoRace…` must pass without a report. `corpus/README.md` says more.
//! `GOSAN_CORPUS_GO` names another Go than the one in PATH, by its `go` command
//! or its GOROOT.

mod codes;
mod known_misses;
mod modules;
mod report;
mod runner;
mod verdict;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};

use codes::Codes;
use known_misses::KnownMisses;
use modules::{GoTest, Module, Package};
use runner::{Go, Run, Runner};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials(&arguments) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What is written down about the programs.
struct Known {
    misses: KnownMisses,
    codes: Codes,
}

/// One Go test under one runner.
struct Question {
    name: String,
    runner: Runner,
    package: Arc<Package>,
    subject: Subject,
}

enum Subject {
    Test(GoTest),
    /// No report may stand outside a test.
    OutsideTests,
}

fn trials(arguments: &Arguments) -> Result<Vec<Trial>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .map_err(|error| format!("the repository's root: {error}"))?;
    let go = Go::find()?;
    let known = Arc::new(Known {
        misses: KnownMisses::read(&root.join("corpus/known_misses.txt"))?,
        codes: Codes::read(&root.join("corpus/codes.txt"))?,
    });
    let mut unreachable = Vec::new();
    let mut trials = Vec::new();
    let mut names = BTreeSet::new();
    for directory in modules::directories(&root)? {
        match Module::list(&root, &directory, &go)? {
            Module::Unreachable { name, reason } => {
                eprintln!("skipping {name}: its modules cannot be had: {reason}");
                unreachable.push(format!("{name}/"));
                trials.push(Trial::test(name, || Ok(())).with_ignored_flag(true));
            }
            Module::Listed(listed) => {
                names.extend(listed.iter().flat_map(|package| package.test_names()));
                ask(arguments, &go, &directory, &listed, &known, &mut trials);
            }
        }
    }
    known.misses.check_names(&names)?;
    known.codes.check_names(&names, &unreachable)?;
    Ok(trials)
}

/// Adds the trials of one module. Its programs are run when the first of them
/// is asked for, and only those packages that the filter leaves.
fn ask(
    arguments: &Arguments,
    go: &Go,
    directory: &Path,
    packages: &[Arc<Package>],
    known: &Arc<Known>,
    trials: &mut Vec<Trial>,
) {
    for runner in [Runner::Gosan, Runner::Stock] {
        let questions: Vec<_> = packages
            .iter()
            .flat_map(|package| questions(package, runner))
            .collect();
        let wanted: BTreeSet<_> = questions
            .iter()
            .filter(|question| is_selected(arguments, &question.name))
            .map(|question| question.package.import_path.clone())
            .collect();
        let run: Arc<OnceLock<Result<Run, String>>> = Arc::default();
        for question in questions {
            let name = question.name.clone();
            let (go, directory, wanted) = (go.clone(), directory.to_owned(), wanted.clone());
            let (run, known) = (Arc::clone(&run), Arc::clone(known));
            trials.push(Trial::test(name, move || {
                let run = run
                    .get_or_init(|| runner.run(&go, &directory, &wanted))
                    .as_ref()
                    .map_err(Failed::from)?;
                answer(&question, run, &known).map_err(Failed::from)
            }));
        }
        for package in packages {
            for test in &package.excluded {
                let name = trial_name(package, &test.name, runner);
                let trial = Trial::test(name, || Err("its file is left out by this Go".into()));
                trials.push(trial.with_ignored_flag(true));
            }
        }
    }
}

fn trial_name(package: &Package, what: &str, runner: Runner) -> String {
    format!("{}/{what}/{}", package.name, runner.name())
}

fn questions(package: &Arc<Package>, runner: Runner) -> Vec<Question> {
    let ask = |what: &str, subject| Question {
        name: trial_name(package, what, runner),
        runner,
        package: Arc::clone(package),
        subject,
    };
    let mut questions = Vec::new();
    if !package.tests.is_empty() {
        questions.push(ask("no_report_outside_tests", Subject::OutsideTests));
    }
    for test in &package.tests {
        questions.push(ask(&test.name, Subject::Test(test.clone())));
    }
    questions
}

fn answer(question: &Question, run: &Run, known: &Known) -> Result<(), String> {
    let package = &question.package;
    match &question.subject {
        Subject::OutsideTests => verdict::outside_tests(package, run),
        Subject::Test(test) => {
            let missed = known
                .misses
                .names(question.runner, &package.name, &test.name);
            verdict::of_test(package, test, question.runner, missed, run)?;
            let outcome = run.outcome(&package.import_path, &test.name);
            match outcome.filter(|_| question.runner == Runner::Gosan && !missed) {
                Some(outcome) => {
                    let name = format!("{}/{}", package.name, test.name);
                    known.codes.judge(&name, test.expects, &outcome.output)
                }
                None => Ok(()),
            }
        }
    }
}

/// Says whether a trial will be run, by the rules of `cargo test`.
fn is_selected(arguments: &Arguments, name: &str) -> bool {
    let matches = |pattern: &String| {
        if arguments.exact {
            name == pattern
        } else {
            name.contains(pattern.as_str())
        }
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}
