//! The record of a race: what gosan's runtime writes the moment a race happens,
//! and what every tool reads.
//!
//! A record file is JSON Lines, one file for each process.  Its first line is
//! the *process*; then comes a line for each *race*, whole, written by one
//! system call; and lines that say how often a race was *repeated* since.  A
//! process that dies leaves at most its last line cut.  `docs/record.md` tells
//! the format to users, `docs/schema/record.json` to programs.
//!
//! The runtime has neither std nor serde, so the lines are written by a small
//! writer of our own ([`write`]); with the feature `std` the same types have
//! serde's traits and there is a reader (`read`).  A test holds the two against
//! each other.
//!
//! | module | concept |
//! |---|---|
//! | [`record`] | the types |
//! | [`json`], [`write`] | how a line is written |
//! | [`fingerprint`] | what makes two races the same |
//! | [`gorace`] | the syntax of the options that programs read |
//! | [`owner`] | whose code a function is |
//! | [`operation`] | which operation of Go's runtime a frame is |
//! | `read` | files and directories of records |

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod fingerprint;
pub mod gorace;
pub mod json;
pub mod operation;
pub mod owner;
#[cfg(feature = "std")]
pub mod read;
pub mod record;
pub mod write;

pub use fingerprint::Fingerprint;
pub use record::{
    Access, Address, Frame, Goroutine, Kind, Line, Lock, LockMode, Object, ObjectKind, Op, Parent,
    Process, Race, Repeat, SCHEMA, Status,
};
