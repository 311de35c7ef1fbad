//! GS0902: a default that the whole program shares is changed while it is used.

use crate::case::Case;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0902",
    page: include_str!("../../../../docs/codes/GS0902.md"),
    examine,
};

/// Variables of Go's library that every package sees.
const DEFAULTS: &[&str] = &[
    "http.DefaultClient",
    "http.DefaultTransport",
    "http.DefaultServeMux",
    "net.DefaultResolver",
    "flag.CommandLine",
    "os.Args",
    "os.Stdout",
    "os.Stderr",
    "os.Stdin",
    "time.Local",
    "rand.Reader",
];

fn examine(case: &Case) -> Option<Match> {
    case.race()?;
    case.race_sides().iter().find_map(|side| {
        let site = side.site().filter(|_| side.writes())?;
        let touch = site.touches.iter().find(|touch| {
            touch.how.may_write() && DEFAULTS.iter().any(|name| touch.path.starts_with(name))
        })?;
        Some(Match::high(format!(
            "the line changes `{}`, which belongs to the whole program",
            touch.path
        )))
    })
}
