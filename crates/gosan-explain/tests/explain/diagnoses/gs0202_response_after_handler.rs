//! GS0202: the response is used when its handler has returned.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn the_server_is_past_the_handler() {
    page("GS0202").gets("GS0202", High, "which follows the handler's return");
    page("GS0202").without_source().gets_only(&["GS0202"]);
}

#[test]
fn two_goroutines_of_one_handler_are_another_mistake() {
    page("GS0201").gets_only(&["GS0201"]);
}

#[test]
fn what_runs_within_the_request_is_none() {
    // The goroutine that writes is the handler's own.
    page("GS0202")
        .without_source()
        .log(
            "  example.com/gs0202.TestHandler.func1.1()\n",
            "  example.com/gs0202.TestHandler.func1.1()\n      /home/me/gs0202/gs0202_test.go:17 +0x1\n  net/http.(*conn).serve()\n",
        )
        .gets_only(&["none"]);
}
