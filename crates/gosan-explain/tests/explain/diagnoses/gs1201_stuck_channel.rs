//! GS1201: goroutines stand for ever on a channel.

use gosan_explain::Confidence::{High, Low};

use crate::run::{Run, of_every_go, page};

#[test]
fn the_state_says_so() {
    for kind in ["leak-profile2", "leak-sigquit"] {
        for run in of_every_go(kind) {
            run.gets("GS1201", High, "in the state `chan send`");
        }
    }
    page("GS1201").gets("GS1201", High, "goroutines are in the state");
}

#[test]
fn a_profile_has_no_states() {
    for run in of_every_go("leak-profile1") {
        run.gets("GS1201", Low, "a profile does not say for what");
    }
}

#[test]
fn goroutines_that_run_or_wait_for_the_network_are_nothing() {
    for state in ["running", "runnable", "IO wait", "sleep", "syscall"] {
        for run in of_every_go("leak-profile2") {
            assert_eq!(run.log("chan send", state).verdicts(), [], "{state}");
        }
    }
}

#[test]
fn two_of_them_do_not_stand_out() {
    let one = "goroutine 7 [chan receive]:\nmain.worker(0xc000)\n\t/home/me/main.go:7 +0x1\n\n";
    let two = format!("{one}{}", one.replace("goroutine 7", "goroutine 8"));
    assert_eq!(Run::of_text("two workers", &two).verdicts(), []);
    let long = one.replace("chan receive", "chan receive, 12 minutes");
    Run::of_text("one for long", &long).gets("GS1201", High, "1 of 1 goroutines");
}
