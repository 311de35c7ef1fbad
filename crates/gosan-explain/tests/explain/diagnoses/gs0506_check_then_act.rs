//! GS0506: what is checked under a lock is acted upon under the next.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn a_crash_in_the_second_section() {
    page("GS0506").gets(
        "GS0506",
        High,
        "takes `s.mu`, gives it back, and takes it again",
    );
}

#[test]
fn one_section_is_none() {
    page("GS0506")
        .source(
            "closed := s.closed\n\ts.mu.Unlock()",
            "closed := s.closed\n\t_ = s",
        )
        .gets_only(&["GS0802"]);
}

#[test]
fn without_the_source_it_is_what_the_program_died_of() {
    page("GS0506")
        .without_source()
        .gets("GS0802", High, "a second time");
}
