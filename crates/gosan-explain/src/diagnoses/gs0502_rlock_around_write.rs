//! GS0502: a write happens under RLock.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::source::LockMode;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0502",
    page: include_str!("../../../../docs/codes/GS0502.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    case.race()?;
    let writer = case.race_sides().iter().find(|side| {
        let mut held = side.held().peekable();
        side.writes() && held.peek().is_some() && held.all(|lock| lock.mode == LockMode::Shared)
    })?;
    let lock = writer.held().next()?;
    Some(Match::high(format!(
        "the write happens while `{}` is held by RLock, which any number of goroutines may hold",
        lock.path
    )))
}
