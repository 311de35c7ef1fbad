//! GS0304: a function literal that runs beside the function shares a variable of it.

use gosan_explain::Confidence::{High, Low};

use crate::run::page;

#[test]
fn the_source_names_the_variable() {
    page("GS0304").gets("GS0304", High, "`sent` is a local variable");
}

#[test]
fn by_names_alone_it_is_a_guess() {
    page("GS0304")
        .without_source()
        .gets("GS0304", Low, "the source would say");
}

#[test]
fn functions_that_are_no_neighbours_are_none() {
    page("GS0304")
        .without_source()
        .log("gs0304.TestUpload.func1()", "gs0304.TestDownload.func1()")
        .gets_only(&["none"]);
}

#[test]
fn a_variable_of_the_package_is_another_mistake() {
    page("GS0304")
        .source("func upload(", "var sent int; func upload(")
        .source("sent := 0", "sent = 0")
        .gets_only(&["GS0905"]);
}
