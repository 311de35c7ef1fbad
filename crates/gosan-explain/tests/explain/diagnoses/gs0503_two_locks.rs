//! GS0503: the two sides hold different locks.

use gosan_explain::Confidence::{High, Medium};

use crate::run::page;

#[test]
fn each_has_its_own() {
    page("GS0503").gets("GS0503", High, "`a.deposits`");
}

#[test]
fn one_name_can_be_two_locks() {
    page("GS0503")
        .source("a.transfers.Lock()", "a.deposits.Lock()")
        .source("a.transfers.Unlock()", "a.deposits.Unlock()")
        .gets("GS0503", Medium, "of two objects");
}

#[test]
fn a_side_without_is_another_mistake() {
    page("GS0503")
        .source("a.transfers.Lock()", "_ = &a.transfers")
        .gets_only(&["GS0501"]);
}
