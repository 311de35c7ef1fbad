//! GS1101: a goroutine uses t when its test has ended.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::frames::Owner;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1101",
    page: include_str!("../../../../docs/codes/GS1101.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    // `Log in goroutine after TestX has completed`, and `Fail in …`.
    if case.crash(" in goroutine after Test").is_some() {
        return Some(Match::high(
            "package testing says so itself, and names the test",
        ));
    }
    let uses = |side: &Side| {
        side.has_own_code()
            && side
                .callee_of(&["testing.(*common).", "testing.(*T)."])
                .is_some()
    };
    let ends = |side: &Side| {
        side.frame_of(&["testing.tRunner", "testing.(*T).report"])
            .is_some()
            && !side.stack.iter().any(|frame| frame.owner() == Owner::User)
    };
    case.ordered(uses, ends).map(|_| {
        Match::high("one side uses `t`, the other is what testing does when the test has returned")
    })
}
