//! GS0801: a channel is closed while somebody sends on it.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_program_died_of_it() {
    for run in of_every_go("send-closed") {
        run.gets("GS0801", High, "a channel that had been closed");
    }
}

#[test]
fn the_stacks_of_a_race_say_so() {
    let verdicts = page("GS0801").without_source().verdicts();
    assert_eq!(verdicts.len(), 2, "the crash and the race: {verdicts:?}");
    assert!(
        verdicts[1].evidence[0].contains("nothing orders them"),
        "{verdicts:?}"
    );
    page("GS0801").gets_only(&["GS0801"]);
}

#[test]
fn a_receive_is_allowed() {
    page("GS0801")
        .without_source()
        .log(
            "panic: send on closed channel",
            "exit: send on closed channel",
        )
        .log("runtime.chansend()", "runtime.chanrecv()")
        .gets_only(&["GS0304", "none"]);
}

#[test]
fn a_second_close_is_another_mistake() {
    for run in of_every_go("close-closed") {
        run.gets_only(&["GS0802"]);
    }
}
