//! GS0703: Done is called more often than Add said.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0703",
    page: include_str!("../../../../docs/codes/GS0703.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    case.crash("negative WaitGroup counter")
        .map(|_| Match::high("the WaitGroup says so itself: its counter went below zero"))
}
