//! GS0202: the response is used when its handler has returned.

use super::http::response_frame;
use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};
use crate::frames::Owner;

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0202",
    page: include_str!("../../../../docs/codes/GS0202.md"),
    examine,
};

/// What net/http does with a response when the handler has returned.
const AFTERWARDS: &[&str] = &[
    "net/http.(*response).finishRequest",
    "net/http.(*conn).serve",
    "net/http.(*http2responseWriter).handlerDone",
    "net/http.(*chunkWriter).close",
];

fn examine(case: &Case) -> Option<Match> {
    let server_itself = |side: &Side| {
        side.frame_of(AFTERWARDS).is_some()
            && !side.stack.iter().any(|frame| frame.owner() == Owner::User)
    };
    let (server, handler) = case.ordered(server_itself, |side| response_frame(side).is_some())?;
    let frame = server.frame_of(AFTERWARDS)?;
    let background = handler.frame_of(&["net/http.(*conn).serve"]).is_none();
    background.then(|| {
        Match::high(format!(
            "the server is in `{}`, which follows the handler's return, while a goroutine of the \
             program still uses the response",
            frame.function
        ))
    })
}
