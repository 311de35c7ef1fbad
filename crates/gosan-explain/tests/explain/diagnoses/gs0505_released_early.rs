//! GS0505: a lock is given back while what it guards is still used.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn it_was_given_back_before_the_line() {
    page("GS0505").gets("GS0505", High, "has given `s.mu` back before its line");
}

#[test]
fn what_a_function_returns_from_under_its_lock() {
    page("GS0505")
        .source("items := s.items", "items := s.all()")
        .source("s.mu.Lock()\n\titems", "_ = s\n\titems")
        .source("s.mu.Unlock()\n\tsum := 0", "_ = s\n\tsum := 0")
        .gets_only(&["GS0501"]);
}

#[test]
fn another_lock_that_was_given_back_is_none() {
    page("GS0505")
        .source("s.mu.Lock()\n\titems", "other.Lock()\n\titems")
        .source("s.mu.Unlock()\n\tsum := 0", "other.Unlock()\n\tsum := 0")
        .gets_only(&["GS0501"]);
}

#[test]
fn a_side_that_never_had_it_is_another_mistake() {
    page("GS0501").gets_only(&["GS0501"]);
}
