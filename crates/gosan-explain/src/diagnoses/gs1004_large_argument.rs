//! GS1004: a go statement is handed more than fits.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1004",
    page: include_str!("../../../../docs/codes/GS1004.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let message = "too large for new goroutine";
    let told = case.crash(message).is_some()
        || case
            .notice()
            .is_some_and(|notice| notice.message.contains(message));
    if let Some((_, one, other)) = case.race() {
        // The copy is made at the statement itself.
        return [one, other].into_iter().find_map(|side| {
            let site = side.site().filter(|_| !side.writes() && side.is_direct())?;
            let copied = site.copied_by_go.as_ref()?;
            Some(Match::high(format!(
                "the go statement copies `{copied}`, the receiver of its method, and the other side \
                 writes to a part of it"
            )))
        });
    }
    told.then(|| {
        Match::high(
            "Go says so itself: the arguments of a go statement, receiver included, are copied",
        )
    })
}
