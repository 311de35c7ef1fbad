//! GS0505: a lock is given back while what it guards is still used.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0505",
    page: include_str!("../../../../docs/codes/GS0505.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    let escaped = [one, other].into_iter().find_map(|side| {
        let bare = side.held().next().is_none();
        side.site().filter(|_| bare)?.out_of_lock.as_ref()
    });
    if let Some(function) = escaped {
        return Some(Match::high(format!(
            "`{function}` takes a lock and gives it back, and what it returns is used without"
        )));
    }
    for (early, guarded) in [(one, other), (other, one)] {
        if early.held().next().is_some() {
            continue;
        }
        let released = early.sites().iter().find_map(|site| site.released.first());
        let held = guarded.held().next();
        if let (Some(released), Some(held)) = (released, held)
            && leaf(released) == leaf(&held.path)
        {
            return Some(Match::high(format!(
                "one side holds `{}`; the other has given `{released}` back before its line",
                held.path
            )));
        }
        // What one side hands out from under its lock.
        let hands_out = guarded.sites().iter().chain(early.sites()).any(|site| {
            let body = &site.function.whole;
            body.contains("Lock()") && body.contains("<-") && body.contains("range ")
        });
        if let Some(held) = held.filter(|_| hands_out) {
            return Some(Match::medium(format!(
                "one side holds `{}`; what the other uses came out of a channel, without the lock",
                held.path
            )));
        }
    }
    None
}

fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
