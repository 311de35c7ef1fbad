//! GS1202: goroutines wait for ever for a lock.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn they_wait_for_a_lock() {
    for run in of_every_go("lock-leak") {
        run.gets("GS1202", High, "wait for a lock here");
    }
    page("GS1202").gets_only(&["GS1202"]);
}

#[test]
fn states_of_old_are_known_by_the_stack() {
    // Before Go 1.20 the state was the semaphore's.
    for run in of_every_go("lock-leak") {
        run.log("[sync.Mutex.Lock]", "[semacquire]")
            .gets_only(&["GS1202"]);
    }
}

#[test]
fn other_waits_have_other_codes() {
    for (kind, code) in [("wait-leak", "GS1203"), ("leak-profile2", "GS1201")] {
        for run in of_every_go(kind) {
            run.gets_only(&[code]);
        }
    }
}
