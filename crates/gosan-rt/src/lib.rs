//! The runtime object that takes ThreadSanitizer's place in a Go program.
//!
//! Built with the feature `object` it is a freestanding relocatable object: no
//! std, no libc, raw system calls only.  Without it, it is a library whose
//! parts are tested apart from Go.
//!
//! | module | concept |
//! |---|---|
//! | `abi` | the symbols that Go's runtime calls |
//! | [`life_cycle`] | start and end of the program and of goroutines |
//! | [`racectx`], [`frames`] | one goroutine: clock, segment, functions |
//! | [`access`], [`ranges`], [`atomic`], [`sync`] | the three kinds of events |
//! | [`quick`], [`quick_sync`] | those that a goroutine's own stack is enough for |
//! | [`shadow`], [`sets`], [`boxes`], [`recent`] | what each word remembers |
//! | [`stacks`] | the calling-context tree |
//! | [`ids`], [`reclaim`], [`bits`] | segments, slots and lives, and their reuse |
//! | [`report`], [`options`], [`go`] | telling of a race |
//! | [`locks`], [`allocations`], [`callers`] | what a report says beyond the accesses |
//! | [`region`], [`heap`], [`lock`], [`sys`] | memory, locks, system calls |

#![cfg_attr(feature = "object", no_std)]
#![deny(unsafe_op_in_unsafe_fn)]

extern crate alloc;

#[cfg(feature = "object")]
mod abi;
pub mod access;
pub mod allocations;
pub mod atomic;
pub mod atomics;
pub mod bits;
pub mod boxes;
pub mod callers;
pub mod cell;
pub mod frames;
#[cfg(feature = "object")]
mod freestanding;
pub mod go;
pub mod heap;
pub mod ids;
pub mod life_cycle;
pub mod lock;
pub mod locks;
pub mod options;
pub mod quick;
pub mod quick_sync;
pub mod racectx;
pub mod ranges;
pub mod recent;
pub mod reclaim;
pub mod region;
pub mod report;
#[cfg(all(test, loom))]
mod same_instant;
pub mod sets;
pub mod shadow;
pub mod stacks;
pub mod sync;
pub mod sys;
#[cfg(test)]
mod test_support;

/// Ends the program with a message: nothing sensible can be done any more.
#[cold]
pub fn fatal(message: &str) -> ! {
    sys::write_all(2, message.as_bytes());
    sys::write_all(2, b"\n");
    sys::exit(2)
}
