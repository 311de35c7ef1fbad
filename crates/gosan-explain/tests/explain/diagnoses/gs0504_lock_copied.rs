//! GS0504: a lock is copied by value, so that each side holds one of its own.

use gosan_explain::Confidence::High;

use crate::run::{Run, page};

#[test]
fn the_receiver_is_a_copy() {
    page("GS0504").gets("GS0504", High, "a function that has it by value");
}

#[test]
fn a_pointer_is_no_copy() {
    let verdicts = page("GS0504").source("(t Tally)", "(t *Tally)").verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0504"),
        "{verdicts:?}"
    );
}

#[test]
fn a_lock_that_is_overwritten_while_it_is_taken() {
    let text = "WARNING: DATA RACE\nWrite at 0x00c000018278 by goroutine 8:\n  main.reset()\n      \
                /home/me/main.go:7 +0x1\n\nPrevious atomic write at 0x00c000018278 by goroutine 7:\n  \
                sync/atomic.CompareAndSwapInt32()\n      /usr/local/go/src/runtime/race_amd64.s:350 +0xb\n  \
                sync.(*Mutex).Lock()\n      /usr/local/go/src/sync/mutex.go:81 +0x4d\n  main.use()\n      \
                /home/me/main.go:17 +0x1\n==================\n";
    let run = Run::of_text("a lock is reset", text);
    run.gets("GS0504", High, "copies or replaces the struct");
    // Without the lock's method it is any atomic.
    run.log("sync.(*Mutex).Lock", "main.lock")
        .gets_only(&["GS0601"]);
}
