//! Races as people and machines read them: one model, one file for each
//! rendering.
//!
//! | module | concept |
//! |---|---|
//! | [`merge`] | the races of several runs put together |
//! | [`model`] | a race as it is to be shown; all decisions of that kind |
//! | [`frames`], [`deed`], [`words`] | whose code, what it does, what to call it |
//! | [`source`] | lines of source, and the expression of an access |
//! | [`escape`], [`show`] | nothing from the program drives a terminal |
//! | [`paths`] | names of files, relative to where they are read |
//! | [`render`] | the table of renderings |

mod deed;
mod escape;
mod frames;
mod merge;
mod model;
mod paths;
mod render;
mod show;
mod source;
mod words;

pub use merge::{Identity, Merged, merge};
pub use model::{Advice, Diagnose, Finding, Report};
pub use paths::Paths;
pub use render::{FORMATS, Format, summary};
