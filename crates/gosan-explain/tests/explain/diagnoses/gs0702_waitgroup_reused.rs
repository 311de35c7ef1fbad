//! GS0702: a WaitGroup is used again before its Wait has returned.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_wait_group_says_so() {
    for run in of_every_go("waitgroup-reused") {
        run.gets("GS0702", High, "the WaitGroup says so itself");
    }
    page("GS0702").gets("GS0702", High, "the WaitGroup says so itself");
}

#[test]
fn two_rounds_that_nothing_orders() {
    page("GS0701")
        .without_source()
        .log("runtime.raceread()", "runtime.racewrite()")
        .gets("GS0702", High, "nothing orders the two rounds");
}

#[test]
fn its_other_complaints_have_other_codes() {
    for (kind, code) in [
        ("waitgroup-add", "GS0701"),
        ("waitgroup-negative", "GS0703"),
    ] {
        for run in of_every_go(kind) {
            run.gets_only(&[code]);
        }
    }
}
