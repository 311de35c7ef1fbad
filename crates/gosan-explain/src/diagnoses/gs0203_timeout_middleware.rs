//! GS0203: a timeout answers while the handler goes on with the same request.

use super::http::is_about_request;
use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0203",
    page: include_str!("../../../../docs/codes/GS0203.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    // The goroutine that a timeout started for the handler.
    let started = [one, other].iter().find_map(|side| {
        side.created
            .iter()
            .chain(side.stack)
            .find(|frame| is_timeout(&frame.function))
    })?;
    let of_request = |side: &Side| is_about_request(side);
    let sure = case.both(of_request);
    let evidence = format!(
        "`{}` runs the handler in a goroutine of its own and does not wait for its end",
        started.function
    );
    if sure {
        Some(Match::high(evidence).and("both sides work on the same request or response"))
    } else if case.either(of_request) {
        Some(Match::medium(evidence))
    } else {
        None
    }
}

fn is_timeout(function: &str) -> bool {
    let function = function.to_ascii_lowercase();
    let name = function.rsplit('/').next().unwrap_or(&function);
    // A deadline of a context or a connection starts no goroutine.
    name.contains("timeout") && !name.contains("context.") && !name.contains("settimeout")
}
