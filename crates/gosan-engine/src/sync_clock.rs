//! What a lock, a channel slot or an atomic hands from one goroutine to the next.
//!
//! A release stores the releasing goroutine's knowledge, and its own time
//! beside it, so that a release copies two words and no tree node.
//!
//! Most acquires have nothing to learn.  That is seen without walking the
//! clock: if the last release was a plain store by slot `s` at time `t`, and
//! the acquirer knows `(s, t)`, then it knows all that `s` knew then.  This
//! holds because what a goroutine knows at one published time never changes:
//! it starts a new time before it learns more (see [`crate::goroutine`]).
//! It would not hold across a reuse of `s` by a goroutine that does not know
//! what the former owner knew, nor for times that were learnt without their
//! clocks.  So a release also notes the [`Era`], and the short way is taken only
//! within one era.

use crate::clock::{Clock, Slot, Time};

/// Counts the moments after which a time may be known without the clock that
/// belonged to it: slots were given to unrelated goroutines (the second case in
/// [`crate::goroutine`]), or a goroutine learnt the times of all.  It must have
/// changed before such a slot's new owner runs, or that goroutine releases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Era(pub u32);

/// The knowledge attached to a sync object.
#[derive(Clone, Default)]
pub struct SyncClock {
    pub(crate) clock: Clock,
    pub(crate) by: Slot,
    /// 0 while nothing was ever released.
    pub(crate) at: Time,
    /// Whether `clock` is exactly what `by` knew at `at`.
    pub(crate) plain: bool,
    pub(crate) era: Era,
}

impl SyncClock {
    /// Nothing released yet.
    pub const fn new() -> SyncClock {
        SyncClock {
            clock: Clock::new(),
            by: 0,
            at: 0,
            plain: true,
            era: Era(0),
        }
    }

    /// Whether anything was ever released to it.
    pub fn is_empty(&self) -> bool {
        self.at == 0
    }
}
