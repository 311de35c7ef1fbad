//! GS0601: a variable is accessed with sync/atomic and without.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0601",
    page: include_str!("../../../../docs/codes/GS0601.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (atomic, plain) = case.ordered(Side::is_atomic, |side| !side.is_atomic())?;
    let frame = atomic.frame_of(&["sync/atomic."]);
    let plain = plain.operation?.name();
    Some(Match::high(format!(
        "one side is atomic{}, the other is a plain {plain}",
        frame.map_or_else(String::new, |frame| format!(" (`{}`)", frame.function)),
    )))
}
