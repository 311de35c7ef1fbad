//! GS1004: a go statement is handed more than fits.

use gosan_explain::Confidence::High;

use crate::run::{Run, log, page};

#[test]
fn the_runtime_of_old_said_so() {
    log("by-hand", "go1.16-large-argument").gets("GS1004", High, "Go says so itself");
}

#[test]
fn the_copy_races_with_the_original() {
    page("GS1004").gets("GS1004", High, "copies `g`, the receiver of its method");
}

#[test]
fn a_method_of_the_pointer_copies_nothing() {
    let verdicts = page("GS1004")
        .source("func (g Grid)", "func (g *Grid)")
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS1004"),
        "{verdicts:?}"
    );
}

#[test]
fn an_argument_list_of_the_shell_is_nothing() {
    let text = "sh: /usr/bin/go: Argument list too long\nthe new goroutine is too large\n";
    assert_eq!(Run::of_text("a shell", text).verdicts(), []);
}
