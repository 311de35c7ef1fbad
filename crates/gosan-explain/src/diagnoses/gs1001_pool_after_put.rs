//! GS1001: an object is used when it has been put back into its pool.

use crate::case::{Case, Side};
use crate::diagnosis::{Diagnosis, Match};
use crate::source::Site;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1001",
    page: include_str!("../../../../docs/codes/GS1001.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    case.race()?;
    let sites = || case.race_sides().iter().flat_map(Side::sites);
    let after_put = sites().find_map(|site| {
        let object = put_before(&site.function.whole, &site.text)?;
        Some(format!(
            "the function puts `{object}` into a pool and goes on to use it"
        ))
    });
    if let Some(evidence) = after_put {
        return Some(Match::high(evidence));
    }
    let pooled = |site: &&Site| {
        let whole = &site.function.whole;
        whole.contains(".Get()") && (whole.contains(".Put(") || whole.contains("sync.Pool"))
    };
    let taken = sites().filter(pooled).find_map(|site| {
        site.touches.iter().find(|touch| {
            let written = touch.declaration.written.as_deref();
            written.is_some_and(|written| written.contains(".Get()"))
        })
    });
    if let (Some(touch), Some((one, other))) =
        (taken, case.race().map(|(_, one, other)| (one, other)))
        && case.shared.is_none()
        && one.own() != other.own()
    {
        return Some(Match::high(format!(
            "`{}` was taken from a pool, and the other side has the same object under another name",
            touch.path
        )));
    }
    sites().find(pooled).map(|site| {
        Match::medium(format!(
            "`{}` is in a function that takes objects from a pool",
            site.text.trim()
        ))
    })
}

/// The object that a line of the function puts into a pool, if this line comes
/// later and names it.
fn put_before<'a>(body: &'a str, line: &str) -> Option<&'a str> {
    let at = body.find(line.trim()).filter(|_| !line.trim().is_empty())?;
    body[..at]
        .lines()
        .filter(|before| !before.trim_start().starts_with("defer "))
        .find_map(|before| {
            let (_, rest) = before.split_once(".Put(")?;
            let object = rest.split(')').next()?;
            let named = line
                .split(|character: char| !character.is_alphanumeric() && character != '_')
                .any(|word| word == object);
            (named && !object.is_empty()).then_some(object)
        })
}
