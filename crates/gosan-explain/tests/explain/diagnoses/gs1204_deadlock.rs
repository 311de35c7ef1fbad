//! GS1204: all goroutines wait for each other.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_runtime_says_so() {
    for run in of_every_go("deadlock") {
        run.gets("GS1204", High, "found no goroutine that could go on");
    }
}

#[test]
fn a_test_ran_into_its_time_limit() {
    for run in of_every_go("test-timeout") {
        run.gets("GS1204", High, "each of its goroutines waits for another");
    }
    page("GS1204").gets_only(&["GS1204"]);
}

#[test]
fn a_test_that_is_only_slow_is_none() {
    // The program's own goroutine computes.
    for run in of_every_go("test-timeout") {
        run.log(
            "[chan receive]:\nexample.com/shop.TestStill",
            "[runnable]:\nexample.com/shop.TestStill",
        )
        .gets_only(&["none"]);
    }
}

#[test]
fn another_fatal_error_is_none() {
    for run in of_every_go("deadlock") {
        run.log("all goroutines are asleep - deadlock!", "out of memory")
            .gets_only(&["none"]);
    }
}
