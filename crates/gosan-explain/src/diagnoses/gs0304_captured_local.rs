//! GS0304: a function literal that runs beside the function shares a variable of it.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;
use crate::source::DeclarationKind;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0304",
    page: include_str!("../../../../docs/codes/GS0304.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    if let Some(shared) = &case.shared
        && let Scope::Captured(kind) = shared.scope
    {
        // Then it may be that each round has its own, or GS0301.
        let unsure = kind == DeclarationKind::Loop && case.language().is_none();
        let evidence = shared.where_declared();
        return Some(if unsure {
            Match::medium(evidence)
        } else {
            Match::high(evidence)
        });
    }
    if one.site().is_some() && other.site().is_some() {
        return None;
    }
    // Without the source, the names are all there is.
    (one.shares_scope(other) && case.both(Side::is_direct)).then(|| {
        Match::low(
            "by their names, one side is a function literal and the other the function around it, \
             or its neighbour; the source would say which variable it is",
        )
    })
}
