//! GS0803: a variable that holds a channel is replaced while it is in use.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn another_channel_in_its_place() {
    page("GS0803").gets("GS0803", High, "`p.changed` is a channel");
}

#[test]
fn what_is_no_channel_is_a_field() {
    page("GS0803")
        .source("changed chan struct{}", "changed *Signal")
        .gets_only(&["GS0508"]);
}

#[test]
fn a_close_of_the_channel_itself_is_another_mistake() {
    page("GS0801").gets_only(&["GS0801"]);
}
