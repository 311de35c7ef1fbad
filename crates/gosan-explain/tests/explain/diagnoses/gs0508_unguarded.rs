//! GS0508: a variable is shared, and nothing orders its accesses.

use gosan_explain::Confidence::{Low, Medium};

use crate::run::page;

#[test]
fn a_field_without_any_lock() {
    page("GS0508").gets("GS0508", Medium, "neither side holds a lock");
}

#[test]
fn under_two_names_it_is_a_guess() {
    page("GS0508")
        .source("return j.finished", "return *state()")
        .gets("GS0508", Low, "no name in common");
}

#[test]
fn with_a_lock_on_one_side_another_says_more() {
    page("GS0508")
        .source("func (j *Job) run() {", "func (j *Job) run() { j.mu.Lock()")
        .gets_only(&["GS0501"]);
}

#[test]
fn without_the_source_nothing_is_said() {
    page("GS0508").without_source().gets_only(&["none"]);
}
