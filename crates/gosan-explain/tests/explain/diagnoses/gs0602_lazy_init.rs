//! GS0602: a value is made by whoever comes first, without a Once.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn it_is_set_where_it_was_missing() {
    page("GS0602").gets(
        "GS0602",
        High,
        "`client` is set where it was found to be missing",
    );
}

#[test]
fn what_is_set_without_a_look_is_a_variable_of_the_package() {
    page("GS0602")
        .source("if client == nil {", "if client != other {")
        .gets_only(&["GS0905"]);
}

#[test]
fn locks_on_both_sides_are_another_mistake() {
    let verdicts = page("GS0602")
        .source(
            "func Default() *Client {",
            "func Default() *Client { mu.Lock()",
        )
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0602"),
        "{verdicts:?}"
    );
}
