//! GS1201: goroutines stand for ever on a channel.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1201",
    page: include_str!("../../../../docs/codes/GS1201.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (stuck, side) = case.stuck()?;
    let place = &stuck.goroutines;
    let state = place.state.as_str();
    let count = format!("{} of {} goroutines", place.count, stuck.total);
    if state.starts_with("chan ") || state.starts_with("select") {
        return Some(Match::high(format!(
            "{count} are in the state `{state}` at this line"
        )));
    }
    if !state.is_empty() || side.frame_of(&["sync."]).is_some() {
        return None;
    }
    // A profile has no states.
    let on_channel = side.site().is_some_and(|site| {
        site.text.contains("<-") || site.text.contains("select") || site.text.contains("range ")
    });
    Some(if on_channel {
        Match::high(format!(
            "{count} stand at this line, which waits on a channel"
        ))
    } else {
        Match::low(format!(
            "{count} stand in one place; a profile does not say for what, and it is no lock"
        ))
    })
}
