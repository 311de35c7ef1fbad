//! Synchronization that takes and frees no memory: of few goroutines, or of one that
//! learns nothing, as when its last owner takes a mutex again.
//!
//! The hooks call this on the goroutine's own stack, as [`crate::quick`].  So
//! what would take more is not done, and the answer is false: then [`crate::sync`] and [`crate::atomic`] do it on the
//! system stack.  What was done until then is done once more there, which changes
//! nothing.

use crate::boxes::{self, BoxId};
use crate::frames::Silent;
use crate::ids;
use crate::locks;
use crate::racectx::{Inner, RaceCtx};
use crate::shadow::{self, State};
use crate::sync::{self, Release};
use gosan_engine::record::{Kind, Record, StackId};
use gosan_engine::span::Span;
use gosan_engine::sync_clock::SyncClock;
use gosan_engine::word_set::Order;

/// The bytes of a mutex that its operations are recorded for: its state.
pub const MUTEX_BYTES: usize = 4;

/// As [`sync::acquire`].
#[inline(always)]
pub fn acquire(inner: &mut Inner, address: usize) -> bool {
    if inner.hb.is_at_end_of_slot() {
        return false;
    }
    let Some((cell, _)) = shadow::locate(address) else {
        return true;
    };
    let State::Boxed { .. } = cell.load().1 else {
        // Nothing was released here.
        return true;
    };
    let done = in_box(address, |_, clock| {
        clock.is_none_or(|clock| inner.hb.acquire_plainly(clock, ids::era()))
    });
    sync::end_segment(inner);
    done
}

/// As [`sync::release`].
#[inline(always)]
pub fn release(inner: &mut Inner, address: usize, how: Release) -> bool {
    if inner.hb.is_at_end_of_slot() {
        return false;
    }
    let era = ids::era();
    let done = in_box(address, |_, clock| {
        clock.is_some_and(|clock| match how {
            Release::Store => inner.hb.release_plainly(clock, era),
            Release::Merge => inner.hb.release_merge_plainly(clock, era),
            Release::StoreAndAcquire => inner.hb.exchange_plainly(clock, era),
        })
    });
    if done {
        sync::end_segment(inner);
    }
    done
}

/// The goroutine has taken a mutex.
#[inline(always)]
pub fn locked(ctx: &RaceCtx, inner: &mut Inner, address: usize, pc: u64, silent: Silent) -> bool {
    if locks::are_followed() || !ctx.has_segment(inner) {
        return false;
    }
    let Some(new) = record(inner, address, pc, silent) else {
        return false;
    };
    let _busy = ctx.busy();
    in_box(address, |id, clock| {
        clock.is_some_and(|clock| inner.hb.acquire_plainly(clock, ids::era()))
            && put(inner, id, new)
    })
}

/// The goroutine is about to let a mutex go.
#[inline(always)]
pub fn unlocks(ctx: &RaceCtx, inner: &mut Inner, address: usize, pc: u64, silent: Silent) -> bool {
    if locks::are_followed() || inner.hb.is_at_end_of_slot() || !ctx.has_segment(inner) {
        return false;
    }
    let span = Span::new(address, MUTEX_BYTES);
    let own = Record::new(inner.segment, StackId(0), span, Kind::AtomicWrite);
    let _busy = ctx.busy();
    let done = in_box(address, |id, clock| {
        // Usually that of the lock.
        let recorded = boxes::peek(id, own)
            || record(inner, address, pc, silent).is_some_and(|new| put(inner, id, new));
        recorded && clock.is_some_and(|clock| inner.hb.release_plainly(clock, ids::era()))
    });
    if done {
        sync::end_segment(inner);
    }
    done
}

/// The record of an operation on a mutex, if the goroutine had it lately.
#[inline(always)]
fn record(inner: &mut Inner, address: usize, pc: u64, silent: Silent) -> Option<Record> {
    let stack = inner.known_in_silence(silent, pc)?;
    let span = Span::new(address, MUTEX_BYTES);
    Some(Record::new(inner.segment, stack, span, Kind::AtomicWrite))
}

/// Whether an owned box could take the record without more ado.
#[inline(always)]
fn put(inner: &Inner, id: BoxId, new: Record) -> bool {
    boxes::renew(id, new, Kind::AtomicWrite, |segment| inner.is_own(segment))
        || boxes::insert_plainly(id, new, inner)
}

/// What `f` says of the box of an address, which it owns meanwhile, and the sync
/// object there; false if there is no box, or somebody owns it.
#[inline(always)]
fn in_box(address: usize, f: impl FnOnce(BoxId, Option<&mut SyncClock>) -> bool) -> bool {
    let Some((cell, _)) = shadow::locate(address) else {
        return true;
    };
    let (bits, State::Boxed { id, locked: false }) = cell.load() else {
        return false;
    };
    if !cell.try_own(bits) {
        return false;
    }
    // SAFETY: the box is owned until `f` is done.
    let done = f(id, unsafe { sync::in_box(id, address) });
    cell.disown(bits);
    done
}
