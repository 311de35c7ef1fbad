//! GS0301: goroutines share a loop variable.

use gosan_explain::Confidence::{High, Low, Medium};

use crate::run::page;

#[test]
fn the_file_is_of_an_old_language() {
    page("GS0301").gets("GS0301", High, "all rounds have one variable");
}

#[test]
fn it_is_less_sure_where_nothing_says_the_version() {
    page("GS0301")
        .source("//go:build go1.21", "// built with all tags")
        .without_module()
        .gets("GS0301", Medium, "`page` is a loop variable");
}

#[test]
fn since_go_1_22_each_round_has_its_own() {
    page("GS0301")
        .source("//go:build go1.21", "//go:build go1.22")
        .gets_only(&["GS0304"]);
}

#[test]
fn a_variable_beside_the_loop_is_another_mistake() {
    page("GS0301")
        .source(
            "for _, page := range",
            "var page string; for _, page = range",
        )
        .gets_only(&["GS0304"]);
}

#[test]
fn without_the_source_it_is_some_captured_variable() {
    page("GS0301")
        .without_source()
        .gets("GS0304", Low, "by their names");
}
