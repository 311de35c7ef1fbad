//! GS1102: tests that run in parallel share something.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn both_stacks_are_tests() {
    page("GS1102").gets("GS1102", High, "so the two ran in parallel");
    page("GS1102").without_source().gets_only(&["GS1102"]);
}

#[test]
fn a_goroutine_of_the_test_is_another_mistake() {
    page("GS0304").gets_only(&["GS0304"]);
    page("GS1102")
        .without_source()
        .log("testing.tRunner()", "example.com/gs1102.run()")
        .log(
            "/usr/local/go/src/testing/testing.go:2036",
            "/home/me/gs1102/run.go:7",
        )
        .gets_only(&["GS0304"]);
}
