//! GS0205: the body of one request is read by two goroutines.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0205",
    page: include_str!("../../../../docs/codes/GS0205.md"),
    examine,
};

/// What a request's body is made of.
const BODIES: &[&str] = &[
    "net/http.(*maxBytesReader).Read",
    "net/http.(*body).",
    "io.nopCloser.Read",
    "io.nopCloserWriterTo.",
    "strings.(*Reader).",
    "bytes.(*Reader).",
    "bytes.(*Buffer).",
    "bufio.(*Reader).",
];

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    let reads = |side: &Side| side.callee_of(BODIES).is_some();
    if !reads(one) || !reads(other) {
        return None;
    }
    let named = |side: &Side| side.site().is_some_and(|site| site.text.contains(".Body"));
    let limited = |side: &Side| side.callee_of(&BODIES[..2]).is_some();
    if named(one) && named(other) {
        Some(Match::high(
            "both sides read what their lines call a body, and their readers are one",
        ))
    } else if limited(one) && limited(other) {
        Some(Match::high(
            "both stacks read from the reader of a request's body",
        ))
    } else {
        None
    }
}
