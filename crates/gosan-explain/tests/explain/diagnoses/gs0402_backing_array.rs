//! GS0402: two slices share an array.

use gosan_explain::Confidence::{High, Medium};

use crate::run::page;

#[test]
fn two_appends_to_one_base() {
    page("GS0402").gets("GS0402", High, "append to copies of `base`");
}

#[test]
fn an_append_to_the_slice_itself_is_another_mistake() {
    page("GS0402")
        .source("run(append(base, name))", "base = append(base, name)")
        .gets_only(&["GS0401"]);
}

#[test]
fn what_is_not_appended_to_is_some_captured_variable() {
    page("GS0402")
        .source("run(append(base, name))", "base = []string{name}")
        .gets_only(&["GS0304"]);
}

#[test]
fn elements_under_two_names_speak_for_it() {
    page("GS0403")
        .source(
            "for _, item := range c.items {",
            "part := c.items[:1]; for _, item := range part {",
        )
        .source(
            "for i := range c.items {",
            "whole := c.items[:]; for i := range whole {",
        )
        .source(
            "c.items[i].Price -= c.items[i].Price * percent / 100",
            "whole[i] = Item{1}",
        )
        .source("total += item.Price", "total += part[0].Price")
        .gets("GS0402", Medium, "slices under two names");
}
