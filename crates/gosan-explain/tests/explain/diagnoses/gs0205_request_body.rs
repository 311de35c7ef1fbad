//! GS0205: the body of one request is read by two goroutines.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn both_read_the_body() {
    page("GS0205").gets(
        "GS0205",
        High,
        "both sides read what their lines call a body",
    );
    page("GS0205")
        .without_source()
        .gets("GS0205", High, "the reader of a request's body");
}

#[test]
fn readers_that_nobody_calls_a_body_are_none() {
    page("GS0205")
        .without_source()
        .without_frame("net/http.(*maxBytesReader).Read")
        .gets_only(&["GS1003", "none"]);
}

#[test]
fn a_buffer_is_none() {
    page("GS1003").gets_only(&["GS1003"]);
}
