//! From lines to problems: one file for each kind of block.
//!
//! A block is opened by a trigger, a text that stands in the first line of every
//! block of its kind and in few other lines. The parser is then shown line after
//! line, says of each whether it belongs to the block, and makes problems of
//! what it has in the end, also when the end is missing.

pub mod crash;
pub mod notice;
pub mod profile;
pub mod race;
pub mod stack;

use crate::model::Problem;

/// What a parser says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fed {
    /// It belongs to the block.
    Taken,
    /// It is somebody else's.
    Foreign,
    /// It belongs to the block and ends it.
    Last,
}

/// A block that is being read.
pub enum Block {
    Race(race::Reader),
    Crash(crash::Reader),
    Profile(profile::Reader),
    /// A line that says all.
    Notice(notice::Reader),
}

impl Block {
    pub fn feed(&mut self, line: &str) -> Fed {
        match self {
            Self::Race(reader) => reader.feed(line),
            Self::Crash(reader) => reader.feed(line),
            Self::Profile(reader) => reader.feed(line),
            Self::Notice(_) => Fed::Foreign,
        }
    }

    /// How many lines that are not its own it lets pass before it is taken to be
    /// cut.
    pub fn patience(&self) -> u32 {
        match self {
            Self::Race(_) => 200,
            Self::Crash(_) | Self::Profile(_) => 60,
            Self::Notice(_) => 0,
        }
    }

    /// Hands over what was read. `test` is the test that the log puts it under.
    pub fn finish(self, test: Option<String>) -> Vec<Problem> {
        match self {
            Self::Race(reader) => reader.finish(test).into_iter().collect(),
            Self::Crash(reader) => reader.finish(test),
            Self::Profile(reader) => reader.finish(),
            Self::Notice(reader) => vec![reader.finish()],
        }
    }
}

/// A text that opens a block.
pub struct Trigger {
    pub needle: &'static str,
    /// Opens the block, given what stands before the needle and what begins
    /// with it.
    pub open: fn(before: &str, rest: &str) -> Option<Block>,
}

/// All that opens a block. Each needle is plain in JSON too: it holds nothing
/// that is escaped there.
pub const TRIGGERS: &[Trigger] = &[
    Trigger {
        needle: "WARNING: DATA RACE",
        open: |_, _| Some(Block::Race(race::Reader::default())),
    },
    Trigger {
        needle: "fatal error: ",
        open: |before, rest| crash::Reader::fatal(before, rest).map(Block::Crash),
    },
    Trigger {
        needle: "panic: ",
        open: |before, rest| crash::Reader::panic(before, rest).map(Block::Crash),
    },
    Trigger {
        needle: "panic serving ",
        open: |_, rest| crash::Reader::serving(rest).map(Block::Crash),
    },
    Trigger {
        needle: "SIGQUIT: quit",
        open: |_, _| Some(Block::Crash(crash::Reader::dump())),
    },
    Trigger {
        needle: "goroutine profile: total ",
        open: |_, rest| profile::Reader::open(rest).map(Block::Profile),
    },
    Trigger {
        needle: "goroutine ",
        open: |_, rest| crash::Reader::goroutine(rest).map(Block::Crash),
    },
    Trigger {
        needle: "superfluous response.WriteHeader",
        open: |_, rest| Some(Block::Notice(notice::Reader::superfluous(rest))),
    },
    Trigger {
        needle: "too large for new goroutine",
        open: |before, rest| Some(Block::Notice(notice::Reader::too_large(before, rest))),
    },
];
