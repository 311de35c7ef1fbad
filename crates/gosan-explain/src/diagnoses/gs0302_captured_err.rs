//! GS0302: goroutines assign to one err.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0302",
    page: include_str!("../../../../docs/codes/GS0302.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let shared = case.shared.as_ref()?;
    let is_error = shared.name == "err" || shared.is_written(|text| text == "error");
    (is_error && matches!(shared.scope, Scope::Captured(_)))
        .then(|| Match::high(shared.where_declared()))
}
