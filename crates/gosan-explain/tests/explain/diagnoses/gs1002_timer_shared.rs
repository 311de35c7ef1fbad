//! GS1002: a timer or ticker is set by several goroutines.

use gosan_explain::Confidence::{High, Low};

use crate::run::page;

#[test]
fn the_variable_is_a_timer() {
    page("GS1002").gets("GS1002", High, "`timer` is a timer");
}

#[test]
fn both_stacks_are_in_its_methods() {
    page("GS1003")
        .without_source()
        .log("bytes.(*Buffer).", "time.(*Timer).")
        .log("/src/bytes/buffer.go", "/src/time/sleep.go")
        .gets_only(&["GS1002"]);
}

#[test]
fn a_duration_is_no_timer() {
    page("GS1002")
        .source("*time.Timer", "time.Duration")
        .gets_only(&["GS0304"]);
}

#[test]
fn without_the_source_it_is_some_captured_variable() {
    page("GS1002")
        .without_source()
        .gets("GS0304", Low, "by their names");
}
