//! GS0103: one goroutine ranges over a map while another writes to it.

use gosan_explain::Confidence::High;

use crate::run::{of_every_go, page};

#[test]
fn the_runtime_says_so() {
    for run in of_every_go("map-iteration") {
        run.gets("GS0103", High, "while it was ranged over");
    }
}

#[test]
fn the_stacks_say_so() {
    page("GS0103").gets("GS0103", High, "the other goes through it");
}

#[test]
fn the_functions_of_every_map_are_known() {
    for iteration in [
        "runtime.mapiterinit",
        "runtime.mapiternext",
        "internal/runtime/maps.(*Iter).Next",
        "reflect.(*MapIter).Next",
        "maps.clone",
    ] {
        let run = page("GS0103").without_source();
        if iteration == "maps.clone" {
            // Package maps calls the runtime's function for it.
            run.log("runtime.mapIterStart", "runtime.mapclone")
                .gets_only(&["GS0103"]);
        } else {
            run.log("runtime.mapIterStart", iteration)
                .gets_only(&["GS0103"]);
        }
    }
}

#[test]
fn a_lookup_is_no_iteration() {
    page("GS0103")
        .without_source()
        .log("runtime.mapIterStart", "runtime.mapaccess1_faststr")
        .gets_only(&["GS0102"]);
}
