//! GS0506: what is checked under a lock is acted upon under the next.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::model::{Ending, Problem};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0506",
    page: include_str!("../../../../docs/codes/GS0506.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    let side = case.sides.iter().find(|side| twice(side).is_some())?;
    let lock = twice(side)?;
    let evidence = format!(
        "the function takes `{lock}`, gives it back, and takes it again before this line: what it \
         saw in between may have changed"
    );
    match case.problem {
        Problem::Race(_) => Some(Match::medium(evidence)),
        // What went wrong is what a second one did in between.
        Problem::Crash(crash) if crash.ending != Ending::Fatal => Some(Match::high(evidence)),
        _ => None,
    }
}

/// The lock that is held for the second time.
fn twice<'a>(side: &'a Side) -> Option<&'a str> {
    side.sites().iter().find_map(|site| {
        let again = site
            .held
            .iter()
            .find(|held| site.released.contains(&held.path))?;
        Some(again.path.as_str())
    })
}
