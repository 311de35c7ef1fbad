//! What a log can say: races, crashes, goroutines that stand still, notices.
//!
//! The parsers make these values out of text, records make them out of JSON,
//! and the diagnoses look at nothing else. All of it is owned text: a log is
//! read in pieces and nothing of it is kept.

use serde::Serialize;

/// One entry of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Frame {
    /// With its package, without arguments: `net/http.(*conn).serve`.
    pub function: String,
    pub file: String,
    /// 0 where the log does not say.
    pub line: u32,
}

/// What an access did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Read,
    Write,
    AtomicRead,
    AtomicWrite,
}

impl Operation {
    /// Says whether memory was changed.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::AtomicWrite)
    }

    /// Says whether it went through `sync/atomic`.
    pub fn is_atomic(self) -> bool {
        matches!(self, Self::AtomicRead | Self::AtomicWrite)
    }

    /// As a sentence has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::AtomicRead => "atomic read",
            Self::AtomicWrite => "atomic write",
        }
    }
}

/// One side of a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    pub operation: Operation,
    /// The goroutine as the report numbers it; nothing for the main goroutine.
    pub goroutine: Option<u64>,
    /// Absent before Go 1.5.
    pub address: Option<u64>,
    /// The innermost frame comes first.
    pub stack: Vec<Frame>,
    /// Where its goroutine was started.
    pub created: Vec<Frame>,
    /// The locks it held, where the report says so.
    pub locks: Vec<String>,
}

/// A data race.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Race {
    /// Two; fewer if the report is cut.
    pub accesses: Vec<Access>,
    pub test: Option<String>,
    pub package: Option<String>,
    /// What is raced on, in the report's words.
    pub object: Option<String>,
}

/// Goroutines of a dump or profile that stand in the same place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Goroutines {
    pub count: u64,
    /// The first one's number; nothing in a profile.
    pub id: Option<u64>,
    /// `running`, `chan send`, `sync.Mutex.Lock`; empty in a profile.
    pub state: String,
    /// The longest wait that the dump tells of.
    pub minutes: u64,
    pub stack: Vec<Frame>,
    pub created: Vec<Frame>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// `fatal error:`, which nothing can recover from.
    Fatal,
    Panic,
    /// A panic that a server recovered from, and logged.
    Recovered,
}

/// A program that died, and the goroutines that it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Crash {
    pub ending: Ending,
    /// The first line, without `panic:` or `fatal error:`.
    pub message: String,
    /// The one that failed comes first, if the dump is whole.
    pub goroutines: Vec<Goroutines>,
    pub test: Option<String>,
}

/// Goroutines that stand still in one place of a dump or a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stuck {
    pub goroutines: Goroutines,
    /// All goroutines of the dump.
    pub total: u64,
    /// The other places of the dump, the most frequent first; bounded.
    pub others: Vec<Goroutines>,
}

/// One line that says it all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub message: String,
    /// Where, if the line says so.
    pub frame: Option<Frame>,
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    Race(Race),
    Crash(Crash),
    Stuck(Stuck),
    Notice(Notice),
}

/// A problem at one place of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub problem: Problem,
    /// As the log writes it.
    pub time: Option<String>,
    /// How often it was seen where it comes from: a record has its own count.
    pub count: u64,
}

impl Event {
    pub fn new(problem: Problem, time: Option<String>) -> Self {
        Self {
            problem,
            time,
            count: 1,
        }
    }
}
