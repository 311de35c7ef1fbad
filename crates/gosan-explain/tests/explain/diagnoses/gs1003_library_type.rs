//! GS1003: a library type that is not safe for concurrent use is shared.

use gosan_explain::Confidence::{High, Medium};

use crate::run::page;

#[test]
fn both_stacks_are_in_a_type_that_says_so() {
    page("GS1003").gets("GS1003", High, "both stacks are in package bytes");
    page("GS1003").without_source().gets_only(&["GS1003"]);
}

#[test]
fn of_an_unknown_library_it_is_less_sure() {
    page("GS1003")
        .without_source()
        .log("bytes.(*Buffer).", "github.com/acme/queue.(*Ring).")
        .log(
            "/usr/local/go/src/bytes/",
            "/home/me/go/pkg/mod/github.com/acme/queue@v1.2.3/",
        )
        .gets("GS1003", Medium, "the race is inside of it");
}

#[test]
fn a_package_of_the_programs_own_is_none() {
    page("GS1003")
        .without_source()
        .log("bytes.(*Buffer).", "example.com/queue.(*Ring).")
        .log("/usr/local/go/src/bytes/", "/home/me/queue/")
        .gets_only(&["none"]);
}

#[test]
fn a_map_is_no_library() {
    page("GS0101")
        .without_source()
        .gets_only(&["GS0101", "GS0102"]);
}
