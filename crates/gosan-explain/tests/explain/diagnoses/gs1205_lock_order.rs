//! GS1205: two goroutines take two locks in opposite order.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn each_holds_what_the_other_waits_for() {
    page("GS1205").gets(
        "GS1205",
        High,
        "each holds the lock that the other waits for",
    );
}

#[test]
fn a_deadlock_of_all_can_be_one_too() {
    let page = page("GS1205");
    page.log(
        "goroutine 1 [chan receive]",
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]",
    )
    .gets("GS1205", High, "each holds the lock");
}

#[test]
fn who_holds_nothing_only_waits() {
    page("GS1205").source("from.mu.Lock()", "_ = from").gets(
        "GS1202",
        High,
        "wait for a lock here",
    );
}

#[test]
fn a_lock_that_is_taken_twice_is_no_order() {
    page("GS1205")
        .source("to.mu.Lock()", "from.mu.Lock()")
        .gets_only(&["GS1202"]);
}

#[test]
fn without_the_source_they_wait() {
    for run in of_every_go("lock-order") {
        run.gets_only(&["GS1202"]);
    }
}
