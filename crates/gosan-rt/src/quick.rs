//! Accesses that take a few steps more than those that the hooks answer
//! themselves: a word's first access, one like those that are recorded already,
//! at a later time, and one that many words had lately.
//!
//! The hooks call this on the goroutine's own stack, where Go guarantees only
//! some hundred bytes: so it calls nothing, and its frame is small.  `cargo
//! xtask symbols` looks at its machine code.  What it does not answer goes on
//! to [`crate::access`] on the system stack.

use crate::boxes::{self, BoxId};
use crate::ids;
use crate::racectx::{Inner, RaceCtx};
use crate::recent::{self, Remembered};
use crate::shadow::{self, Cell, State};
use gosan_engine::record::{Kind, Record};
use gosan_engine::span::Span;
use gosan_engine::word_set::Order;

/// Records an access to one byte.  False where that takes more.
#[inline(always)]
pub fn byte(ctx: &RaceCtx, address: usize, pc: u64, distance: u64, kind: Kind) -> bool {
    // SAFETY: for an event of this goroutine, as in `abi`.
    let inner = unsafe { ctx.inner() };
    if inner.frames.are_deeper_than(distance) || !ctx.has_segment(inner) {
        return false;
    }
    let Some(stack) = inner.frames.recent_event(pc) else {
        return false;
    };
    let Some((cell, touched)) = shadow::locate(address) else {
        return true;
    };
    let new = Record::new(inner.segment, stack, Span::new(address, 1), kind);
    // While busy, the slot of a record that is in the cell stays what it is.
    let _busy = ctx.busy();
    let (bits, state) = cell.load();
    let becomes = match state {
        State::Empty => {
            shadow::touch(touched);
            new.bits()
        }
        State::One(old) => {
            // Its own earlier times a goroutine knows.
            if new.covers(old) && ids::slot_of(old.segment()) == inner.hb.slot() {
                new.bits()
            } else if let Some(both) = old.merged(new) {
                both.bits()
            } else if let Remembered::Becomes(set) = recent::pair(bits, new) {
                shadow::named(set)
            } else {
                return false;
            }
        }
        State::Shared(_) => match recent::pair(bits, new) {
            Remembered::Becomes(set) => shadow::named(set),
            _ => return false,
        },
        State::Boxed { id, locked: false } => {
            return taken(inner, cell, bits, id, new, kind);
        }
        State::Boxed { .. } => return false,
    };
    cell.replace(bits, becomes)
}

/// Whether the word's box could take the record without more ado.
#[inline(always)]
fn taken(inner: &Inner, cell: &Cell, bits: u64, id: BoxId, new: Record, kind: Kind) -> bool {
    if !cell.try_own(bits) {
        return false;
    }
    let taken = boxes::renew(id, new, kind, |segment| inner.is_own(segment))
        || boxes::insert_plainly(id, new, inner);
    cell.disown(bits);
    taken
}
