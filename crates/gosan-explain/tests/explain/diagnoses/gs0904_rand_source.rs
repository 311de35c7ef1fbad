//! GS0904: a source of random numbers is used by several goroutines.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn both_stacks_are_in_it() {
    page("GS0904").gets("GS0904", High, "both stacks are in a generator");
    page("GS0904").without_source().gets_only(&["GS0904"]);
}

#[test]
fn another_library_is_another_mistake() {
    page("GS1003").gets_only(&["GS1003"]);
}

#[test]
fn a_generator_on_one_side_only_is_none() {
    let verdicts = page("GS0304")
        .without_source()
        .log("example.com/gs0304.TestUpload.func1()", "math/rand.(*Rand).Intn()\n      /usr/local/go/src/math/rand/rand.go:1 +0x1\n  main.f()")
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0904"),
        "{verdicts:?}"
    );
}
