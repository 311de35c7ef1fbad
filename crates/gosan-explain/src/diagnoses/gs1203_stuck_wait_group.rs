//! GS1203: goroutines wait for ever on a WaitGroup.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1203",
    page: include_str!("../../../../docs/codes/GS1203.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (stuck, side) = case.stuck()?;
    side.frame_of(&["sync.(*WaitGroup).Wait"]).map(|_| {
        Match::high(format!(
            "{} of {} goroutines are in `WaitGroup.Wait`",
            stuck.goroutines.count, stuck.total
        ))
    })
}
