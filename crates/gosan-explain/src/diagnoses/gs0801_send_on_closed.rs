//! GS0801: a channel is closed while somebody sends on it.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0801",
    page: include_str!("../../../../docs/codes/GS0801.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if case.crash("send on closed channel").is_some() {
        return Some(Match::high(
            "the program died of a send on a channel that had been closed",
        ));
    }
    let close = |side: &Side| side.callee_of(&["runtime.closechan"]).is_some();
    let send = |side: &Side| {
        side.callee_of(&[
            "runtime.chansend",
            "runtime.selectnbsend",
            "runtime.selectgo",
        ])
        .is_some()
    };
    case.ordered(close, send).map(|_| {
        Match::high("one side closes the channel on which the other sends, and nothing orders them")
    })
}
