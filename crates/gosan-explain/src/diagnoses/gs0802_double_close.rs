//! GS0802: a channel is closed twice.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0802",
    page: include_str!("../../../../docs/codes/GS0802.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if case.crash("close of closed channel").is_some() {
        return Some(Match::high(
            "the program died of closing a channel a second time",
        ));
    }
    let close = |side: &Side| side.callee_of(&["runtime.closechan"]).is_some();
    case.both(close)
        .then(|| Match::high("both sides close the channel, and nothing orders them"))
}
