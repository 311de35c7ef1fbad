//! GS1101: a goroutine uses t when its test has ended.

use gosan_explain::Confidence::High;

use crate::run::{Run, log, of_every_go, page};

#[test]
fn package_testing_says_so() {
    for run in of_every_go("test-log-after") {
        run.gets("GS1101", High, "names the test");
    }
    log("by-hand", "go1.21-log-after-test").gets_only(&["GS1101"]);
    page("GS1101").gets_only(&["GS1101"]);
}

/// A race between what a goroutine of the test calls and what testing does.
fn race(caller: &str) -> Run {
    let text = format!(
        "WARNING: DATA RACE\nRead at 0x00c000018278 by goroutine 8:\n  testing.(*common).logDepth()\n      \
         /usr/local/go/src/testing/testing.go:1020 +0x1\n  testing.(*common).Log()\n      \
         /usr/local/go/src/testing/testing.go:1003 +0x1\n{caller}\nPrevious write at 0x00c000018278 by goroutine 7:\n  \
         testing.tRunner.func1()\n      /usr/local/go/src/testing/testing.go:1677 +0x1\n  testing.tRunner()\n      \
         /usr/local/go/src/testing/testing.go:1690 +0x1\n==================\n"
    );
    Run::of_text("a race with the end of the test", &text)
}

#[test]
fn a_race_with_the_end_of_the_test() {
    race("  example.com/shop.TestWorker.func1()\n      /home/me/shop/main_test.go:52 +0x1\n").gets(
        "GS1101",
        High,
        "when the test has returned",
    );
}

#[test]
fn what_testing_does_by_itself_is_none() {
    let verdicts = race("").verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS1101"),
        "{verdicts:?}"
    );
}

#[test]
fn another_sentence_is_none() {
    for run in of_every_go("test-log-after") {
        run.log(
            "Log in goroutine after TestWorker",
            "Log in goroutine after a while",
        )
        .gets_only(&["none"]);
    }
}
