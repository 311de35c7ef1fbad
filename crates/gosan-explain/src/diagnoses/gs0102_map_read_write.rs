//! GS0102: one goroutine reads a map while another writes to it.

use super::maps::{MapUse, map_race, named};
use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0102",
    page: include_str!("../../../../docs/codes/GS0102.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if case.fatal("concurrent map read and map write").is_some() {
        return Some(Match::high(
            "Go's runtime found a map in the middle of a write when it was read",
        ));
    }
    match map_race(case)? {
        (MapUse::Read, MapUse::Write) | (MapUse::Write, MapUse::Read) => {
            Some(Match::high(format!(
                "one stack writes to a map and the other looks something up in it; {}",
                named(case)
            )))
        }
        _ => None,
    }
}
