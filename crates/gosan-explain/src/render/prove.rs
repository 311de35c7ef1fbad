//! The command that shows whether a fix works.

use crate::findings::Finding;
use crate::frames::{Owner, own_frame};
use crate::model::{Frame, Problem};

/// What to run. In a test it is that test, often; elsewhere the program, under
/// the load that it had.
pub fn command(finding: &Finding) -> String {
    let (test, stack): (Option<&String>, &[Frame]) = match &finding.problem {
        Problem::Race(race) => (
            race.test.as_ref(),
            race.accesses.first().map_or(&[], |access| &access.stack),
        ),
        Problem::Crash(crash) => (
            crash.test.as_ref(),
            crash.goroutines.first().map_or(&[], |place| &place.stack),
        ),
        Problem::Stuck(stuck) => (None, &stuck.goroutines.stack),
        Problem::Notice(_) => (None, &[]),
    };
    let package = own_frame(stack)
        .filter(|frame| frame.owner() == Owner::User)
        .map(|frame| frame.package().trim_end_matches("_test"))
        .filter(|package| package.contains('.') && *package != "main")
        .unwrap_or("./...");
    match test {
        Some(test) => {
            let top = test.split('/').next().unwrap_or(test);
            format!("gosan test -run '^{top}$' -count=20 {package}")
        }
        None => format!("gosan test {package}"),
    }
}
