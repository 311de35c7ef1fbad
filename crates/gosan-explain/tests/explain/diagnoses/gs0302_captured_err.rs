//! GS0302: goroutines assign to one err.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn one_err_for_all() {
    page("GS0302").gets("GS0302", High, "outside of the function literal");
}

#[test]
fn a_type_says_it_too() {
    page("GS0302")
        .source("var err error", "var last error")
        .source("err = part()", "last = part()")
        .gets_only(&["GS0302"]);
}

#[test]
fn what_is_no_error_is_another_mistake() {
    page("GS0302")
        .source("var err error", "var done bool")
        .source("err = part()", "done = part() == nil")
        .gets_only(&["GS0304"]);
}

#[test]
fn an_err_of_its_own_is_none() {
    let verdicts = page("GS0302")
        .source("err = part()", "err := part(); _ = err")
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0302"),
        "{verdicts:?}"
    );
}
