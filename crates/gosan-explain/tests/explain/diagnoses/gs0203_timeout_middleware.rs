//! GS0203: a timeout answers while the handler goes on with the same request.

use gosan_explain::Confidence::{High, Medium};

use crate::run::page;

#[test]
fn the_names_say_so() {
    page("GS0203").gets("GS0203", High, "does not wait for its end");
    page("GS0203").without_source().gets(
        "GS0203",
        High,
        "both sides work on the same request or response",
    );
}

#[test]
fn it_is_less_sure_where_one_side_is_not_about_the_request() {
    let log = page("GS0203").without_source();
    log.log_once("net/textproto.MIMEHeader.Set()", "example.com/gs0203.set()")
        .log_once("net/http.Header.Set()", "example.com/gs0203.set()")
        .without_frame("net/http.HandlerFunc.ServeHTTP")
        .without_frame("runtime.mapassign_faststr")
        .gets("GS0203", Medium, "does not wait for its end");
}

#[test]
fn by_another_name_it_is_a_shared_response() {
    page("GS0203")
        .without_source()
        .log("Timeout", "Parallel")
        .gets_only(&["GS0201"]);
}

#[test]
fn a_context_with_a_timeout_starts_nothing() {
    page("GS0101")
        .without_source()
        .log("example.com/gs0101.TestAdd()", "context.WithTimeout()")
        .gets_only(&["GS0101", "GS0102"]);
}

#[test]
fn the_timeouts_of_the_library_and_of_frameworks_are_known() {
    for name in [
        "net/http.(*timeoutHandler).ServeHTTP",
        "github.com/labstack/echo/v4/middleware.TimeoutConfig.ToMiddleware",
        "github.com/gin-contrib/timeout.New",
        "github.com/go-chi/chi/v5/middleware.Timeout",
    ] {
        page("GS0203")
            .without_source()
            .log("example.com/gs0203.TestTimeout.Timeout", name)
            .gets_only(&["GS0203"]);
    }
}
