//! GS0204: a request's context is kept when the framework uses it again.

use super::http::{SERVERS, is_about_request};
use crate::case::Case;
use crate::case::Side;
use crate::diagnosis::{Diagnosis, Match};

pub const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "GS0204",
    page: include_str!("../../../../docs/codes/GS0204.md"),
    examine,
};

/// Where frameworks take a context for the next request.
const REUSE: &[&str] = &[
    "gin.(*Context).reset",
    "gin.(*responseWriter).reset",
    "gin.(*Engine).ServeHTTP",
    "gin.(*Engine).handleHTTPRequest",
    "echo/v4.(*context).Reset",
    "echo/v5.(*Context).Reset",
    "echo.(*context).Reset",
    "(*App).AcquireCtx",
    "(*App).ReleaseCtx",
    "(*DefaultCtx).Reset",
    "fasthttp.(*RequestCtx).",
    "fasthttp.(*Server).",
    "fasthttp.(*RequestHeader).",
    "fasthttp.(*Request).",
    "fasthttp.(*Response",
    "fasthttp.(*URI).",
];

/// Where frameworks call handlers with a context from a pool.
const HANDLERS: &[&str] = &[
    "gin.(*Context).Next",
    "gin.(*Engine).",
    "echo/v4.(*Echo).ServeHTTP",
    "echo.(*Echo).ServeHTTP",
    "fiber/v2.(*App).",
    "fiber/v3.(*App).",
    "fasthttp.(*Server).",
];

fn examine(case: &Case) -> Option<Match> {
    let (_, one, other) = case.race()?;
    let background = |side: &Side| side.frame_of(SERVERS).is_none();
    for (framework, kept) in [(one, other), (other, one)] {
        if let Some(frame) = framework.frame_with(REUSE).filter(|_| background(kept)) {
            return Some(Match::high(format!(
                "`{}` prepares the context for a request, and a goroutine outside of any \
                     request uses it",
                frame.function
            )));
        }
    }
    // What the context refers to, like the request, belongs to the request too.
    for (request, kept) in [(one, other), (other, one)] {
        let started = kept
            .created
            .iter()
            .find(|frame| HANDLERS.iter().any(|part| frame.function.contains(part)));
        if let Some(frame) = started.filter(|_| background(kept) && is_about_request(request)) {
            return Some(Match::medium(format!(
                "a goroutine that was started in a handler (`{}`) still uses what the next request \
                 brings along",
                frame.function
            )));
        }
    }
    // A context and a pool of the program's own.
    let pooled = [one, other].iter().any(|side| {
        side.sites().iter().any(|site| {
            let body = &site.function.whole;
            body.contains(".Get()") && body.contains(".Put(")
        })
    });
    let context = case.shared.as_ref()?.touches.iter().find_map(|touch| {
        let written = touch.declaration.written.as_deref()?;
        let name = written.to_ascii_lowercase();
        (name.contains("context") || name.contains("ctx")).then_some(written.to_owned())
    })?;
    (pooled && case.either(|side| side.frame_with(&["ServeHTTP"]).is_some())).then(|| {
        Match::high(format!(
            "the handler gives its `{context}` back to a pool, and the other side still uses it"
        ))
    })
}
