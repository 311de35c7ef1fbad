//! GS0402: two slices share an array.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::source::How;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0402",
    page: include_str!("../../../../docs/codes/GS0402.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    if let Some(shared) = &case.shared
        && shared.any(|how| *how == How::AppendCopy)
    {
        return Some(Match::high(format!(
            "both sides append to copies of `{}`: where there is room left, they write to the same place",
            shared.name
        )));
    }
    let (first, second) = (slice_use(one)?, slice_use(other)?);
    (first != second).then(|| {
        Match::medium(format!(
            "`{first}` and `{second}` are slices under two names, with elements in common"
        ))
    })
}

/// The slice whose elements a side accesses.
fn slice_use(side: &Side) -> Option<String> {
    let site = side.site()?;
    let is_slice = |written: Option<&str>| {
        written.is_some_and(|text| {
            text.starts_with("[]")
                || text.starts_with("make([]")
                || text.contains("[:")
                || text.contains(":]")
                || text.starts_with("append(")
        })
    };
    let (touch, _) = site.typed().find(|(touch, written)| {
        is_slice(*written)
            && matches!(
                touch.how,
                How::IndexRead
                    | How::IndexWrite
                    | How::Range
                    | How::AppendCopy
                    | How::Append
                    | How::Pass
            )
    })?;
    Some(touch.path.clone())
}
