//! What stacks have to do with HTTP requests, by the names of functions.

use crate::case::Side;
use crate::model::Frame;

/// What runs a handler. A stack without one is outside of any request.
pub const SERVERS: &[&str] = &[
    "net/http.(*conn).serve",
    "net/http.serverHandler.ServeHTTP",
    "net/http.(*http2serverConn).runHandler",
    "github.com/valyala/fasthttp.(*Server).serveConn",
    "github.com/valyala/fasthttp.(*workerPool).workerFunc",
    "testing.tRunner",
];

/// Functions that read or write a response.
const RESPONSE: &[&str] = &[
    "net/http.Header.",
    "net/textproto.MIMEHeader.",
    "net/http.(*response).",
    "net/http.(*timeoutWriter).",
    "net/http.(*http2responseWriter).",
    "net/http/httptest.(*ResponseRecorder).",
    "net/http.Error",
    "net/http.Redirect",
    "net/http.SetCookie",
    "github.com/labstack/echo/v4.(*Response).",
    "github.com/gin-gonic/gin.(*responseWriter).",
    "github.com/urfave/negroni/v3.(*responseWriter).",
    "github.com/valyala/fasthttp.(*Response",
];

/// Functions that are about a request in any way.
const REQUEST: &[&str] = &[
    "net/http.",
    "net/textproto.",
    "net/http/httptest.",
    "net/http/httputil.",
    "github.com/labstack/echo",
    "github.com/gin-gonic/gin",
    "github.com/gofiber/fiber",
    "github.com/valyala/fasthttp",
    "github.com/go-chi/chi",
];

/// A frame that works on a response.
pub fn response_frame<'a>(side: &Side<'a>) -> Option<&'a Frame> {
    side.callee_of(RESPONSE)
}

/// The side is in the middle of a request.
pub fn is_about_request(side: &Side) -> bool {
    side.frame_of(REQUEST).is_some()
        || side
            .created
            .iter()
            .any(|frame| frame.package() == "net/http")
}
