//! Checks one access against what its words remember, and records it.
//!
//! The usual case, a word that this goroutine touched last and at this time,
//! is one load and a comparison.  A word with one older record of which the
//! goroutine knows is one compare-and-swap.  All else goes through the word's
//! box.
//!
//! # Two accesses at the same instant
//!
//! On two processors, neither ordered after the other.  At least one sees the
//! other:
//!
//! - Each leaves a record, or has one in the cell that stands for it.  A cell
//!   changes by compare-and-swap, or by whoever owns its box, so one of the two
//!   records is there first, and the other access looks at the cell then or
//!   later: a compare-and-swap that fails looks again.
//! - That record is still there.  It goes only for one that stands for it, by a
//!   goroutine that knows its time; and its time is the present one of a
//!   goroutine that has not handed it over.
//! - Nor can the other access know that time, so it reports.
//!
//! Tests try every order of the steps, see same_instant.rs.

use crate::boxes::{self, BoxId};
use crate::cell::{self, Cell, State};
use crate::frames::Silent;
use crate::ids;
use crate::locks;
use crate::racectx::{Inner, RaceCtx};
use crate::recent::{self, Remembered};
use crate::report::{self, Hit};
use crate::sets;
use crate::shadow;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
use gosan_engine::record::{self, Kind, Record, StackId};
use gosan_engine::span::{Span, WORD_BYTES};
use gosan_engine::word_set::{Insert, Order, WordSet};

/// Records that the bounds in [`gosan_engine::word_set`] dropped so far.
static DROPPED: Dropped<AtomicU32> = Dropped {
    raced: AtomicU32::new(0),
    ended: AtomicU32::new(0),
    no_room: AtomicU32::new(0),
};

/// Records that were dropped, by the bound that dropped them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Dropped<T> {
    /// Gave way to a record that they raced with.
    pub raced: T,
    /// Of ended goroutines, when memory was short.
    pub ended: T,
    /// Were not kept, since their word has no room for more.
    pub no_room: T,
}

/// Records dropped so far.
pub fn dropped() -> Dropped<u32> {
    Dropped {
        raced: DROPPED.raced.load(Ordering::Relaxed),
        ended: DROPPED.ended.load(Ordering::Relaxed),
        no_room: DROPPED.no_room.load(Ordering::Relaxed),
    }
}

/// Where in the program an access happens.  The stack is looked up only when
/// the access has to be recorded.
#[derive(Clone, Copy)]
pub struct Site {
    /// The return address of the hook.
    pub pc: u64,
    /// The call of the function that has the hook, where it does not announce
    /// itself; else 0.
    pub caller: u64,
    /// Distance of the frame from the stack's top, see [`crate::frames`].
    pub distance: u64,
    /// Where the callers of that one may not have announced themselves either.
    pub silent: Option<Silent>,
}

impl Site {
    /// In a function that announced itself.
    pub fn announced(pc: u64, distance: u64) -> Site {
        Site {
            pc,
            caller: 0,
            distance,
            silent: None,
        }
    }

    /// The stack of an event at this site.
    pub fn stack(self, inner: &mut Inner) -> StackId {
        match self.silent {
            Some(silent) => {
                inner.frames.drop_deeper_than(self.distance);
                inner.event_in_silence(silent, self.caller, self.pc)
            }
            None if self.caller == 0 => inner.event(self.pc, self.distance),
            None => inner.event_in_callee(self.caller, self.pc, self.distance),
        }
    }
}

/// Whether the word's one record already stands for an access to this byte:
/// the usual case, which leaves at once.
#[inline(always)]
pub fn is_recorded(inner: &Inner, address: usize, kind: Kind) -> bool {
    shadow::locate(address).is_none_or(|(cell, _)| {
        record::stands_for_byte(cell.bits(), inner.segment, address % WORD_BYTES, kind)
    })
}

/// An access to some bytes of one word.
#[inline(never)]
pub fn word(ctx: &RaceCtx, inner: &mut Inner, address: usize, span: Span, kind: Kind, site: Site) {
    // First, since it may run reclaim, which waits for whoever is busy.
    let segment = ctx.segment_for_record(inner);
    let new = Record::new(segment, site.stack(inner), span, kind);
    let Some((cell, touched)) = shadow::locate(address) else {
        return;
    };
    let busy = ctx.busy();
    let mut hits = Vec::new();
    check_cell(inner, cell, touched, address, new, &mut hits);
    drop(busy);
    if !hits.is_empty() {
        report::races(inner.life, hits);
    }
}

/// Whether a set or box has a record that stands for the goroutine's own.
pub fn has(cell: &Cell, bits: u64, state: State, new: Record) -> bool {
    match state {
        State::Shared(set) => {
            let has = sets::peek(set, new);
            // What was looked through may have become other words' meanwhile.
            fence(Ordering::Acquire);
            has && cell.bits() == bits
        }
        State::Boxed { .. } => cell::peek(cell, bits, new),
        State::Empty | State::One(_) => false,
    }
}

/// What a word becomes where one record stands for all that it has.
#[inline(always)]
pub(crate) fn small(inner: &Inner, state: State, new: Record) -> Option<Record> {
    match state {
        State::Empty => Some(new),
        State::One(old) if old.segment() == new.segment() && old.covers(new) => Some(old),
        State::One(old) if new.covers(old) && inner.knows(old.segment()) => Some(new),
        State::One(old) => old.merged(new),
        State::Shared(_) | State::Boxed { .. } => None,
    }
}

/// Checks and records one word, which has this cell, in a chunk with this flag.
#[inline(never)]
pub(crate) fn check_cell(
    inner: &Inner,
    cell: &Cell,
    touched: &AtomicU8,
    address: usize,
    new: Record,
    hits: &mut Vec<Hit>,
) {
    let told = hits.len();
    let mut tries = 0;
    loop {
        let (bits, state) = cell.load();
        let becomes = match state {
            State::Empty | State::One(_) => match small(inner, state, new) {
                Some(becomes) => {
                    shadow::touch(touched);
                    Becomes::Small(becomes.bits())
                }
                None => added(inner, bits, state, address, new, hits),
            },
            State::Shared(_) | State::Boxed { .. } if has(cell, bits, state, new) => return,
            State::Shared(_) => added(inner, bits, state, address, new, hits),
            State::Boxed { locked: true } => {
                cell::wait(&mut tries);
                continue;
            }
            State::Boxed { .. } => Becomes::Boxed,
        };
        match becomes {
            Becomes::Small(becomes) => {
                if cell.replace(bits, becomes) {
                    return;
                }
                hits.truncate(told);
            }
            Becomes::New(id) => {
                if cell.replace(bits, cell::noted(id, 0, new)) {
                    return;
                }
                boxes::give_back(id);
                hits.truncate(told);
            }
            Becomes::Boxed => {
                hits.truncate(told);
                record_in_box(inner, &mut cell.lock(), address, new, hits);
                return;
            }
        }
    }
}

/// Checks and records a word whose box is owned.
#[inline]
pub(crate) fn record_in_box(
    inner: &Inner,
    owned: &mut cell::Owned,
    address: usize,
    new: Record,
    hits: &mut Vec<Hit>,
) {
    if !recorded_plainly(inner, owned, new, new.kind()) {
        record_with_care(inner, owned, address, new, hits);
        boxes::guess_last(owned.id(), inner.hb.slot());
    }
    if boxes::lengths(owned.id()).0 > boxes::PEEK {
        recent::learn(cell::boxed(owned.id()), new);
    }
    owned.note(new);
}

/// What becomes of a cell.
enum Becomes {
    /// One record, or a shared set: these bits.
    Small(u64),
    /// A box that is made already.
    New(BoxId),
    /// What it has goes into a box, and the new record too.
    Boxed,
}

/// A word that needs no lock, with one more record.
#[inline(always)]
fn added(
    inner: &Inner,
    bits: u64,
    state: State,
    address: usize,
    new: Record,
    hits: &mut Vec<Hit>,
) -> Becomes {
    let remembered = recent::pair(bits, new);
    if let Remembered::Becomes(set) = remembered {
        return Becomes::Small(cell::named(set));
    }
    if let State::One(old) = state
        && remembered == Remembered::Nothing
        && (!old.conflicts_with(new) || inner.knows(old.segment()))
    {
        recent::count(address, bits, new);
        return Becomes::New(boxes::with_two(old, new));
    }
    added_with_care(inner, bits, state, address, new, remembered, hits)
}

#[inline(never)]
fn added_with_care(
    inner: &Inner,
    bits: u64,
    state: State,
    address: usize,
    new: Record,
    remembered: Remembered,
    hits: &mut Vec<Hit>,
) -> Becomes {
    let storage = [const { AtomicU64::new(0) }; sets::ROOM];
    let mut set = WordSet::new(&storage, 0, 0);
    state.for_each_small(|record| set.put(record));
    let told = hits.len();
    match set.insert(new, inner, |old| note(hits, address, new, old)) {
        Insert::Full => return Becomes::Boxed,
        Insert::Known => return Becomes::Small(bits),
        Insert::Stored(_) => {}
    }
    if set.len() == 1 {
        return Becomes::Small(set.iter().next().map_or(0, Record::bits));
    }
    if hits.len() > told {
        return Becomes::New(boxes::holding(&set));
    }
    if remembered == Remembered::Often
        && let Some((shared, epoch)) = sets::shared(&set)
    {
        recent::remember(bits, new, shared, epoch);
        return Becomes::Small(cell::named(shared));
    }
    recent::count(address, bits, new);
    Becomes::New(boxes::holding(&set))
}

/// Checks and records a word whose box is owned: the races, if there are any.
#[inline(always)]
pub fn races_in_box(
    inner: &Inner,
    owned: &mut cell::Owned,
    address: usize,
    new: Record,
    kind: Kind,
) -> Option<Vec<Hit>> {
    if recorded_plainly(inner, owned, new, kind) {
        return None;
    }
    races_with_care(inner, owned, address, new)
}

/// As [`races_in_box`], where the record is not kept.
#[inline(never)]
pub fn races_in_passing(
    inner: &Inner,
    owned: &cell::Owned,
    address: usize,
    new: Record,
) -> Option<Vec<Hit>> {
    let mut hits = Vec::new();
    boxes::set_of(owned.id()).report_only(new, inner, |old| note(&mut hits, address, new, old));
    (!hits.is_empty()).then_some(hits)
}

#[inline(never)]
fn races_with_care(
    inner: &Inner,
    owned: &mut cell::Owned,
    address: usize,
    new: Record,
) -> Option<Vec<Hit>> {
    let mut hits = Vec::new();
    record_with_care(inner, owned, address, new, &mut hits);
    (!hits.is_empty()).then_some(hits)
}

/// Whether an owned box took a record of this kind with no more ado.
#[inline(always)]
fn recorded_plainly(inner: &Inner, owned: &cell::Owned, new: Record, kind: Kind) -> bool {
    boxes::renew_own(owned.id(), new, kind, inner)
        || boxes::insert_plainly(owned.id(), new, inner.hb.slot(), inner)
}

#[inline(never)]
fn record_with_care(
    inner: &Inner,
    owned: &mut cell::Owned,
    address: usize,
    new: Record,
    hits: &mut Vec<Hit>,
) {
    loop {
        let mut set = boxes::set_of(owned.id());
        let answer = set.insert_with_care(new, inner, &mut |old| note(hits, address, new, old));
        boxes::set_lengths(owned.id(), &set);
        match answer {
            Insert::Known => return,
            Insert::Stored(stored) => {
                if stored.raced != 0 {
                    DROPPED
                        .raced
                        .fetch_add(stored.raced as u32, Ordering::Relaxed);
                }
                if stored.ended != 0 {
                    DROPPED
                        .ended
                        .fetch_add(stored.ended as u32, Ordering::Relaxed);
                }
                return;
            }
            Insert::Full if owned.grow() => {}
            Insert::Full => {
                set.report_only(new, inner, |old| note(hits, address, new, old));
                DROPPED.no_room.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }
}

/// Remembers a race until the word is let go.  While the goroutine is busy the
/// old record's numbers hold, so what the report needs of them is taken here.
#[cold]
fn note(hits: &mut Vec<Hit>, address: usize, new: Record, old: Record) {
    let word = address & !(WORD_BYTES - 1);
    if hits
        .iter()
        .any(|hit| hit.old.reads_alike(old) && hit.word != word)
    {
        return;
    }
    let by = ids::life_of(old.segment());
    hits.push(Hit {
        word,
        new,
        old,
        by: ids::biography(by),
        locks: locks::of(old.segment()),
    });
}
