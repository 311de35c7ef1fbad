//! GS0903: a parallel test changes the environment.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0903",
    page: include_str!("../../../../docs/codes/GS0903.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let crash = case.crash("t.Setenv").or_else(|| case.crash("t.Chdir"))?;
    crash
        .message
        .contains("arallel")
        .then(|| Match::high("package testing says so itself"))
}
