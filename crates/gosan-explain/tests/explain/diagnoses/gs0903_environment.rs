//! GS0903: a parallel test changes the environment.

use gosan_explain::Confidence::High;

use crate::run::{Run, of_every_go, page};

#[test]
fn package_testing_says_so() {
    // Each Go has other words for it.
    for run in of_every_go("test-setenv") {
        run.gets("GS0903", High, "package testing says so itself");
    }
    page("GS0903").gets_only(&["GS0903"]);
}

#[test]
fn another_complaint_of_testing_is_none() {
    let text = "panic: testing: t.Parallel called multiple times\n\ngoroutine 7 [running]:\n\
                testing.(*T).Parallel(0xc000)\n\t/usr/local/go/src/testing/testing.go:1400 +0x1\n\
                example.com/shop.TestRegion(0xc000)\n\t/home/me/shop/main_test.go:63 +0x1\n";
    Run::of_text("twice parallel", text).gets_only(&["none"]);
}
