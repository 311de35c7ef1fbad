//! GS0905: a variable of the package is shared, and nothing orders its accesses.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn the_source_names_it() {
    page("GS0905").gets("GS0905", High, "`visits` is a variable of the package");
}

#[test]
fn with_a_lock_on_both_sides_it_is_another_mistake() {
    let verdicts = page("GS0905")
        .source("func Visit() {", "func Visit() { mu.Lock()")
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0905"),
        "{verdicts:?}"
    );
}

#[test]
fn a_captured_variable_is_another_mistake() {
    page("GS0304").gets_only(&["GS0304"]);
}

#[test]
fn without_the_source_nothing_names_it() {
    page("GS0905").without_source().gets_only(&["none"]);
}
