//! GS1002: a timer or ticker is set by several goroutines.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1002",
    page: include_str!("../../../../docs/codes/GS1002.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let timers = [
        "time.(*Timer).",
        "time.(*Ticker).",
        "time.AfterFunc",
        "time.NewTimer",
    ];
    let by_source = case.shared.as_ref().filter(|shared| {
        shared.is_written(|text| {
            [
                "time.NewTimer",
                "time.AfterFunc",
                "time.NewTicker",
                "*time.Timer",
                "*time.Ticker",
            ]
            .iter()
            .any(|name| text.starts_with(name))
        })
    });
    if let Some(shared) = by_source {
        return Some(Match::high(format!(
            "`{}` is a timer that one side replaces or sets while the other uses it",
            shared.name
        )));
    }
    case.both(|side| side.callee_of(&timers).is_some())
        .then(|| Match::high("both sides are in methods of a timer"))
}
