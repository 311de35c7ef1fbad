//! GS0901: a configuration is replaced while it is read.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};
use crate::shared::Scope;
use crate::source::How;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0901",
    page: include_str!("../../../../docs/codes/GS0901.md"),
    examine,
};

const NAMES: &[&str] = &[
    "conf", "cfg", "setting", "option", "feature", "flags", "limits", "rules", "routes",
];

fn examine(case: &Case) -> Option<Match> {
    let shared = case.shared.as_ref()?;
    let replaced = shared.any(|how| matches!(how, How::Assign | How::Update));
    let name = shared.name.to_ascii_lowercase();
    let named = NAMES.iter().any(|part| name.contains(part))
        || shared.is_written(|text| {
            let text = text.to_ascii_lowercase();
            text.len() < 80 && NAMES[..4].iter().any(|part| text.contains(part))
        });
    let wide = matches!(shared.scope, Scope::Package | Scope::Field);
    (replaced && named && wide && case.both(|side| side.held().next().is_none())).then(|| {
        Match::high(format!(
            "`{}` is set by one side while the other reads it, and by its name it is a configuration",
            shared.name
        ))
    })
}
