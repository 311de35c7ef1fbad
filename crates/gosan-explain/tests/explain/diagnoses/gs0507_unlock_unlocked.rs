//! GS0507: a lock is given back that nobody holds.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_lock_says_so() {
    for kind in ["unlock", "runlock"] {
        for run in of_every_go(kind) {
            run.gets("GS0507", High, "the lock says so itself");
        }
    }
    page("GS0507").gets("GS0507", High, "unlock of unlocked mutex");
}

#[test]
fn another_fatal_error_of_a_lock_is_none() {
    for run in of_every_go("unlock") {
        run.log("unlock of unlocked mutex", "inconsistent mutex state")
            .gets_only(&["none"]);
    }
}
