//! GS0201: several goroutines use one response at the same time.

use gosan_explain::Confidence::High;

use crate::run::{Run, page};

#[test]
fn two_goroutines_set_headers() {
    page("GS0201").gets("GS0201", High, "both stacks work on a response");
    page("GS0201")
        .without_source()
        .gets("GS0201", High, "MIMEHeader.Set");
}

#[test]
fn a_map_of_the_programs_own_is_none() {
    page("GS0101").gets_only(&["GS0101"]);
}

#[test]
fn the_headers_of_a_request_are_none() {
    page("GS0201")
        .source("w.Header().Set(field, value)", "r.Header.Set(field, value)")
        .gets_only(&["GS0101"]);
}

#[test]
fn the_server_that_ends_the_response_is_another_mistake() {
    page("GS0202").gets_only(&["GS0202"]);
}

#[test]
fn a_fatal_error_in_a_header_is_the_response() {
    let text = "fatal error: concurrent map writes\n\ngoroutine 33 [running]:\ninternal/runtime/maps.fatal({0x1, 0x2})\n\t\
                /usr/local/go/src/runtime/panic.go:1181 +0x18\nnet/textproto.MIMEHeader.Set(...)\n\t\
                /usr/local/go/src/net/textproto/header.go:22\nnet/http.Header.Set(...)\n\t\
                /usr/local/go/src/net/http/header.go:40\nexample.com/shop.handler.func1()\n\t/home/me/shop/main.go:17 +0x1\n";
    Run::of_text("a header", text).gets("GS0201", High, "is a response's header");
}
