//! GS0101: two goroutines write to one map.

use gosan_explain::Confidence::High;

use crate::run::{Run, of_every_go, page};

#[test]
fn the_runtime_says_so() {
    for run in of_every_go("map-writes") {
        run.gets("GS0101", High, "when another write began");
    }
}

#[test]
fn an_increment_writes_whichever_half_was_caught() {
    page("GS0101").gets("GS0101", High, "it is the map `h.byPath`");
}

#[test]
fn without_the_source_the_functions_of_the_runtime_decide() {
    let page = page("GS0102").without_source();
    page.clone()
        .log("runtime.mapaccess1_faststr", "runtime.mapassign_faststr")
        .gets("GS0101", High, "the address is the same");
    page.gets_only(&["GS0102"]);
}

#[test]
fn other_misuse_of_a_map_has_other_codes() {
    for (kind, code) in [("map-read", "GS0102"), ("map-iteration", "GS0103")] {
        for run in of_every_go(kind) {
            run.gets_only(&[code]);
        }
    }
}

#[test]
fn a_message_of_somebody_elses_is_none() {
    let text = "fatal error: concurrent map writes to the cache are off\n\ngoroutine 1 [running]:\n\
                main.main()\n\t/home/me/main.go:7 +0x1\n";
    Run::of_text("another message", text).gets_only(&["none"]);
}
