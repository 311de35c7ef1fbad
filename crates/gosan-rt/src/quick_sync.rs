//! Synchronization that takes and frees no memory: of few goroutines, or of one that
//! learns nothing, as when its last owner takes a mutex again.
//!
//! The hooks call this on the goroutine's own stack, as [`crate::quick`].  So
//! what would take more is not done, and the answer is false: then [`crate::sync`] and [`crate::atomic`] do it on the
//! system stack.  What was done until then is done once more there, which changes
//! nothing.

use crate::access::Site;
use crate::atomic::Effect;
use crate::boxes::{self, BoxId};
use crate::cell::{self, State};
use crate::ids;
use crate::locks;
use crate::racectx::{Inner, RaceCtx};
use crate::shadow;
use crate::sync::{self, Release};
use gosan_engine::record::{Kind, Record, StackId};
use gosan_engine::span::Span;
use gosan_engine::sync_clock::SyncClock;

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
    let done = in_box(address, |_, clock| {
        let era = ids::era();
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
pub fn locked(ctx: &RaceCtx, inner: &mut Inner, address: usize, site: Site) -> bool {
    if locks::are_followed() {
        return false;
    }
    let span = Span::new(address, MUTEX_BYTES);
    let kind = Kind::AtomicWrite;
    let Some(new) = record(ctx, inner, site, span, kind) else {
        return false;
    };
    let _busy = ctx.busy();
    in_box(address, |id, clock| {
        clock.is_some_and(|clock| inner.hb.acquire_plainly(clock, ids::era()))
            && put(inner, id, new, kind)
    })
}

/// The goroutine is about to let a mutex go.
#[inline(always)]
pub fn unlocks(ctx: &RaceCtx, inner: &mut Inner, address: usize, site: Site) -> bool {
    if locks::are_followed() || inner.hb.is_at_end_of_slot() || !ctx.has_segment(inner) {
        return false;
    }
    let span = Span::new(address, MUTEX_BYTES);
    let kind = Kind::AtomicWrite;
    let own = Record::new(inner.segment, StackId(0), span, kind);
    let _busy = ctx.busy();
    let done = in_box(address, |id, clock| {
        // Usually that of the lock.
        let recorded = boxes::peek(id, own)
            || record(ctx, inner, site, span, kind).is_some_and(|new| put(inner, id, new, kind));
        recorded && clock.is_some_and(|clock| inner.hb.release_plainly(clock, ids::era()))
    });
    if done {
        sync::end_segment(inner);
    }
    done
}

/// As [`crate::atomic::load`].
#[inline(always)]
pub fn load<T>(
    ctx: &RaceCtx,
    inner: &mut Inner,
    address: usize,
    bytes: usize,
    site: Site,
    operation: impl Fn() -> T,
) -> Option<T> {
    if inner.hb.is_at_end_of_slot() {
        return None;
    }
    let mut value = operation();
    let Some((cell, _)) = shadow::locate(address) else {
        return Some(value);
    };
    let kind = Kind::AtomicRead;
    let span = Span::new(address, bytes);
    let _busy = ctx.busy();
    let done = match cell.load().1 {
        State::One(old) => {
            let own = Record::new(inner.segment, StackId(0), span, kind);
            old.segment() == own.segment() && old.covers(own)
        }
        State::Boxed { .. } => in_box(address, |id, clock| {
            if let Some(clock) = clock {
                if !inner.hb.acquire_plainly(clock, ids::era()) {
                    return false;
                }
                // Now value and clock belong together.
                value = operation();
                sync::end_segment(inner);
            }
            let own = Record::new(inner.segment, StackId(0), span, kind);
            (inner.segment.0 != 0 && boxes::peek(id, own))
                || record(ctx, inner, site, span, kind).is_some_and(|new| put(inner, id, new, kind))
        }),
        State::Empty | State::Shared(_) => false,
    };
    done.then_some(value)
}

/// As [`crate::atomic::update`].  `effect` is what the operation would do now.
#[inline(always)]
pub fn update<T>(
    ctx: &RaceCtx,
    inner: &mut Inner,
    address: usize,
    bytes: usize,
    site: Site,
    effect: impl FnOnce() -> Effect,
    operation: impl FnOnce(Effect) -> T,
) -> Option<T> {
    if inner.hb.is_at_end_of_slot() || !ctx.has_segment(inner) {
        return None;
    }
    let span = Span::new(address, bytes);
    let new = record(ctx, inner, site, span, Kind::AtomicWrite)?;
    let mut value = None;
    let _busy = ctx.busy();
    in_box(address, |id, clock| {
        let Some(clock) = clock else { return false };
        let era = ids::era();
        // Only accesses that nobody hears of could change the value now.
        let effect = effect();
        let kind = effect.kind();
        let new = Record::new(new.segment(), new.stack(), span, kind);
        let told = (!effect.acquires() || inner.hb.acquire_plainly(clock, era))
            && put(inner, id, new, kind)
            && (!effect.releases() || inner.hb.release_plainly(clock, era));
        if told {
            value = Some(operation(effect));
        }
        told
    });
    sync::end_segment(inner);
    value
}

/// The record of an event that the goroutine had lately at this place.
#[inline(always)]
fn record(ctx: &RaceCtx, inner: &mut Inner, site: Site, span: Span, kind: Kind) -> Option<Record> {
    if !ctx.has_segment(inner) {
        return None;
    }
    let stack = inner.known_in_silence(site.silent?, site.pc)?;
    Some(Record::new(inner.segment, stack, span, kind))
}

/// Whether an owned box could take the record without more ado.
#[inline(always)]
fn put(inner: &Inner, id: BoxId, new: Record, kind: Kind) -> bool {
    boxes::renew_own(id, new, kind, inner) || boxes::insert_plainly(id, new, inner.hb.slot(), inner)
}

/// What `f` says of the box of an address, which it owns meanwhile, and the sync
/// object there: only then may it look which era it is; false if there is no box, or
/// somebody owns it for long.
#[inline(always)]
fn in_box(address: usize, f: impl FnOnce(BoxId, Option<&mut SyncClock>) -> bool) -> bool {
    let Some((cell, _)) = shadow::locate(address) else {
        return true;
    };
    let Some((_, id)) = cell.own_soon() else {
        return false;
    };
    // SAFETY: the box is owned until `f` is done.
    let done = f(id, unsafe { sync::in_box(id, address) });
    cell.disown(cell::boxed(id));
    done
}
