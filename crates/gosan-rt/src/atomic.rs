//! `sync/atomic`: the operation itself, its happens-before edges, its access.
//!
//! Go's atomics are sequentially consistent.  A store releases, a load
//! acquires, a read-modify-write does both.  A compare-and-swap that fails is a
//! load: ThreadSanitizer takes it for a write.
//!
//! Stores and read-modify-writes run while the word's box is owned, so the
//! clock changes in the order of the values.  A load that finds no sync object
//! read a value from before the first store; one that finds it loads again
//! under the lock, so that value and clock belong together.

use crate::access::{self, Site};
use crate::boxes;
use crate::ids;
use crate::racectx::{Inner, RaceCtx};
use crate::report;
use crate::shadow;
use crate::sync;
use gosan_engine::record::{Kind, Record, StackId};
use gosan_engine::span::Span;

/// Of the goroutines that wait for a mutex at a time, so many have a record of it.
/// All have one when they get it; more would be looked through each time that the
/// mutex is taken.
const WAITERS: usize = 4;

/// What an operation did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Read the value.
    Load,
    /// Wrote it without reading.
    Store,
    /// Read and wrote it.
    Update,
    /// Took a mutex, whose value is for whoever unlocked it last to tell of.
    Lock,
    /// Is about to wait for a mutex.
    Wait,
}

impl Effect {
    /// Whether what was released before is learnt.
    pub fn acquires(self) -> bool {
        matches!(self, Effect::Load | Effect::Update | Effect::Lock)
    }

    /// Whether what the goroutine knows is handed over.
    pub fn releases(self) -> bool {
        matches!(self, Effect::Store | Effect::Update)
    }

    /// What is recorded.
    pub fn kind(self) -> Kind {
        match self {
            Effect::Load => Kind::AtomicRead,
            _ => Kind::AtomicWrite,
        }
    }
}

/// Runs a load of `bytes` bytes.
pub fn load<T>(
    ctx: &RaceCtx,
    inner: &mut Inner,
    address: usize,
    bytes: usize,
    site: Site,
    operation: impl Fn() -> T,
) -> T {
    let value = operation();
    let Some((cell, _)) = shadow::locate(address) else {
        return value;
    };
    let span = Span::new(address, bytes);
    let (value, recorded) = match cell.lock_boxed() {
        None => (value, false),
        Some(mut owned) => {
            let value = match sync::existing(&mut owned, address) {
                None => value,
                Some(clock) => {
                    inner.hb.acquire(clock, ids::era());
                    operation()
                }
            };
            sync::after_sync(inner);
            let known = Record::new(inner.segment, StackId(0), span, Kind::AtomicRead);
            (
                value,
                inner.segment.0 != 0 && boxes::peek(owned.id(), known),
            )
        }
    };
    if !recorded {
        access::word(ctx, inner, address, span, Kind::AtomicRead, site);
    }
    value
}

/// Runs an operation that may write `bytes` bytes.
#[inline]
pub fn update<T>(
    ctx: &RaceCtx,
    inner: &mut Inner,
    address: usize,
    bytes: usize,
    site: Site,
    operation: impl FnOnce() -> (T, Effect),
) -> T {
    let segment = ctx.segment_for_record(inner);
    let stack = site.stack(inner);
    let busy = ctx.busy();
    let Some(mut owned) = sync::own(address) else {
        return operation().0;
    };
    let (value, effect) = operation();
    let era = ids::era();
    let span = Span::new(address, bytes);
    if effect.acquires()
        && let Some(clock) = sync::existing(&mut owned, address)
    {
        // Before the record, which may race with what is not known yet.
        inner.hb.acquire(clock, era);
    }
    let kind = effect.kind();
    let new = Record::new(segment, stack, span, kind);
    let hits = if effect == Effect::Wait && boxes::lengths(owned.id()).0 >= WAITERS {
        access::races_in_passing(inner, &owned, address, new)
    } else {
        access::races_in_box(inner, &mut owned, address, new, kind)
    };
    if effect.releases() {
        inner.hb.release(sync::created(&mut owned, address), era);
    }
    drop(owned);
    drop(busy);
    sync::after_sync(inner);
    if let Some(hits) = hits {
        report::races(inner.life, hits);
    }
    value
}
