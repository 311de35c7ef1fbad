//! GS0403: an element is updated in place while the slice is read.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::source::{How, Touch};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0403",
    page: include_str!("../../../../docs/codes/GS0403.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    for (writer, reader) in [(one, other), (other, one)] {
        if !writer.writes() || reader.writes() {
            continue;
        }
        let (Some(written), Some(read)) = (writer.site(), reader.site()) else {
            continue;
        };
        let found = read.typed().find(|(slice, kind)| {
            let is_slice =
                kind.is_some_and(|text| text.starts_with("[]") || text.starts_with("make([]"));
            is_slice
                && is_read(&slice.how)
                && written.touches.iter().any(|touch| updates(touch, slice))
        });
        if let Some((slice, _)) = found {
            let evidence = format!(
                "one side goes through `{}`, and the other writes to an element of it",
                slice.path
            );
            // Where one side has a lock, that the other has none says more.
            let guarded = case.either(|side| side.held().next().is_some());
            return Some(if guarded {
                Match::medium(evidence)
            } else {
                Match::high(evidence)
            });
        }
    }
    None
}

fn is_read(how: &How) -> bool {
    matches!(
        how,
        How::Range | How::IndexRead | How::Pass | How::IndexWrite
    )
}

/// `s[i] = x`, or `s[i].f = x`.
fn updates(touch: &Touch, slice: &Touch) -> bool {
    let same = touch.leaf() == slice.leaf() && touch.how == How::IndexWrite;
    let element = touch
        .path
        .rsplit_once('.')
        .is_some_and(|(owner, _)| owner.rsplit('.').next() == Some(slice.leaf()));
    same || (element && touch.how.writes())
}
