//! GS0102: one goroutine reads a map while another writes to it.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_runtime_says_so() {
    for run in of_every_go("map-read") {
        run.gets("GS0102", High, "when it was read");
    }
}

#[test]
fn the_stacks_say_so_with_and_without_the_source() {
    page("GS0102").gets("GS0102", High, "it is the map `p.byItem`");
    page("GS0102")
        .without_source()
        .gets("GS0102", High, "looks something up in it");
}

#[test]
fn the_length_of_a_map_is_read_without_a_call() {
    page("GS0102")
        .without_frame("runtime.mapaccess1_faststr")
        .source("return p.byItem[item]", "return len(p.byItem)")
        .gets("GS0102", High, "looks something up in it");
}

#[test]
fn an_iteration_is_no_lookup() {
    page("GS0103").gets_only(&["GS0103"]);
}

#[test]
fn two_lookups_are_none() {
    page("GS0102")
        .without_source()
        .log("runtime.mapassign_faststr", "runtime.mapaccess2_faststr")
        .gets_only(&["none"]);
}
