//! GS1102: tests that run in parallel share something.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1102",
    page: include_str!("../../../../docs/codes/GS1102.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    if !is_test(one) || !is_test(other) {
        return None;
    }
    let tests = [one, other].map(|side| {
        let runner = side
            .stack
            .iter()
            .position(|frame| frame.function == "testing.tRunner");
        runner.and_then(|index| side.stack.get(index.checked_sub(1)?))
    });
    match tests {
        [Some(one), Some(other)] => Some(Match::high(format!(
            "both stacks are the bodies of tests, `{}` and `{}`, so the two ran in parallel",
            one.name(),
            other.name()
        ))),
        _ => None,
    }
}

/// The side is the test itself, and no goroutine that it started.
fn is_test(side: &Side) -> bool {
    side.stack
        .iter()
        .any(|frame| frame.function == "testing.tRunner")
        && side
            .created
            .first()
            .is_none_or(|frame| frame.function.starts_with("testing."))
}
