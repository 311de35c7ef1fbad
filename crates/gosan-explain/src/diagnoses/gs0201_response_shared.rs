//! GS0201: several goroutines use one response at the same time.

use super::http::response_frame;
use crate::case::{Case, Side};
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0201",
    page: include_str!("../../../../docs/codes/GS0201.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if case.crash("concurrent map ").is_some() {
        let frame = response_frame(case.sides.first()?)?;
        return Some(Match::high(format!(
            "the map that the runtime complains of is a response's header (`{}`)",
            frame.function
        )));
    }
    let (_, one, other) = case.race()?;
    let (first, second) = (response_frame(one)?, response_frame(other)?);
    // The server itself uses it when the handler has returned, which is GS0202.
    if !case.both(Side::has_own_code) {
        return None;
    }
    // A request has a header too, and that one is a field.
    let of_request = |side: &Side| {
        side.site()
            .is_some_and(|site| site.text.contains(".Header."))
    };
    if case.either(of_request) {
        return None;
    }
    Some(Match::high(format!(
        "both stacks work on a response: `{}` on one side, `{}` on the other",
        first.function, second.function
    )))
}
