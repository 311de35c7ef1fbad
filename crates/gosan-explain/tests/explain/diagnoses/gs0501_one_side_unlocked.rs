//! GS0501: one side holds a lock, and the other none.

use gosan_explain::Confidence::{High, Medium};

use crate::run::page;

#[test]
fn one_side_has_none() {
    page("GS0501").gets("GS0501", High, "one side holds `m.mu`");
}

#[test]
fn it_is_less_sure_of_what_has_no_name_in_common() {
    page("GS0501")
        .source("return m.count", "return *counter(m)")
        .gets("GS0501", Medium, "`(*Meter).Count` holds no lock");
}

#[test]
fn a_lock_of_another_name_is_another_mistake() {
    page("GS0501")
        .source("return m.count", "other.Lock(); return m.count")
        .gets_only(&["GS0501"]);
    page("GS0501")
        .source(
            "func (m *Meter) Count() int {",
            "func (m *Meter) Count() int { other.Lock()",
        )
        .gets_only(&["GS0503"]);
}

#[test]
fn without_any_lock_it_is_a_field() {
    page("GS0501")
        .source("m.mu.Lock()", "_ = &m.mu")
        .gets_only(&["GS0508"]);
}

#[test]
fn without_the_source_locks_are_not_seen() {
    page("GS0501").without_source().gets_only(&["none"]);
}
