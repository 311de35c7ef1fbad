//! GS0504: a lock is copied by value, so that each side holds one of its own.

use crate::case::{Case, Side};
use crate::diagnosis::{Diagnosis, Match};
use crate::source::DeclarationKind;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0504",
    page: include_str!("../../../../docs/codes/GS0504.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    // The lock's own atomics against an assignment of the whole struct.
    let locks = |side: &Side| {
        side.is_atomic()
            && side
                .callee_of(&["sync.(*Mutex).", "sync.(*RWMutex)."])
                .is_some()
    };
    if case.ordered(locks, |side| !side.is_atomic()).is_some() {
        return Some(Match::high(
            "one side is in the lock itself, and the other copies or replaces the struct that holds it",
        ));
    }
    case.race()?;
    case.race_sides().iter().find_map(|side| {
        side.sites().iter().find_map(|site| {
            let receiver = site.function.receiver.as_deref().unwrap_or("*");
            let held = site.held.iter().find(|held| match held.root {
                DeclarationKind::Receiver => !receiver.starts_with('*'),
                DeclarationKind::Parameter => {
                    site.function.whole.lines().next().is_some_and(|head| {
                        let root = held.path.split('.').next().unwrap_or_default();
                        head.contains(&format!("{root} sync."))
                    })
                }
                _ => false,
            })?;
            Some(Match::high(format!(
                "`{}` is locked in a function that has it by value: the lock is a copy",
                held.path
            )))
        })
    })
}
