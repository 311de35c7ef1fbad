//! GS0301: goroutines share a loop variable.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;
use crate::source::DeclarationKind;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0301",
    page: include_str!("../../../../docs/codes/GS0301.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let shared = case.shared.as_ref()?;
    if shared.scope != Scope::Captured(DeclarationKind::Loop) {
        return None;
    }
    match case.language() {
        Some(version) if version >= (1, 22) => None,
        Some((major, minor)) => Some(Match::high(shared.where_declared()).and(format!(
            "the file is compiled as Go {major}.{minor}, where all rounds have one variable"
        ))),
        None => Some(Match::medium(shared.where_declared())),
    }
}
