//! GS0503: the two sides hold different locks.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0503",
    page: include_str!("../../../../docs/codes/GS0503.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    let (first, second) = (one.held().next()?, other.held().next()?);
    let leaf = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let common = one.held().any(|lock| {
        other
            .held()
            .any(|pair| leaf(&pair.path) == leaf(&lock.path))
    });
    let evidence = format!(
        "one side holds `{}`, the other `{}`",
        first.path, second.path
    );
    if common {
        // The same name, and yet a race: the locks are of different objects.
        Some(Match::medium(evidence).and("of two objects, as the race shows"))
    } else {
        Some(Match::high(evidence))
    }
}
