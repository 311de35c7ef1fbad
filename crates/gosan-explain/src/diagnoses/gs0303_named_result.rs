//! GS0303: a goroutine uses a named result of the function that started it.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;
use crate::source::DeclarationKind;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0303",
    page: include_str!("../../../../docs/codes/GS0303.md"),
    examine,
};

fn examine(case: &Case) -> Option<Match> {
    if let Some(shared) = &case.shared
        && shared.scope == Scope::Captured(DeclarationKind::Result)
    {
        return Some(Match::high(shared.where_declared()).and("a `return` writes it too"));
    }
    // A `return 0` writes the result and does not name it.
    let (_, one, other) = case.race()?;
    let returns = |side: &Side| {
        side.site()
            .is_some_and(|site| site.text.trim_start().starts_with("return"))
    };
    [(one, other), (other, one)]
        .into_iter()
        .find_map(|(outer, literal)| {
            let touch = literal.site()?.touches.iter().find(|touch| {
                touch.declaration.kind == DeclarationKind::Result && touch.declaration.captured
            })?;
            (returns(outer) && outer.shares_scope(literal)).then(|| {
                Match::high(format!(
                    "`{}` is a named result of the function, which its `return` writes to",
                    touch.path
                ))
            })
        })
}
