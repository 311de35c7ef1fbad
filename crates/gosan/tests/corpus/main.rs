//! Judges every Go program of `corpus/` and `examples/`, under gosan and under
//! Go's own `-race`: one test for each (Go test, runner).
//!
//! The verdict is in the name of the Go test: `TestRace…` must be blamed for a
//! race, `TestNoRace…` must pass without a report. `corpus/README.md` says more.
//! `GOSAN_CORPUS_GO` names another Go than the one in PATH, by its `go` command
//! or its GOROOT.

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
    let misses = Arc::new(KnownMisses::read(&root.join("corpus/known_misses.txt"))?);
    let mut trials = Vec::new();
    let mut names = BTreeSet::new();
    for directory in modules::directories(&root)? {
        match Module::list(&root, &directory, &go)? {
            Module::Unreachable { name, reason } => {
                eprintln!("skipping {name}: its modules cannot be had: {reason}");
                trials.push(Trial::test(name, || Ok(())).with_ignored_flag(true));
            }
            Module::Listed(listed) => {
                names.extend(listed.iter().flat_map(|package| package.test_names()));
                ask(arguments, &go, &directory, &listed, &misses, &mut trials);
            }
        }
    }
    misses.check_names(&names)?;
    Ok(trials)
}

/// Adds the trials of one module. Its programs are run when the first of them
/// is asked for, and only those packages that the filter leaves.
fn ask(
    arguments: &Arguments,
    go: &Go,
    directory: &Path,
    packages: &[Arc<Package>],
    misses: &Arc<KnownMisses>,
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
            let (run, misses) = (Arc::clone(&run), Arc::clone(misses));
            trials.push(Trial::test(name, move || {
                let run = run
                    .get_or_init(|| runner.run(&go, &directory, &wanted))
                    .as_ref()
                    .map_err(Failed::from)?;
                answer(&question, run, &misses).map_err(Failed::from)
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

fn answer(question: &Question, run: &Run, misses: &KnownMisses) -> Result<(), String> {
    let package = &question.package;
    match &question.subject {
        Subject::OutsideTests => verdict::outside_tests(package, run),
        Subject::Test(test) => {
            let missed = misses.names(question.runner, &package.name, &test.name);
            verdict::of_test(package, test, question.runner, missed, run)
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
