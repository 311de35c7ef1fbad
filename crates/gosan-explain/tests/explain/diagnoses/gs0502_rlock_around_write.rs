//! GS0502: a write happens under RLock.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn the_writer_holds_it_for_reading() {
    page("GS0502").gets("GS0502", High, "`c.mu` is held by RLock");
}

#[test]
fn a_lock_for_writing_is_none() {
    let verdicts = page("GS0502")
        .source("c.mu.RLock()", "c.mu.Lock()")
        .verdicts();
    assert!(
        verdicts.iter().all(|found| found.code != "GS0502"),
        "{verdicts:?}"
    );
}

#[test]
fn what_only_reads_may() {
    // The reader's side is told of a writer that has no lock at all.
    page("GS0501")
        .source("m.mu.Lock()", "_ = &m.mu")
        .source(
            "func (m *Meter) Count() int {",
            "func (m *Meter) Count() int { m.mu.RLock()",
        )
        .gets_only(&["GS0501"]);
}
