//! Everything that gosan does with Go: finding it, assembling a GOROOT in which
//! ThreadSanitizer is replaced by gosan's runtime object, running `go` there
//! with the user's arguments, and checking that what was linked is gosan's.
//!
//! The way of a command through the modules:
//!
//! 1. [`args`] reads the user's go flags without changing them;
//! 2. [`toolchain`] asks the user's Go which GOROOT, version and settings apply;
//! 3. [`goroot`] assembles the second GOROOT once ([`tree`] copies, [`patch`]
//!    and [`table`] say which files differ) under the locks of [`cache`];
//! 4. [`invocation`] turns the user's arguments into a command of that root;
//! 5. [`std_build`] and [`outputs`] check for the runtime's [`marker`].

pub mod args;
pub mod cache;
pub mod error;
pub mod goroot;
pub mod invocation;
mod ldflags;
pub mod marker;
pub mod outputs;
pub mod patch;
mod schedule_accesses;
mod schedule_table;
pub mod std_build;
pub mod table;
pub mod toolchain;
pub mod tree;
pub mod version;

pub use error::{Error, Result};

/// The object file that takes ThreadSanitizer's place, and how to know it again.
#[derive(Debug, Clone, Copy)]
pub struct Runtime<'a> {
    /// The bytes of the relocatable object, as Go's linker loads it.
    pub object: &'a [u8],
    /// Bytes that occur in the object and in every program it is linked into.
    pub marker: &'a [u8],
}
