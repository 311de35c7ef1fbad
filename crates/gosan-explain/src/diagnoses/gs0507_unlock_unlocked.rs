//! GS0507: a lock is given back that nobody holds.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0507",
    page: include_str!("../../../../docs/codes/GS0507.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let crash = case.crash("nlock of unlocked ")?;
    Some(Match::high(format!(
        "the lock says so itself: {}",
        crash.message
    )))
}
