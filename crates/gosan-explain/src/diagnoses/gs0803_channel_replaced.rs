//! GS0803: a variable that holds a channel is replaced while it is in use.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::source::How;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0803",
    page: include_str!("../../../../docs/codes/GS0803.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let shared = case.shared.as_ref()?;
    let channel = shared.is_written(|text| {
        text.contains("chan ") && !text.starts_with("map[") && !text.starts_with("[]")
    });
    let replaced = shared.any(|how| *how == How::Assign);
    (channel && replaced && case.both(Side::is_direct_or_channel)).then(|| {
        Match::high(format!(
            "`{}` is a channel; one side puts another one in its place while the other side uses it",
            shared.name
        ))
    })
}
