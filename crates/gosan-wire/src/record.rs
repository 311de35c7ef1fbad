//! The types of a record.
//!
//! Everything that the runtime may not know is an `Option` and written as
//! `null`: a reader can tell "not known" from "not written".

use crate::fingerprint::Fingerprint;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
#[cfg(feature = "std")]
use serde::{Deserialize, Serialize};

/// The version of the format, in every line.  It changes when a reader of the
/// old format would misunderstand the new one; further fields do not change it.
pub const SCHEMA: u32 = 1;

/// One line of a record file.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Which process writes: the first line.
    Process(Process),
    /// A race.
    Race(Box<Race>),
    /// An earlier race of this file was seen again.
    Repeat(Repeat),
}

/// The process that a file is of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it wrote its first line, in milliseconds since 1970.
    pub started_ms: u64,
    /// Its command line, the program first.
    pub command: Vec<String>,
    /// The directory it was started in.
    pub directory: String,
    /// The version of Go that built it, like `go1.26.0`.
    pub go: String,
    /// The version of gosan whose runtime it has.
    pub gosan: String,
    /// Whether it was started by a process that has gosan's runtime as well.
    pub child: bool,
    /// Who started it: its parent first, up to where the search ended.
    pub parents: Vec<Parent>,
}

/// A process that another descends from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Parent {
    /// Its number.
    pub pid: u32,
    /// Its command line, the program first.
    pub command: Vec<String>,
}

/// One race: two accesses that nothing orders.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Race {
    /// The version of the format.
    pub schema: u32,
    /// The same for the same race in other runs; see [`crate::fingerprint`].
    pub fingerprint: Fingerprint,
    /// What kind of race it is.
    pub kind: Kind,
    /// Whether it counts.
    pub status: Status,
    /// The suppression that it falls under, as it stands in its file.
    pub suppressed_by: Option<String>,
    /// The test of the later access; with subtests, like `TestA/b`.
    pub test: Option<String>,
    /// The import path of the package under test.
    pub package: Option<String>,
    /// The two accesses, the later one first.
    pub accesses: [Access; 2],
    /// The goroutines of the accesses, and all that they descend from.
    pub goroutines: Vec<Goroutine>,
    /// What was raced on.
    pub object: Object,
    /// The locks that each access's goroutine held, in the order of `accesses`;
    /// null where locks were not followed.
    pub locks: Option<[Vec<Lock>; 2]>,
    /// How often it was seen in this process.
    pub count: u64,
    /// When it was first seen, in milliseconds since 1970.
    pub time_ms: u64,
    /// The process.  Absent in the runtime's own files, whose first line says
    /// it; the reader fills it in, so that a race can stand by itself.
    #[cfg_attr(
        feature = "std",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub process: Option<Process>,
}

/// What kind of race it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "kebab-case"))]
pub enum Kind {
    /// On a variable.
    Data,
    /// On the inside of a map.
    Map,
    /// On a channel: closing it while others use it.
    Channel,
}

impl Kind {
    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Data => "data",
            Kind::Map => "map",
            Kind::Channel => "channel",
        }
    }
}

/// Whether a race counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "kebab-case"))]
pub enum Status {
    /// It fails the test.
    New,
    /// It is in the baseline.
    Known,
    /// A suppression covers it.
    Suppressed,
}

impl Status {
    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Known => "known",
            Status::Suppressed => "suppressed",
        }
    }
}

/// One side of a race.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Access {
    /// What it did.
    pub op: Op,
    /// Whether through `sync/atomic`.
    pub atomic: bool,
    /// How many bytes of the word it touched; null where Go's compiler does not
    /// say, which is so for everything but arrays, structs, slices and atomics.
    pub size: Option<u64>,
    /// The first byte that it touched of the word that both accesses touch.
    pub address: Address,
    /// Who: an `id` among the race's `goroutines`.
    pub goroutine: u64,
    /// The test that the goroutine belongs to, by its chain of creation.
    pub test: Option<String>,
    /// Where, innermost frame first.
    pub stack: Vec<Frame>,
    /// Its place in time: 1 for the earlier access, 2 for the later one.
    pub order: u8,
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "kebab-case"))]
pub enum Op {
    /// It loads.
    Read,
    /// It stores.
    Write,
}

impl Op {
    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            Op::Read => "read",
            Op::Write => "write",
        }
    }
}

/// An address in the program, written as a text like `0x00c000012340`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u64);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#014x}", self.0)
    }
}

impl core::str::FromStr for Address {
    type Err = core::num::ParseIntError;

    fn from_str(text: &str) -> Result<Address, Self::Err> {
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).map(Address)
    }
}

/// One frame of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Frame {
    /// The function's name as Go writes it, like `example.com/shop.(*Cart).Add`.
    pub function: String,
    /// The file, as the compiler recorded it; in the user's GOROOT where it is
    /// one of Go's.
    pub file: String,
    /// The line, from 1; 0 where it is not known.
    pub line: u64,
    /// Whether the compiler inlined it into the next frame.
    pub inlined: bool,
    /// Bytes from the start of the function that it was compiled into.
    pub offset: u64,
}

/// A goroutine of a race.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Goroutine {
    /// Counts creations, from 1, which is the main goroutine.  Not Go's own id.
    pub id: u64,
    /// Whether it still ran when the race happened.
    pub running: bool,
    /// Who created it: another `id` of the race; null for the main goroutine,
    /// and where the creator is not known.
    pub parent: Option<u64>,
    /// Where it was created, innermost frame first; empty for the main one.
    pub created_at: Vec<Frame>,
    /// The test that it belongs to, by its chain of creation.
    pub test: Option<String>,
}

/// What was raced on.  Fields that do not apply to the kind are null or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The operation of Go's runtime that touched it, like
    /// `runtime.mapassign_faststr`: the later access's, or else the earlier's.
    pub operation: Option<String>,
    /// The name of a global, like `example.com/shop.total`.
    pub symbol: Option<String>,
    /// Where a global or a heap object begins.
    pub address: Option<Address>,
    /// Bytes from there to the later access.
    pub offset: Option<u64>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// The goroutine that allocated it: its number, which need not be among the
    /// race's.
    pub goroutine: Option<u64>,
    /// Where it was allocated, innermost frame first; empty where that was not
    /// recorded.
    pub allocated_at: Vec<Frame>,
}

/// What kind of thing was raced on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "kebab-case"))]
pub enum ObjectKind {
    /// A package's variable.
    Global,
    /// An object on the heap.
    Heap,
    /// A map.
    Map,
    /// A channel.
    Channel,
    /// The elements of a slice, by an operation on the whole.
    Slice,
    /// Not known.
    Unknown,
}

impl ObjectKind {
    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Global => "global",
            ObjectKind::Heap => "heap",
            ObjectKind::Map => "map",
            ObjectKind::Channel => "channel",
            ObjectKind::Slice => "slice",
            ObjectKind::Unknown => "unknown",
        }
    }
}

/// A lock that was held during an access.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Lock {
    /// Which: the address of the mutex.
    pub address: Address,
    /// How it was held.
    pub mode: LockMode,
    /// Where it was taken, innermost frame first.
    pub taken_at: Vec<Frame>,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "kebab-case"))]
pub enum LockMode {
    /// By one.
    Exclusive,
    /// By readers.
    Shared,
}

impl LockMode {
    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            LockMode::Exclusive => "exclusive",
            LockMode::Shared => "shared",
        }
    }
}

/// How often a race of the same file has been seen until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(Serialize, Deserialize))]
pub struct Repeat {
    /// Which: its place among the races of the same process line, from 0.
    pub race: u64,
    /// Its fingerprint, for people.
    pub fingerprint: Fingerprint,
    /// How often in all.  A process that is killed may leave up to half of this
    /// number untold.
    pub count: u64,
}
