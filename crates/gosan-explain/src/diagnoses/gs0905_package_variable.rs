//! GS0905: a variable of the package is shared, and nothing orders its accesses.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0905",
    page: include_str!("../../../../docs/codes/GS0905.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let shared = case.shared.as_ref()?;
    let bare = case.both(|side| side.held().next().is_none());
    (bare && shared.scope == Scope::Package).then(|| {
        Match::high(format!(
            "{}, and neither side holds a lock",
            shared.where_declared()
        ))
    })
}
