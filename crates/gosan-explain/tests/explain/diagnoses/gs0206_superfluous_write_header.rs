//! GS0206: the status of a response is set twice.

use gosan_explain::Confidence::High;

use crate::run::{Run, of_every_go, page};

#[test]
fn the_line_of_net_http() {
    for run in of_every_go("superfluous") {
        run.gets("GS0206", High, "names the call that came second");
    }
    page("GS0206").gets("GS0206", High, "net/http says so itself");
}

#[test]
fn another_line_of_net_http_is_nothing() {
    let text = "2024/05/01 10:11:12 http: response.WriteHeader on hijacked connection from main.f (main.go:12)\n";
    assert_eq!(Run::of_text("hijacked", text).verdicts(), []);
}
