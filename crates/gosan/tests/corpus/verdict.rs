//! Compares what came of a test with what its name promises.

use crate::modules::{Expectation, GoTest, Package};
use crate::report::{Report, WARNING};
use crate::runner::{Outcome, Run, Runner};

/// What `testing` prints under a test that raced.
const BLAME: &str = "race detected during execution of test";

/// Judges one test. `missed` says that this runner is known not to see the race.
pub fn of_test(
    package: &Package,
    test: &GoTest,
    runner: Runner,
    missed: bool,
    run: &Run,
) -> Result<(), String> {
    let outcome = run
        .outcome(&package.import_path, &test.name)
        .ok_or_else(|| format!("did not run\n{}", run.said_of(&package.import_path)))?;
    match outcome.action.as_deref() {
        None => {
            return Err(format!(
                "did not end\n{}\n{}",
                outcome.output,
                run.said_of(&package.import_path)
            ));
        }
        Some("skip") => return Err(format!("did not run\n{}", outcome.output)),
        Some(_) => {}
    }
    let wrong = match (test.expects, missed) {
        (Expectation::Race, false) => must_race(package, test, runner, outcome),
        (Expectation::NoRace, false) => must_be_clean(outcome),
        (Expectation::Race, true) => must_be_clean(outcome).map(|what| {
            format!(
                "{what}; known_misses.txt says that {} misses it",
                runner.name()
            )
        }),
        (Expectation::NoRace, true) => Some("is in known_misses.txt, and has no race".to_owned()),
    };
    match wrong {
        None => Ok(()),
        Some(what) => Err(format!("{what}\n{}", outcome.output)),
    }
}

/// Judges what a package printed outside its tests.
pub fn outside_tests(package: &Package, run: &Run) -> Result<(), String> {
    if !run.ran(&package.import_path) {
        return Err(format!(
            "did not run\n{}",
            run.said_of(&package.import_path)
        ));
    }
    let printed = run.outside_tests(&package.import_path);
    if printed.contains(WARNING) {
        return Err(format!("a report outside the tests\n{printed}"));
    }
    Ok(())
}

fn must_race(
    package: &Package,
    test: &GoTest,
    runner: Runner,
    outcome: &Outcome,
) -> Option<String> {
    if outcome.action.as_deref() == Some("pass") {
        return Some("passed, and has a race".to_owned());
    }
    if !outcome.output.contains(BLAME) {
        return Some(format!("failed without \"{BLAME}\""));
    }
    let reports = Report::all(&outcome.output);
    if !reports.iter().any(|report| report.touches(&package.dir)) {
        return Some("no report has a frame in the test's package".to_owned());
    }
    let wanted = test.stack.as_ref().filter(|_| runner == Runner::Gosan)?;
    // Stock's stacks keep the frames that a recovered panic has left.
    let shown = reports
        .iter()
        .flat_map(|report| &report.stacks)
        .any(|stack| stack.functions() == *wanted);
    (!shown).then(|| format!("no report shows the stack {}", wanted.join(" < ")))
}

fn must_be_clean(outcome: &Outcome) -> Option<String> {
    if outcome.output.contains(WARNING) {
        return Some("has a report, and no race".to_owned());
    }
    (outcome.action.as_deref() != Some("pass")).then(|| "failed".to_owned())
}
