//! GS0103: one goroutine ranges over a map while another writes to it.

use super::maps::{MapUse, map_race, named};
use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0103",
    page: include_str!("../../../../docs/codes/GS0103.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if case
        .fatal("concurrent map iteration and map write")
        .is_some()
    {
        return Some(Match::high(
            "Go's runtime found that a map was written to while it was ranged over",
        ));
    }
    match map_race(case)? {
        (MapUse::Iterate, MapUse::Write) | (MapUse::Write, MapUse::Iterate) => {
            Some(Match::high(format!(
                "one stack writes to a map and the other goes through it; {}",
                named(case)
            )))
        }
        _ => None,
    }
}
