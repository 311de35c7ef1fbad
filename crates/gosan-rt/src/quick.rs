//! Accesses that take a few steps more than those that the hooks answer
//! themselves: a word's first access, one like those that are recorded already,
//! at a later time, and one that many words had lately.
//!
//! The hooks call this on the goroutine's own stack, where Go guarantees only
//! some hundred bytes: so it calls little, and its frames are small.  `cargo
//! xtask symbols` adds up what its machine code takes.  What it does not answer goes on
//! to [`crate::access`] on the system stack.

use crate::access::{self, Site};
use crate::boxes;
use crate::cell::{self, Cell, State};
use crate::racectx::{Inner, RaceCtx};
use crate::recent::{self, Remembered};
use crate::shadow;
use core::sync::atomic::AtomicU8;
use gosan_engine::record::{Kind, Record, StackId};
use gosan_engine::span::{Span, WORD_BYTES};
use gosan_engine::word_set::Order;

/// The largest range, in words.
const WORDS: usize = 64;

/// Records an access to one byte, which no record of the present segment stands
/// for, as far as the hook has seen.  False where that takes more.
#[inline(always)]
pub fn byte(ctx: &RaceCtx, address: usize, pc: u64, distance: u64, kind: Kind) -> bool {
    let Some((inner, stack)) = stack(ctx, distance, |inner| inner.frames.known_event(pc)) else {
        return false;
    };
    byte_at(ctx, inner, address, stack, kind)
}

/// As [`byte`], by a function of Go's runtime: the site has its silent frames.
#[inline(always)]
pub fn byte_in_runtime(ctx: &RaceCtx, address: usize, site: Site, kind: Kind) -> bool {
    let known = |inner: &Inner| {
        inner
            .frames
            .known_call_in_silence(site.silent?, site.caller, site.pc)
    };
    let Some((inner, stack)) = stack(ctx, site.distance, known) else {
        return false;
    };
    byte_at(ctx, inner, address, stack, kind)
}

#[inline(always)]
fn byte_at(ctx: &RaceCtx, inner: &Inner, address: usize, stack: StackId, kind: Kind) -> bool {
    let Some((cell, touched)) = shadow::locate(address) else {
        return true;
    };
    let new = Record::new(inner.segment, stack, Span::new(address, 1), kind);
    // While busy, the slot of a record that is in the cell stays what it is.
    let _busy = ctx.busy();
    let (bits, state) = cell.load();
    recorded(inner, cell, touched, (bits, state), new, kind)
}

/// Records an access to some bytes.  False where that takes more, for some or
/// all of them.
#[inline(always)]
pub fn range(
    ctx: &RaceCtx,
    address: usize,
    bytes: usize,
    pc: u64,
    distance: u64,
    kind: Kind,
) -> bool {
    if bytes > WORDS * WORD_BYTES {
        return false;
    }
    let Some((inner, stack)) = stack(ctx, distance, |inner| inner.frames.known_event(pc)) else {
        return false;
    };
    let _busy = ctx.busy();
    let end = address + bytes;
    let mut at = address;
    while at < end {
        let start = at % WORD_BYTES;
        let len = (end - at).min(WORD_BYTES - start);
        let Some((cell, touched)) = shadow::locate(at) else {
            return true;
        };
        let new = Record::new(inner.segment, stack, Span::new(start, len), kind);
        let (bits, state) = cell.load();
        let known = match state {
            State::Empty => false,
            State::One(old) => old.segment() == new.segment() && old.covers(new),
            State::Shared(_) | State::Boxed { .. } => access::has(cell, bits, state, new),
        };
        if !known && !recorded(inner, cell, touched, (bits, state), new, kind) {
            return false;
        }
        at += len;
    }
    true
}

/// The goroutine's state, and the stack of an event at this distance, if that is
/// known.
#[inline(always)]
fn stack(
    ctx: &RaceCtx,
    distance: u64,
    known: impl FnOnce(&Inner) -> Option<StackId>,
) -> Option<(&Inner, StackId)> {
    // SAFETY: for an event of this goroutine, as in `abi`.
    let inner = unsafe { ctx.inner() };
    if inner.frames.are_deeper_than(distance) || !ctx.has_segment(inner) {
        return None;
    }
    let stack = known(inner)?;
    Some((inner, stack))
}

/// Records an access to a word that has this content.
#[inline(always)]
pub(crate) fn recorded(
    inner: &Inner,
    cell: &Cell,
    touched: &AtomicU8,
    (bits, state): (u64, State),
    new: Record,
    kind: Kind,
) -> bool {
    let becomes = match state {
        State::Empty => {
            shadow::touch(touched);
            new.bits()
        }
        State::One(old) => {
            // Its own earlier times a goroutine knows.
            if new.covers(old) && inner.is_own(old.segment()) {
                new.bits()
            } else if let Some(both) = old.merged(new) {
                both.bits()
            } else {
                match recent::pair(bits, new) {
                    Remembered::Becomes(set) => cell::named(set),
                    Remembered::Nothing => return paired(inner, cell, old, new),
                    Remembered::Often => return false,
                }
            }
        }
        State::Shared(_) => match recent::pair(bits, new) {
            Remembered::Becomes(set) => cell::named(set),
            _ => return false,
        },
        State::Boxed { locked: false } => return taken(inner, cell, bits, new, kind),
        State::Boxed { locked: true } => return false,
    };
    cell.replace(bits, becomes)
}

/// Whether a word of one record that does not race with the new one got a box for
/// both.
#[inline(never)]
fn paired(inner: &Inner, cell: &Cell, old: Record, new: Record) -> bool {
    if old.conflicts_with(new) && !inner.knows(old.segment()) {
        return false;
    }
    let Some(id) = boxes::take_at_hand() else {
        return false;
    };
    recent::count(core::ptr::from_ref(cell) as usize, old.bits(), new);
    boxes::put_two(id, old, new);
    let taken = cell.replace(old.bits(), cell::noted(id, 0, new));
    if !taken {
        boxes::give_back(id);
    }
    taken
}

/// Whether the word's box could take the record without more ado.
#[inline(always)]
fn taken(inner: &Inner, cell: &Cell, bits: u64, new: Record, kind: Kind) -> bool {
    let Some(mut id) = cell.try_own(bits) else {
        return false;
    };
    let mut taken = boxes::renew_own(id, new, kind, inner)
        || boxes::insert_plainly(id, new, inner.hb.slot(), inner);
    if !taken && let Some(larger) = boxes::grown_at_hand(id) {
        id = larger;
        taken = boxes::insert_plainly(id, new, inner.hb.slot(), inner);
    }
    if taken && boxes::lengths(id).0 > boxes::PEEK {
        recent::learn(cell::boxed(id), new);
    }
    cell.disown(match taken {
        true => cell::noted(id, bits, new),
        false => cell::boxed(id),
    });
    taken
}
