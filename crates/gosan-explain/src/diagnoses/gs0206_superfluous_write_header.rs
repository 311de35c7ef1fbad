//! GS0206: the status of a response is set twice.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0206",
    page: include_str!("../../../../docs/codes/GS0206.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let notice = case.notice()?;
    notice
        .message
        .contains("superfluous")
        .then(|| Match::high("net/http says so itself, and names the call that came second"))
}
