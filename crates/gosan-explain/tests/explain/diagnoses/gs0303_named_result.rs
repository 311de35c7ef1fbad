//! GS0303: a goroutine uses a named result of the function that started it.

use gosan_explain::Confidence::{High, Low};

use crate::run::page;

#[test]
fn a_return_writes_the_result() {
    page("GS0303").gets("GS0303", High, "named result");
}

#[test]
fn a_local_variable_is_no_result() {
    page("GS0303")
        .source("(total int) {", "int {")
        .source(
            "done := make(chan bool)",
            "done := make(chan bool); total := 0",
        )
        .source("return -1", "total = -1; return total")
        .gets_only(&["GS0304"]);
}

#[test]
fn without_the_source_it_is_some_captured_variable() {
    page("GS0303")
        .without_source()
        .gets("GS0304", Low, "by their names");
}
