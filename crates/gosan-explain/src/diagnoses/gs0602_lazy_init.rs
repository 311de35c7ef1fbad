//! GS0602: a value is made by whoever comes first, without a Once.

use crate::case::{Case, Side};
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;
use crate::source::How;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0602",
    page: include_str!("../../../../docs/codes/GS0602.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let shared = case.shared.as_ref()?;
    let wide = matches!(shared.scope, Scope::Package | Scope::Field);
    if !wide || !shared.any(|how| *how == How::Assign) {
        return None;
    }
    // With a lock around the assignment alone it is double-checked locking.
    let guarded = |side: &Side| side.held().next().is_some();
    if case.either(|side| !side.writes() && guarded(side)) || case.both(guarded) {
        return None;
    }
    let name = &shared.name;
    let leaf = shared.touches[0].leaf();
    let checked = case
        .race_sides()
        .iter()
        .filter_map(|side| side.site())
        .any(|site| {
            let body = &site.function.body;
            [name.as_str(), leaf].iter().any(|name| {
                body.contains(&format!("{name} == nil"))
                    || body.contains(&format!("len({name}) == 0"))
                    || body.contains(&format!("{name} == \"\""))
                    || body.contains(&format!("if !{name} "))
            })
        });
    checked.then(|| {
        Match::high(format!(
            "`{name}` is set where it was found to be missing, and nothing keeps a second goroutine \
             from finding the same"
        ))
    })
}
