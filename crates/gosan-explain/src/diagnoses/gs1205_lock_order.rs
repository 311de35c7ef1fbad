//! GS1205: two goroutines take two locks in opposite order.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::parse::crash::is_lock_wait;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1205",
    page: include_str!("../../../../docs/codes/GS1205.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let waiting = case
        .goroutines()
        .into_iter()
        .filter(|place| is_lock_wait(place))
        .count();
    if waiting == 0 {
        return None;
    }
    // Who holds a lock, only the source says, of the goroutines that the case has
    // looked up.
    let waits: Vec<_> = case.sides.iter().filter_map(wait_of).collect();
    let crossed = waits.iter().any(|one| {
        waits.iter().any(|other| {
            one.holds.contains(&other.waits_for) && other.holds.contains(&one.waits_for)
        })
    });
    crossed.then(|| Match::high("each holds the lock that the other waits for"))
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
    // A lock that a goroutine takes twice is its own matter.
    if side.held().any(|lock| lock.path == path) {
        return None;
    }
    let leaf = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    Some(Wait {
        waits_for: leaf(path),
        holds: side.held().map(|lock| leaf(&lock.path)).collect(),
    })
}
