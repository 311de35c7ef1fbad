//! GS1203: goroutines wait for ever on a WaitGroup.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn they_are_in_wait() {
    for run in of_every_go("wait-leak") {
        run.gets("GS1203", High, "goroutines are in `WaitGroup.Wait`");
    }
    page("GS1203").gets_only(&["GS1203"]);
}

#[test]
fn other_waits_have_other_codes() {
    for (kind, code) in [("lock-leak", "GS1202"), ("leak-sigquit", "GS1201")] {
        for run in of_every_go(kind) {
            run.gets_only(&[code]);
        }
    }
}

#[test]
fn a_wait_of_somebody_elses_is_none() {
    for run in of_every_go("wait-leak") {
        let verdicts = run
            .log("sync.(*WaitGroup).Wait", "example.com/shop.(*Group).Wait")
            .verdicts();
        assert!(
            verdicts.iter().all(|found| found.code != "GS1203"),
            "{verdicts:?}"
        );
    }
}
