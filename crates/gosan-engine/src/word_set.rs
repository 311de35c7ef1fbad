//! The records of one word, and the race predicate.
//!
//! A word keeps every access that a later one may still race with.  A record
//! is dropped only when a newer one *stands for it*: the older happens before
//! the newer, which touches at least its bytes and races with at least what it
//! races with ([`Record::covers`]).  Whoever would race with the older then
//! races with the newer.  FastTrack keeps one write and the reads since; here
//! writes that raced stay too, so that the next race in a word is found as
//! the first was.
//!
//! Records of one segment stand for an older one of their own goroutine together too: a
//! loop over the bytes of a buffer stands for the loop before.  One of another goroutine
//! may have become known between the first of them and the last, so it stays.
//!
//! # What is bounded, and can in principle lose something
//!
//! Two rules bound what racing and ended goroutines leave behind.  Both only
//! drop records that read alike in a report (same stack, bytes and kind), and
//! both are counted by the caller ([`Stored`]).
//!
//! - Past [`RACED_ALIKE`] records, a record that raced with the new one, and
//!   so was reported, gives way to it.  Lost is a race of that one with an
//!   access at a third place that is ordered after all the others.
//! - When a set is about to grow and memory is short ([`Order::memory_is_short`]),
//!   of goroutines that ended at most [`ENDED_ALIKE`] records that read alike
//!   are kept.  A program whose every request reads one global would otherwise
//!   grow for ever.  Lost is a race with an access that is ordered after all
//!   that are kept.

use crate::record::{Kind, Record, Segment, StackId};
use crate::span::Span;
use crate::together::Together;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Records in a word above which raced, covered ones of the same place go.
pub const RACED_ALIKE: usize = 64;
/// Records of ended goroutines kept for one place in the program where memory
/// is short.
pub const ENDED_ALIKE: usize = 32;
/// Up to this many records every access looks at all of them.  Above it a read
/// looks at the writes, and at the newest reads only, so that a word read by
/// thousands of goroutines costs each of them the same.
const LOOK_AT_ALL: usize = 16;
/// Sets of at most this many records are looked through before one guesses.
const SMALL: usize = 6;
/// Sets of at most this many records are tried in one pass first.
const FEW: usize = 16;
/// The newest reads that are looked at in a larger set.
const NEWEST: usize = 6;

/// What the present goroutine knows of the segments in the set.
pub trait Order {
    /// Whether what was recorded in `segment` happens before now.
    fn knows(&self, segment: Segment) -> bool;
    /// Whether `segment` is of the present goroutine, as far as can be told at
    /// once.
    fn is_own(&self, segment: Segment) -> bool;
    /// Whether the goroutine of `segment` has ended.
    fn has_ended(&self, segment: Segment) -> bool;
    /// Whether all sets together have become so large that ended goroutines
    /// may no longer make one grow.
    fn memory_is_short(&self) -> bool;
}

/// Adds a record to one or two that the present goroutine knows, its own for the
/// most part, in a few steps: what becomes of a word behind a lock.  Nothing
/// races there.
///
/// `records` are the first two places of a set of `len` records, `writes` of
/// them writes; `kind` is that of the new record, for the compiler to know.
/// The new numbers of both, or `None` where [`WordSet::insert`] must decide;
/// then nothing has changed.
#[inline(always)]
pub fn renew(
    records: &[AtomicU64; 2],
    (len, writes): (usize, usize),
    new: Record,
    kind: Kind,
    knows: impl Fn(Segment) -> bool,
    is_own: impl Fn(Segment) -> bool,
) -> Option<(usize, usize)> {
    let alone = (1, usize::from(kind.is_write()));
    if len == 0 || len > 2 {
        return None;
    }
    let known = |place: &AtomicU64| load(place).filter(|old| knows(old.segment()));
    // Whether the new one stands for a record, or else may be one with it.
    let goes = |old: Record| old.span().mask() & !new.span().mask() == 0 && kind.covers(old.kind());
    let is_present = |old: Record| old.segment() == new.segment();
    let first = known(&records[0])?;
    let (place, record, numbers) = if len == 1 {
        if goes(first) {
            (0, new, alone)
        } else if is_present(first) {
            (0, first.merged(new)?, (len, writes))
        } else if kind.is_write() {
            return None;
        } else {
            (1, new, (2, writes))
        }
    } else {
        let second = known(&records[1])?;
        let (goes_first, goes_second) = (goes(first), goes(second));
        if goes_first && goes_second {
            (0, new, alone)
        } else if !goes_first && is_present(first) || !goes_second && is_present(second) {
            let (place, both, other) = match first.merged(new) {
                Some(both) => (0, both, second),
                None => (1, second.merged(new)?, first),
            };
            match both.covers(other) && is_own(other.segment()) {
                true => (0, both, alone),
                false => (place, both, (len, writes)),
            }
        } else if goes_first && (writes > 0) == kind.is_write() {
            (0, new, (len, writes))
        } else if goes_second && (writes > 1) == kind.is_write() {
            (1, new, (len, writes))
        } else {
            return None;
        }
    };
    records[place].store(record.bits(), Relaxed);
    Some(numbers)
}

/// The records of one word in storage that belongs to the caller: writes
/// first, then reads.  The storage is atomic because the runtime's readers may
/// glance at it while it changes; there is one writer at a time.
pub struct WordSet<'a> {
    records: &'a [AtomicU64],
    len: usize,
    writes: usize,
}

/// What became of a new record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insert {
    /// The same goroutine's record of the same time stands for it.
    Known,
    /// It is in the set.
    Stored(Stored),
    /// The storage is full and nothing in it can go: call again with more.
    Full,
}

/// How a record was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// Records that gave way to one that they raced with.
    pub raced: usize,
    /// Records of ended goroutines that went because memory is short.
    pub ended: usize,
}

impl<'a> WordSet<'a> {
    /// The set of the first `len` records of the storage, `writes` of them
    /// writes.
    #[inline(always)]
    pub fn new(records: &'a [AtomicU64], len: usize, writes: usize) -> WordSet<'a> {
        let len = len.min(records.len());
        WordSet {
            records,
            len,
            writes: writes.min(len),
        }
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of writes, which come first.
    pub fn writes(&self) -> usize {
        self.writes
    }

    /// The records.
    pub fn iter(&self) -> impl Iterator<Item = Record> + '_ {
        self.records[..self.len].iter().filter_map(load)
    }

    /// Adds a record as it is; there must be room.
    pub fn put(&mut self, record: Record) {
        self.push(record);
    }

    /// Puts a read in the place of the goroutine's own older one: what becomes of
    /// a word that many read, each again and again.  `guess` says where among the reads
    /// that one may be, and is told where it is; a larger set is not looked through, and a
    /// small one is better looked through at once.  False where there is none, or where a
    /// write needs more care.
    #[inline]
    pub fn renew_read(&mut self, new: Record, order: &impl Order, guess: &AtomicU32) -> bool {
        if self.writes > FEW || self.len <= SMALL || new.kind().is_write() {
            return false;
        }
        let (writes, reads) = self.records[..self.len].split_at(self.writes);
        let raced = |bits: &AtomicU64| {
            load(bits).is_none_or(|old| old.conflicts_with(new) && !order.knows(old.segment()))
        };
        let own = |bits: &AtomicU64| {
            load(bits).is_some_and(|old| new.covers(old) && order.is_own(old.segment()))
        };
        let guessed = guess.load(Relaxed) as usize;
        let place = match reads.get(guessed) {
            Some(bits) if own(bits) => guessed,
            _ if self.len > FEW => return false,
            _ => match reads.iter().position(own) {
                Some(place) => place,
                None => return false,
            },
        };
        if writes.iter().any(raced) {
            return false;
        }
        guess.store(place as u32, Relaxed);
        reads[place].store(new.bits(), Relaxed);
        true
    }

    /// Adds a read to a large set that has room, if it races with none: as
    /// [`WordSet::insert_with_care`], in fewer steps.  `None` where that must decide; then
    /// nothing has changed.
    // Apart, so that callers on a goroutine's own stack need no room for both ways.
    #[inline(never)]
    pub fn add_read(&mut self, new: Record, order: &impl Order) -> Option<Insert> {
        let has_room = self.len < self.records.len();
        if new.kind().is_write() || self.writes > FEW || self.len <= LOOK_AT_ALL || !has_room {
            return None;
        }
        let stands = |old: Record| old.segment() == new.segment() && old.covers(new);
        for bits in &self.records[..self.writes] {
            let old = load(bits)?;
            if stands(old) {
                return Some(Insert::Known);
            }
            if old.conflicts_with(new) && !order.knows(old.segment()) {
                return None;
            }
        }
        let stored = Some(Insert::Stored(Stored::default()));
        let newest = (self.len - NEWEST).max(self.writes);
        for bits in &self.records[newest..self.len] {
            let old = load(bits)?;
            if stands(old) {
                return Some(Insert::Known);
            }
            if let Some(both) = old.merged(new) {
                bits.store(both.bits(), Relaxed);
                return stored;
            }
            if new.covers(old) && order.knows(old.segment()) {
                bits.store(new.bits(), Relaxed);
                return stored;
            }
        }
        self.push(new);
        stored
    }

    /// Drops all records.
    pub fn clear(&mut self) {
        (self.len, self.writes) = (0, 0);
    }

    /// Drops the records for which `keep` is false.
    pub fn retain(&mut self, mut keep: impl FnMut(Record) -> bool) {
        let mut i = 0;
        while i < self.len {
            if keep(self.get(i)) {
                i += 1;
            } else {
                self.remove(i);
            }
        }
    }

    /// Whether the goroutine whose present segment is that of `new` has
    /// nothing to add.
    pub fn stands_for(&self, new: Record) -> bool {
        let from = if self.len > LOOK_AT_ALL {
            self.len - NEWEST
        } else {
            self.writes
        };
        let newest = self.records[from.max(self.writes)..self.len].iter();
        self.records[..self.writes]
            .iter()
            .chain(newest)
            .any(|bits| {
                load(bits).is_some_and(|old| old.segment() == new.segment() && old.covers(new))
            })
    }

    /// Adds an access of the present goroutine.  Calls `race` with every record
    /// that it races with; never when the answer is [`Insert::Full`].
    pub fn insert(
        &mut self,
        new: Record,
        order: &impl Order,
        mut race: impl FnMut(Record),
    ) -> Insert {
        match self.insert_plainly(new, order) {
            Some(inserted) => inserted,
            None => self.insert_with_care(new, order, &mut race),
        }
    }

    /// As [`WordSet::insert`], where [`WordSet::insert_plainly`] did not decide.
    pub fn insert_with_care(
        &mut self,
        new: Record,
        order: &impl Order,
        race: &mut impl FnMut(Record),
    ) -> Insert {
        if self.stands_for(new) {
            return Insert::Known;
        }
        let all = new.kind().is_write() || self.len <= LOOK_AT_ALL;
        let mut stored_as = new;
        let mut raced = false;
        let mut i = 0;
        while i < self.len {
            if !all && i >= self.writes && i + NEWEST < self.len {
                i = self.len - NEWEST;
            }
            let old = self.get(i);
            if let Some(both) = old.merged(stored_as) {
                stored_as = both;
                self.remove(i);
                continue;
            }
            let conflict = old.conflicts_with(new);
            let covered = new.covers(old) || stored_as.covers(old) && order.is_own(old.segment());
            if (conflict || covered) && order.knows(old.segment()) {
                if covered {
                    self.remove(i);
                    continue;
                }
            } else {
                raced |= conflict;
            }
            i += 1;
        }
        let mut stored = Stored::default();
        if self.len == self.records.len() {
            match self.make_room(new, order) {
                Some(ended) => stored.ended = ended,
                None => return Insert::Full,
            }
        }
        if raced {
            stored.raced = self.report(new, order, race);
        }
        self.push(stored_as);
        Insert::Stored(stored)
    }

    /// Removes the records whose bit is set.
    #[inline(always)]
    fn remove_all(&mut self, gone: u32) {
        for i in (0..self.len).rev() {
            if gone >> i & 1 != 0 {
                self.remove(i);
            }
        }
    }

    /// Adds a record, in place of those whose bit is set.  False where there is
    /// no room.
    #[inline(always)]
    fn put_in_place_of(&mut self, gone: u32, new: Record) -> bool {
        let is_write = new.kind().is_write();
        if gone == 0 {
            let has_room = self.len < self.records.len();
            if has_room {
                self.push(new);
            }
            return has_room;
        }
        if gone == (1 << self.len) - 1 {
            self.records[0].store(new.bits(), Relaxed);
            (self.len, self.writes) = (1, usize::from(is_write));
            return true;
        }
        let first = gone.trailing_zeros() as usize;
        if gone & (gone - 1) == 0 && (first < self.writes) == is_write {
            self.records[first].store(new.bits(), Relaxed);
            return true;
        }
        self.remove_all(gone);
        self.push(new);
        true
    }

    /// Adds a record to a small set that has room, if it races with none: what
    /// [`WordSet::insert`] usually does, in fewer steps.  `None` where that
    /// must decide; then nothing has changed.
    #[inline]
    pub fn insert_plainly(&mut self, new: Record, order: &impl Order) -> Option<Insert> {
        if self.len > FEW {
            return None;
        }
        let (mut gone, mut others) = (0u32, 0u32);
        let mut takes = None;
        let mut together = Together::of(new);
        for (i, bits) in self.records[..self.len].iter().enumerate() {
            let old = load(bits)?;
            if old.segment() == new.segment() {
                if old.covers(new) {
                    return Some(Insert::Known);
                }
                together.add(old);
                if let Some(both) = old.merged(new) {
                    takes = Some((bits, both));
                    continue;
                }
            } else {
                others |= 1 << i;
            }
            let (conflicts, covers) = (new.conflicts_with(old), new.covers(old));
            if conflicts | covers {
                if order.knows(old.segment()) {
                    gone |= u32::from(covers) << i;
                } else if conflicts {
                    return None;
                }
            }
        }
        others &= !gone;
        if others != 0 && together.is_more_than(new) {
            for (i, bits) in self.records[..self.len].iter().enumerate() {
                let old = load(bits)?;
                let covers = others >> i & 1 != 0 && together.covers(old);
                gone |= u32::from(covers && order.is_own(old.segment())) << i;
            }
        }
        if let Some((place, both)) = takes {
            place.store(both.bits(), Relaxed);
            if gone != 0 {
                self.remove_all(gone);
            }
        } else if !self.put_in_place_of(gone, new) {
            return None;
        }
        Some(Insert::Stored(Stored::default()))
    }

    /// Calls `race` with all that the new record races with.
    fn report(&mut self, new: Record, order: &impl Order, race: &mut impl FnMut(Record)) -> usize {
        let mut dropped = 0;
        let mut i = 0;
        while i < self.len {
            let old = self.get(i);
            if old.conflicts_with(new) && !order.knows(old.segment()) {
                race(old);
                if self.len >= RACED_ALIKE && old.reads_alike(new) {
                    self.remove(i);
                    dropped += 1;
                    continue;
                }
            }
            i += 1;
        }
        dropped
    }

    /// Calls `race` with all that the new record races with, and leaves the set
    /// as it is: what is left where it cannot be stored.
    pub fn report_only(&self, new: Record, order: &impl Order, race: impl FnMut(Record)) {
        self.iter()
            .filter(|old| old.conflicts_with(new) && !order.knows(old.segment()))
            .for_each(race);
    }

    /// Drops what `new` stands for, and if that is too little what the bound on
    /// ended goroutines allows.  The number that went by the bound; `None` if
    /// there is still too little room, since this pass over all records must
    /// pay for the next.
    fn make_room(&mut self, new: Record, order: &impl Order) -> Option<usize> {
        let mut i = 0;
        while i < self.len {
            let old = self.get(i);
            if new.covers(old) && order.knows(old.segment()) {
                self.remove(i);
            } else {
                i += 1;
            }
        }
        let pays = |len: usize| len + len / 4 < self.records.len();
        if pays(self.len) {
            return Some(0);
        }
        if !order.memory_is_short() {
            return None;
        }
        let place = |bits: &u64| *bits >> crate::record::SEGMENT_BITS;
        let mut bits: Vec<u64> = self.records[..self.len]
            .iter()
            .map(|word| word.load(Relaxed))
            .collect();
        bits[..self.writes].sort_unstable_by_key(place);
        bits[self.writes..].sort_unstable_by_key(place);
        let (mut last, mut alike) = (u64::MAX, 0);
        let mut kept_writes = 0;
        let mut kept = Vec::with_capacity(bits.len());
        for (i, word) in bits.iter().enumerate() {
            if place(word) != last {
                (last, alike) = (place(word), 0);
            }
            let ended =
                Record::from_bits(*word).is_some_and(|record| order.has_ended(record.segment()));
            alike += usize::from(ended);
            if !ended || alike <= ENDED_ALIKE {
                kept_writes += usize::from(i < self.writes);
                kept.push(*word);
            }
        }
        if !pays(kept.len()) {
            return None;
        }
        for (place, word) in self.records.iter().zip(&kept) {
            place.store(*word, Relaxed);
        }
        (self.len, self.writes) = (kept.len(), kept_writes);
        Some(bits.len() - kept.len())
    }

    /// Storage below `len` holds records only; the other answer never comes up.
    fn get(&self, i: usize) -> Record {
        load(&self.records[i]).unwrap_or(Record::new(
            Segment(0),
            StackId(0),
            Span::WHOLE,
            Kind::Read,
        ))
    }

    #[inline(always)]
    fn copy(&self, from: usize, to: usize) {
        self.records[to].store(self.records[from].load(Relaxed), Relaxed);
    }

    #[inline(always)]
    fn push(&mut self, new: Record) {
        let end = self.len;
        if new.kind().is_write() {
            self.copy(self.writes, end);
            self.records[self.writes].store(new.bits(), Relaxed);
            self.writes += 1;
        } else {
            self.records[end].store(new.bits(), Relaxed);
        }
        self.len += 1;
    }

    #[inline(always)]
    fn remove(&mut self, i: usize) {
        let last = self.len - 1;
        if i < self.writes {
            self.writes -= 1;
            self.copy(self.writes, i);
            self.copy(last, self.writes);
        } else {
            self.copy(last, i);
        }
        self.len = last;
    }
}

#[inline(always)]
fn load(word: &AtomicU64) -> Option<Record> {
    Record::from_bits(word.load(Relaxed))
}
