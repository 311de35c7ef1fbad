//! GS0501: one side holds a lock, and the other none.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0501",
    page: include_str!("../../../../docs/codes/GS0501.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    one.site()?;
    other.site()?;
    let (locked, bare) = match (one.held().next(), other.held().next()) {
        (Some(held), None) => (held, other),
        (None, Some(held)) => (held, one),
        _ => return None,
    };
    let name = bare.own()?.name();
    let evidence = format!(
        "one side holds `{}`, and `{name}` holds no lock",
        locked.path
    );
    Some(if case.shared.is_some() {
        Match::high(evidence)
    } else {
        Match::medium(evidence)
    })
}
