//! GS1003: a library type that is not safe for concurrent use is shared.

use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::frames::Owner;
use crate::model::Frame;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS1003",
    page: include_str!("../../../../docs/codes/GS1003.md"),
    examine,
};

/// Types of Go's library that say so, or keep state without a lock.
const UNSAFE: &[&str] = &[
    "bytes.(*Buffer).",
    "bytes.(*Reader).",
    "strings.(*Builder).",
    "strings.(*Reader).",
    "bufio.(*Reader).",
    "bufio.(*Writer).",
    "bufio.(*Scanner).",
    "encoding/json.(*Encoder).",
    "encoding/json.(*Decoder).",
    "encoding/csv.(*Writer).",
    "encoding/csv.(*Reader).",
    "encoding/xml.(*Encoder).",
    "encoding/xml.(*Decoder).",
    "compress/",
    "archive/",
    "container/list.",
    "container/heap.",
    "container/ring.",
    "math/big.",
    "crypto/sha256.",
    "crypto/internal/fips140/sha256.",
    "crypto/md5.",
    "crypto/sha1.",
    "hash/",
    "text/tabwriter.",
    "text/scanner.",
    "mime/multipart.(*Writer).",
    "net/http.(*ServeMux).",
    "net/url.Values.",
    "os/exec.(*Cmd).",
];

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    if let (Some(first), Some(second)) = (one.callee_of(UNSAFE), other.callee_of(UNSAFE))
        && first.package() == second.package()
    {
        return Some(Match::high(format!(
            "both stacks are in package {} (`{}`), whose types are for one goroutine at a time",
            first.package(),
            first.function
        )));
    }
    // Any other library, called by both sides.
    let (first, second) = (called(one)?, called(other)?);
    let of_type = |frame: &Frame| {
        frame
            .function
            .rsplit_once('.')
            .map(|(owner, _)| owner.to_owned())
    };
    (of_type(first) == of_type(second)).then(|| {
        Match::medium(format!(
            "both sides call `{}` and its like, and the race is inside of it",
            first.function
        ))
    })
}

/// The library's function that the user's code called.
fn called<'a>(side: &Side<'a>) -> Option<&'a Frame> {
    let frame = side.callees().last()?;
    matches!(frame.owner(), Owner::Library | Owner::Std).then_some(frame)
}
