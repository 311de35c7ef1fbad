//! GS0904: a source of random numbers is used by several goroutines.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0904",
    page: include_str!("../../../../docs/codes/GS0904.md"),
    examine,
};

const SOURCES: &[&str] = &[
    "math/rand.(*rngSource).",
    "math/rand.(*Rand).",
    "math/rand/v2.(*PCG).",
    "math/rand/v2.(*ChaCha8).",
    "math/rand/v2.(*Rand).",
    "math/rand/v2.(*Zipf).",
    "math/rand.(*Zipf).",
    "internal/chacha8rand.",
];

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    let (first, _) = (one.callee_of(SOURCES)?, other.callee_of(SOURCES)?);
    Some(Match::high(format!(
        "both stacks are in a generator of random numbers (`{}`), which has no lock of its own",
        first.function
    )))
}
