//! GS0101: two goroutines write to one map.

use super::maps::{MapUse, map_race, named};
use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0101",
    page: include_str!("../../../../docs/codes/GS0101.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if case.fatal("concurrent map writes").is_some() {
        return Some(Match::high(
            "Go's runtime found a map in the middle of a write when another write began",
        ));
    }
    match map_race(case)? {
        (MapUse::Write, MapUse::Write) => Some(Match::high(format!(
            "both stacks are in the runtime's functions that write to a map; {}",
            named(case)
        ))),
        _ => None,
    }
}
