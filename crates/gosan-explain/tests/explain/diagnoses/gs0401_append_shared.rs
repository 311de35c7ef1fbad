//! GS0401: a slice is appended to while another goroutine uses it.

use gosan_explain::Confidence::{High, Low, Medium};

use crate::run::page;

#[test]
fn two_goroutines_append() {
    page("GS0401").gets("GS0401", High, "appends to `found`");
}

#[test]
fn a_stack_that_makes_room_speaks_for_it() {
    let verdicts = page("GS0401").without_source().verdicts();
    let sure: Vec<_> = verdicts
        .iter()
        .map(|found| (found.code, found.confidence))
        .collect();
    assert_eq!(sure, [("GS0401", Some(Medium)), ("GS0304", Some(Low))]);
}

#[test]
fn an_assignment_is_no_append() {
    page("GS0401")
        .source("found = append(found, name)", "found = []string{name}")
        .gets_only(&["GS0304"]);
}

#[test]
fn an_append_to_a_copy_is_another_mistake() {
    page("GS0401")
        .source("found = append(found, name)", "keep(append(found, name))")
        .gets_only(&["GS0402"]);
}
