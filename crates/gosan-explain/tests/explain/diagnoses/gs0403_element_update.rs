//! GS0403: an element is updated in place while the slice is read.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn one_side_goes_through_the_slice() {
    page("GS0403").gets("GS0403", High, "goes through `c.items`");
}

#[test]
fn with_a_lock_on_one_side_that_the_other_has_none_says_more() {
    let one_locked = page("GS0403").source("total := 0", "mu.Lock(); total := 0");
    one_locked.gets_only(&["GS0501"]);
}

#[test]
fn a_new_slice_is_no_element() {
    page("GS0403")
        .source(
            "c.items[i].Price -= c.items[i].Price * percent / 100",
            "c.items = []Item{{i}}",
        )
        .gets_only(&["GS0508"]);
}
