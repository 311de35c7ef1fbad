//! GS0401: a slice is appended to while another goroutine uses it.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::source::How;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0401",
    page: include_str!("../../../../docs/codes/GS0401.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    case.race()?;
    if let Some(shared) = &case.shared
        && shared.any(|how| *how == How::Append)
    {
        return Some(Match::high(format!(
            "a line appends to `{}`, which reads its length and writes a new one; the other side \
             uses the same slice",
            shared.name
        )));
    }
    let grows = |side: &Side| side.callee_of(&["runtime.growslice"]).is_some();
    let bare = case.race_sides().iter().all(|side| side.site().is_none());
    (case.either(grows) && bare)
        .then(|| Match::medium("a stack is in the runtime's function that makes room for append"))
}
