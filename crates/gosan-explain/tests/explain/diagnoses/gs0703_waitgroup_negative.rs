//! GS0703: Done is called more often than Add said.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_wait_group_says_so() {
    for run in of_every_go("waitgroup-negative") {
        run.gets("GS0703", High, "its counter went below zero");
    }
    page("GS0703").gets_only(&["GS0703"]);
}

#[test]
fn another_counter_is_none() {
    for run in of_every_go("waitgroup-negative") {
        run.log(
            "sync: negative WaitGroup counter",
            "metrics: negative counter",
        )
        .gets_only(&["none"]);
    }
}
