//! The renderings, by name: one file each, one table for all.

mod classic;
mod github;
mod html;
mod json;
mod junit;
mod sarif;
mod terminal;

use std::fmt;
use std::io::{self, Write};

use crate::model::Report;

pub use terminal::summary;

/// Writes a report, or a part of it.
type Render = fn(&Report, &mut dyn Write) -> io::Result<()>;

/// A form in which a report can be written.
#[derive(Clone, Copy)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in a line of help.
    pub about: &'static str,
    render: Render,
    /// Writes the races alone, where a report is its races one after the other
    /// and can be written bit by bit.
    races: Option<Render>,
}

/// All of them.
pub const FORMATS: &[Format] = &[
    Format {
        name: "terminal",
        about: "for people: the source of both accesses, and what to do",
        render: terminal::render,
        races: Some(terminal::races),
    },
    Format {
        name: "classic",
        about: "the text of go test -race, for tools that read it",
        render: classic::render,
        races: None,
    },
    Format {
        name: "json",
        about: "the records, one a line; gosan report reads them again",
        render: json::render,
        races: Some(json::render),
    },
    Format {
        name: "sarif",
        about: "SARIF 2.1.0, for code scanning",
        render: sarif::render,
        races: None,
    },
    Format {
        name: "junit",
        about: "JUnit XML, for test reports in CI",
        render: junit::render,
        races: None,
    },
    Format {
        name: "github",
        about: "workflow commands that make annotations on GitHub",
        render: github::render,
        races: Some(github::render),
    },
    Format {
        name: "html",
        about: "one page that opens in any browser, without a network",
        render: html::render,
        races: None,
    },
];

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Format {
    /// The one with a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// Writes a report. Only `terminal` writes colours, always; the writer
    /// leaves them out where they do not belong.
    pub fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        (self.render)(report, out)
    }

    /// Whether [`Format::races`] writes something.
    pub fn is_bit_by_bit(&self) -> bool {
        self.races.is_some()
    }

    /// Writes the races alone, to be followed by others; nothing for a format
    /// that is only whole.
    pub fn races(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        self.races.map_or(Ok(()), |races| races(report, out))
    }
}
