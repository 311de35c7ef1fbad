//! GS1202: goroutines wait for ever for a lock.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::parse::crash::is_lock_wait;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1202",
    page: include_str!("../../../../docs/codes/GS1202.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (stuck, _) = case.stuck()?;
    is_lock_wait(&stuck.goroutines).then(|| {
        Match::high(format!(
            "{} of {} goroutines wait for a lock here",
            stuck.goroutines.count, stuck.total
        ))
    })
}
