//! GS0204: a request's context is kept when the framework uses it again.

use gosan_explain::Confidence::High;

use crate::run::{Run, page};

#[test]
fn a_pool_of_the_programs_own() {
    page("GS0204").gets("GS0204", High, "gives its `*Context` back to a pool");
}

#[test]
fn without_its_pool_it_is_a_field_that_is_shared() {
    page("GS0204")
        .source("c := a.contexts.Get().(*Context)", "c := a.context")
        .source("a.contexts.Put(c)", "a.last = c")
        .gets_only(&["GS0508", "none"]);
}

/// What gin does with a context, in the place of the page's own framework.
fn of_gin(background: &str) -> Run {
    let text = format!(
        "WARNING: DATA RACE\nWrite at 0x00c000028060 by goroutine 8:\n  \
         github.com/gin-gonic/gin.(*Context).reset()\n      \
         /home/me/go/pkg/mod/github.com/gin-gonic/gin@v1.10.0/context.go:101 +0x92\n  \
         github.com/gin-gonic/gin.(*Engine).ServeHTTP()\n      \
         /home/me/go/pkg/mod/github.com/gin-gonic/gin@v1.10.0/gin.go:585 +0x92\n  \
         net/http.serverHandler.ServeHTTP()\n      /usr/local/go/src/net/http/server.go:3210 +0x2a1\n  \
         net/http.(*conn).serve()\n      /usr/local/go/src/net/http/server.go:2092 +0x12a4\n\n\
         Previous read at 0x00c000028060 by goroutine 11:\n  \
         github.com/gin-gonic/gin.(*Context).GetString()\n      \
         /home/me/go/pkg/mod/github.com/gin-gonic/gin@v1.10.0/context.go:310 +0x92\n  \
         example.com/shop.cart.func1()\n      /home/me/shop/cart.go:32 +0x92\n{background}\n==================\n"
    );
    Run::of_text("gin", &text)
}

#[test]
fn a_frameworks_context_that_is_kept() {
    of_gin("").gets("GS0204", High, "prepares the context for a request");
}

#[test]
fn within_a_request_it_is_the_frameworks_own_matter() {
    let serve =
        "  net/http.(*conn).serve()\n      /usr/local/go/src/net/http/server.go:2092 +0x12a4\n";
    let verdicts = of_gin(serve).verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0204"),
        "{verdicts:?}"
    );
}

#[test]
fn the_contexts_of_other_frameworks_are_known() {
    for (reuse, module) in [
        (
            "github.com/labstack/echo/v4.(*context).Reset",
            "github.com/labstack/echo/v4@v4.12.0",
        ),
        (
            "github.com/gofiber/fiber/v2.(*App).AcquireCtx",
            "github.com/gofiber/fiber/v2@v2.52.5",
        ),
        (
            "github.com/valyala/fasthttp.(*RequestCtx).Reset",
            "github.com/valyala/fasthttp@v1.55.0",
        ),
    ] {
        of_gin("")
            .log("github.com/gin-gonic/gin.(*Context).reset", reuse)
            .log(
                "github.com/gin-gonic/gin@v1.10.0/context.go:101",
                &format!("{module}/ctx.go:101"),
            )
            .log(
                "github.com/gin-gonic/gin.(*Engine).ServeHTTP",
                "example.com/shop.serve",
            )
            .gets_only(&["GS0204"]);
    }
}
