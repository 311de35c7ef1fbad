//! GS1001: an object is used when it has been put back into its pool.

use gosan_explain::Confidence::{High, Medium};

use crate::run::page;

#[test]
fn the_function_goes_on_to_use_it() {
    page("GS1001").gets("GS1001", High, "puts `m` into a pool and goes on");
}

#[test]
fn an_object_that_is_put_back_at_the_end_is_less_sure() {
    page("GS1001")
        .source("messages.Put(m)\n", "defer messages.Put(m)\n")
        .gets("GS1001", Medium, "takes objects from a pool");
}

#[test]
fn without_a_pool_it_is_a_field() {
    page("GS1001")
        .source("messages.Get().(*Message)", "shared")
        .source("messages.Put(m)\n", "keep(m)\n")
        .source("sync.Pool{", "pool{")
        .gets_only(&["GS0508"]);
}

#[test]
fn without_the_source_nothing_is_said() {
    page("GS1001").without_source().gets_only(&["none"]);
}
