//! Accesses to many words at once: of a buffer that is filled, copied or read.
//!
//! Such a buffer's words have mostly come to what they hold together, so neighbours hold
//! the same, and the same becomes of them.  What becomes of one is worked out once, and
//! each word after it that holds the same is changed in one step.  Where that is more than one
//! record, they name one shared set, however seldom it came up: it stands for many words.
//! All else goes word by word, as in [`crate::access`].
//!
//! What is worked out holds as long as the goroutine is busy: a cell with these bits has
//! these records, since neither segments nor sets are used for something else meanwhile, and
//! nobody but the goroutine changes what it knows.

use crate::access::{self, Site};
use crate::cell::{self, Cell, State};
use crate::racectx::{Inner, RaceCtx};
use crate::report::{self, Hit};
use crate::sets;
use crate::shadow;
use alloc::vec::Vec;
use core::sync::atomic::AtomicU64;
use gosan_engine::record::{Kind, Record, StackId};
use gosan_engine::span::{Span, WORD_BYTES};
use gosan_engine::word_set::{Insert, Stored, WordSet};

/// So many neighbours that hold the same share a set.
const RUN: usize = 4;

/// An access to `bytes` bytes.
pub fn range(
    ctx: &RaceCtx,
    inner: &mut Inner,
    address: usize,
    bytes: usize,
    kind: Kind,
    site: Site,
) {
    let mut done = 0;
    if address.is_multiple_of(WORD_BYTES) {
        let known = |cell: &&Cell| is_known(inner, cell, Span::WHOLE, kind);
        done = shadow::cells(address, bytes / WORD_BYTES)
            .iter()
            .take_while(known)
            .count()
            * WORD_BYTES;
    }
    if done < bytes {
        new_range(ctx, inner, address + done, bytes - done, kind, site);
    }
}

/// Whether this goroutine recorded as much in its present segment.
#[inline(always)]
fn is_known(inner: &Inner, cell: &Cell, span: Span, kind: Kind) -> bool {
    if inner.segment.0 == 0 {
        return false;
    }
    let (bits, state) = cell.load();
    let new = Record::new(inner.segment, StackId(0), span, kind);
    match state {
        State::Empty => false,
        State::One(old) => old.segment() == inner.segment && old.covers(new),
        State::Shared(_) | State::Boxed { .. } => access::has(cell, bits, state, new),
    }
}

#[inline(never)]
fn new_range(
    ctx: &RaceCtx,
    inner: &mut Inner,
    address: usize,
    bytes: usize,
    kind: Kind,
    site: Site,
) {
    let segment = ctx.segment_for_record(inner);
    let stack = site.stack(inner);
    let mut hits = Vec::new();
    let busy = ctx.busy();
    shadow::touch_all(address, bytes);
    let end = address + bytes;
    let mut at = address;
    while at < end {
        let start = at % WORD_BYTES;
        let mut len = (end - at).min(WORD_BYTES - start);
        let new = Record::new(segment, stack, Span::new(start, len), kind);
        if len == WORD_BYTES {
            let cells = shadow::cells(at, (end - at) / WORD_BYTES);
            len = cells.len().max(1) * WORD_BYTES;
            whole_words(inner, cells, at, new, &mut hits);
        } else if let Some((cell, touched)) = shadow::locate(at) {
            access::check_cell(inner, cell, touched, at, new, &mut hits);
        }
        at += len;
    }
    drop(busy);
    if !hits.is_empty() {
        report::races(inner.life, hits);
    }
}

/// Checks and records all of the words that have these cells, the first of them at `address`.
fn whole_words(inner: &Inner, cells: &[Cell], address: usize, new: Record, hits: &mut Vec<Hit>) {
    // New memory is often filled as a whole.
    let mut step = (0, new.bits());
    for (at, cell) in cells.iter().enumerate() {
        let mut bits = cell.bits();
        if bits != step.0
            && let Some(next) = becomes(inner, &cells[at..], new)
        {
            (step, bits) = (next, next.0);
        }
        if bits == step.0 && (bits == step.1 || cell.replace(bits, step.1)) {
            continue;
        }
        word(inner, cell, address + at * WORD_BYTES, new, hits);
    }
}

/// What the first of these cells holds, and what becomes of it, and of each that holds the same.
/// `None` where there is a race, or where that is not one record nor worth a set.
fn becomes(inner: &Inner, cells: &[Cell], new: Record) -> Option<(u64, u64)> {
    let (bits, state) = cells.first()?.load();
    match state {
        State::Empty => return Some((bits, new.bits())),
        State::Boxed { .. } => return None,
        State::One(_) | State::Shared(_) => {}
    }
    if let Some(becomes) = access::small(inner, state, new) {
        return Some((bits, becomes.bits()));
    }
    let is_same = |cell: &Cell| cell.bits() == bits;
    if cells.len() < RUN || !cells[1..RUN].iter().all(is_same) {
        return None;
    }
    let storage = [const { AtomicU64::new(0) }; sets::ROOM];
    let mut set = WordSet::new(&storage, 0, 0);
    state.for_each_small(|record| set.put(record));
    let mut races = false;
    let becomes = match set.insert(new, inner, |_| races = true) {
        Insert::Known => bits,
        Insert::Stored(stored) if !races && stored == Stored::default() => match set.len() {
            1 => set.iter().next()?.bits(),
            _ => cell::named(sets::shared(&set)?.0),
        },
        Insert::Stored(_) | Insert::Full => return None,
    };
    Some((bits, becomes))
}

/// Checks and records all of one word.
#[inline(never)]
fn word(inner: &Inner, cell: &Cell, address: usize, new: Record, hits: &mut Vec<Hit>) {
    let (bits, state) = cell.load();
    if access::has(cell, bits, state, new) {
        return;
    }
    if let Some(mut owned) = cell.lock_boxed() {
        access::record_in_box(inner, &mut owned, address, new, hits);
        // Then it goes with its neighbours again.
        owned.unbox();
    } else if let Some((cell, touched)) = shadow::locate(address) {
        access::check_cell(inner, cell, touched, address, new, hits);
    }
}
