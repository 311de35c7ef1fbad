//! GS0802: a channel is closed twice.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_program_died_of_it() {
    for run in of_every_go("close-closed") {
        run.gets("GS0802", High, "closing a channel a second time");
    }
    page("GS0802").gets_only(&["GS0802"]);
}

#[test]
fn both_stacks_of_a_race_close() {
    page("GS0801")
        .without_source()
        .log(
            "panic: send on closed channel",
            "exit: send on closed channel",
        )
        .log("runtime.chansend()", "runtime.closechan()")
        .gets("GS0802", High, "both sides close the channel");
}

#[test]
fn a_nil_channel_is_none() {
    for run in of_every_go("close-closed") {
        run.log("close of closed channel", "close of nil channel")
            .gets_only(&["none"]);
    }
}
