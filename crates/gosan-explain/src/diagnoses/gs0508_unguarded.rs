//! GS0508: a variable is shared, and nothing orders its accesses.

use crate::case::{Case, Side};
use crate::diagnosis::{Diagnosis, Match};
use crate::frames::Owner;
use crate::shared::Scope;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0508",
    page: include_str!("../../../../docs/codes/GS0508.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let bare = case.both(|side| side.held().next().is_none() && side.site().is_some());
    if !bare {
        return None;
    }
    match &case.shared {
        Some(shared) if shared.scope == Scope::Field => Some(Match::medium(format!(
            "{}; neither side holds a lock",
            shared.where_declared()
        ))),
        Some(_) => None,
        // Under two names.
        None => case.both(is_users).then(|| {
            Match::low(
                "both lines are the program's own, they have no name in common, and neither \
                 function holds a lock: one of them has a pointer to what the other uses",
            )
        }),
    }
}

fn is_users(side: &Side) -> bool {
    side.own().is_some_and(|frame| frame.owner() == Owner::User)
}
