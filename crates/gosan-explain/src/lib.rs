//! Explains what Go programs leave in logs: race reports, crashes, goroutine
//! dumps.
//!
//! `input` finds the lines that matter under whatever decoration, `parse` makes
//! problems of them, `findings` counts the distinct ones, `diagnoses` says what
//! is behind each, from the log and, where it is at hand, the source; `render`
//! shows it. Nothing of a log is kept but the distinct problems.

mod case;
mod diagnoses;
mod diagnosis;
mod error;
mod findings;
mod frames;
mod input;
pub mod model;
mod page;
mod parse;
mod record;
pub mod render;
mod shared;
mod source;

pub use case::Case;
pub use diagnosis::{Confidence, Diagnosed, Diagnosis, all, by_code, diagnose};
pub use error::Error;
pub use findings::{Collector, Explanation, Finding, explain};
pub use page::{Example, ExampleKind, Page};
pub use source::Sources;

/// The diagnosis of a race that is at hand as a record, for reports.
pub fn diagnose_record(record: &serde_json::Value, sources: &Sources) -> Option<Diagnosed> {
    let event = record::event(record)?;
    diagnose(&Case::new(&event.problem, sources))
}
