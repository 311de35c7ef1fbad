//! GS1204: all goroutines wait for each other.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::parse::crash::{has_own_code, is_blocked};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1204",
    page: include_str!("../../../../docs/codes/GS1204.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if let Some(crash) = case.crash("all goroutines are asleep") {
        let count: u64 = crash.goroutines.iter().map(|place| place.count).sum();
        return Some(Match::high(format!(
            "Go's runtime found no goroutine that could go on ({count} in the dump)"
        )));
    }
    // A test that ran into its time limit.
    let crash = case.crash("test timed out")?;
    let own: Vec<_> = crash
        .goroutines
        .iter()
        .filter(|place| has_own_code(&place.stack))
        .collect();
    (!own.is_empty() && own.iter().all(|place| is_blocked(place))).then(|| {
        Match::high(
            "the test ran into its time limit, and each of its goroutines waits for another",
        )
    })
}
