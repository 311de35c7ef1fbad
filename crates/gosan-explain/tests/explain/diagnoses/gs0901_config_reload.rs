//! GS0901: a configuration is replaced while it is read.

use gosan_explain::Confidence::High;

use crate::run::page;

#[test]
fn by_its_name_it_is_one() {
    page("GS0901").gets("GS0901", High, "by its name it is a configuration");
}

#[test]
fn by_another_name_it_is_a_variable_of_the_package() {
    page("GS0901")
        .source("config", "newest")
        .source("Config", "Newest")
        .gets_only(&["GS0905"]);
}

#[test]
fn under_a_lock_on_one_side_another_says_more() {
    page("GS0901")
        .source("func Reload() {", "func Reload() { mu.Lock()")
        .gets_only(&["GS0501"]);
}
