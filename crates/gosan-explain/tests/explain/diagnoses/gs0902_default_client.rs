//! GS0902: a default that the whole program shares is changed while it is used.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn the_line_changes_it() {
    page("GS0902").gets("GS0902", High, "`http.DefaultClient.Timeout`");
}

#[test]
fn a_client_of_the_programs_own_is_none() {
    let verdicts = page("GS0902")
        .source("http.DefaultClient.Timeout", "client.Timeout")
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0902"),
        "{verdicts:?}"
    );
}

#[test]
fn who_only_reads_it_is_none() {
    page("GS0902")
        .source(
            "http.DefaultClient.Timeout = limit",
            "limit = http.DefaultClient.Timeout",
        )
        .gets_only(&["GS0508", "none"]);
}

#[test]
fn without_the_source_nothing_names_it() {
    page("GS0902").without_source().gets_only(&["none"]);
}
