//! GS1205: two goroutines take two locks in opposite order.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::frames::own_frame;
use crate::parse::crash::is_lock_wait;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1205",
    page: include_str!("../../../../docs/codes/GS1205.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let waiting: Vec<_> = case
        .goroutines()
        .into_iter()
        .filter(|place| is_lock_wait(place))
        .collect();
    let first = waiting.first()?;
    let here = own_frame(&first.stack)?;
    // What the source says of the goroutines that the case has looked up.
    let crossed = case.sides.iter().any(|one| {
        case.sides.iter().any(|other| {
            let (Some(one), Some(other)) = (wait_of(one), wait_of(other)) else {
                return false;
            };
            one.holds.contains(&other.waits_for) && other.holds.contains(&one.waits_for)
        })
    });
    if crossed {
        return Some(Match::high("each holds the lock that the other waits for"));
    }
    let other = waiting
        .iter()
        .filter_map(|place| own_frame(&place.stack))
        .find(|frame| frame.function != here.function)?;
    Some(Match::medium(format!(
        "`{}` and `{}` both wait for a lock, and neither goes on",
        here.function, other.function
    )))
}

/// The lock that a goroutine waits for, and those that it holds, by their last
/// names.
struct Wait {
    waits_for: String,
    holds: Vec<String>,
}

fn wait_of(side: &Side) -> Option<Wait> {
    let site = side.site()?;
    let call = site.text.trim();
    let path = call
        .strip_suffix(".Lock()")
        .or_else(|| call.strip_suffix(".RLock()"))?;
    let leaf = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    Some(Wait {
        waits_for: leaf(path),
        holds: side.held().map(|lock| leaf(&lock.path)).collect(),
    })
}
