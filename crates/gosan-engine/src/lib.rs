//! The pure logic of the detector: who happens before whom, and which records
//! of past accesses a word of memory has to keep.
//!
//! Nothing here knows Go, system calls or addresses, and nothing is unsafe.
//! The runtime object (`gosan-rt`) supplies memory and locks; the tests here
//! supply a naive happens-before oracle.
//!
//! | module | concept |
//! |---|---|
//! | [`clock`] | vector clock |
//! | [`tree`] | a map of slots to times as a persistent tree |
//! | [`sync_clock`] | what a lock, channel slot or atomic hands over |
//! | [`goroutine`] | a goroutine's own time: when it advances and what it knows |
//! | [`span`] | which bytes of a word an access touches |
//! | [`record`] | one past access in 64 bits |
//! | [`together`] | what the records of one segment stand for together |
//! | [`word_set`] | the records of one word, and the race predicate |

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod clock;
pub mod goroutine;
pub mod record;
pub mod span;
pub mod sync_clock;
pub mod together;
pub mod tree;
pub mod word_set;
