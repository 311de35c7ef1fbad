//! Small sets of records that many words share.
//!
//! A table that was filled by one goroutine and is read by another has two
//! records in each of its words, and the same two in most.  Such a set is
//! stored once, its words name it by a number, and it never changes: a word
//! with one more record names another set.  So looking at it needs no lock, and
//! a goroutine that has seen one of its words knows the answer for all of them
//! ([`crate::recent`]).
//!
//! # Numbers are used again
//!
//! A set that no cell names any more is freed by [`crate::reclaim`].  A pass
//! begins with [`begin_marking`] and waits until every goroutine that was in
//! the middle of an access has left it.  From then on each set that is looked
//! up is marked here, and the pass marks those that it finds in cells.  A set
//! with neither mark was in no cell when the pass came by and did not get into
//! one since, and none can: [`shared`] is the only way, but for what is
//! remembered, which does not hold any more when [`epoch`] has changed.

use crate::bits::Bits;
use crate::lock::Lock;
use crate::region::Region;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use gosan_engine::record::Record;
use gosan_engine::word_set::WordSet;

/// The most records that a shared set has.
pub const ROOM: usize = 4;
/// Bits of a set's number.
pub const ID_BITS: u32 = 24;
const LIMIT: usize = 1 << ID_BITS;
/// New sets, at least, between two passes of reclaim.
const RECLAIM_SETS: u32 = 1 << 18;
const FIRST_TABLE: usize = 1 << 10;

/// The number of a set, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetId(pub u32);

/// The records of a set: writes first, in the order of their bits; the rest 0.
type Entry = [AtomicU64; ROOM];

// SAFETY: zero is a valid array of atomics.
static ENTRIES: Region<Entry> = unsafe { Region::new(LIMIT) };
static SETS: Lock<Sets> = Lock::new(Sets {
    table: Vec::new(),
    used: 0,
    freed: Vec::new(),
    new: 0,
    marks: None,
});
static EPOCH: AtomicU32 = AtomicU32::new(1);

struct Sets {
    /// Open addressing by the content; 0 is an empty place.
    table: Vec<u32>,
    /// The largest number ever used.
    used: u32,
    freed: Vec<u32>,
    /// Sets made since the last pass of reclaim.
    new: u32,
    /// During a pass: what was looked up since it began.
    marks: Option<Bits>,
}

/// Reserves the address space.
pub fn reserve() -> bool {
    ENTRIES.reserve() && ENTRIES.ensure(0)
}

/// Changes when a pass of reclaim begins and when it ends: what was remembered
/// of sets does not hold any more.
#[inline]
pub fn epoch() -> u32 {
    EPOCH.load(Ordering::Acquire)
}

/// Where the hooks of the assembled GOROOT find the records of set 0.
pub fn address() -> usize {
    ENTRIES.pointer(0) as usize
}

/// The records of a set.
#[inline]
pub fn records(id: SetId) -> impl Iterator<Item = Record> {
    ENTRIES
        .get(id.0 as usize)
        .iter()
        .filter_map(|word| Record::from_bits(word.load(Ordering::Relaxed)))
}

/// Whether the set has a record of `new`'s segment that stands for it; to be
/// believed only if the cell names the same set afterwards.
#[inline]
pub fn peek(id: SetId, new: Record) -> bool {
    records(id).any(|old| old.segment() == new.segment() && old.covers(new))
}

/// The shared set with these records, which there are at most [`ROOM`] of, and
/// the epoch in which that holds.  `None` where there is no number for it.
pub fn shared(set: &WordSet) -> Option<(SetId, u32)> {
    let mut content = [0; ROOM];
    for (place, record) in content.iter_mut().zip(set.iter()) {
        *place = record.bits();
    }
    let (writes, reads) = content[..set.len()].split_at_mut(set.writes());
    writes.sort_unstable();
    reads.sort_unstable();

    let mut sets = SETS.lock();
    let id = match sets.find(&content) {
        Some(id) => id,
        None => sets.add(&content)?,
    };
    if let Some(marks) = &mut sets.marks {
        marks.add(id);
    }
    Some((SetId(id), EPOCH.load(Ordering::Relaxed)))
}

/// Keeps every set that a cell names now what it is.
pub fn hold() -> impl Sized {
    SETS.lock()
}

/// Begins a pass of reclaim.
pub fn begin_marking() {
    let mut sets = SETS.lock();
    sets.marks = Some(Bits::new());
    EPOCH.fetch_add(1, Ordering::Release);
}

/// Ends a pass: frees the sets that no cell names and that were not looked up
/// since it began.
pub fn sweep(in_cells: &Bits) {
    let mut sets = SETS.lock();
    let marks = sets.marks.take().unwrap_or_default();
    let freed = Bits::of(&sets.freed);
    sets.table.fill(0);
    for id in 1..=sets.used {
        if in_cells.has(id) || marks.has(id) {
            sets.place(id);
        } else if !freed.has(id) {
            sets.freed.push(id);
        }
    }
    sets.new = 0;
    // Before anybody can get a freed number: the lock is still held.
    EPOCH.fetch_add(1, Ordering::Release);
}

/// Sets in use now.
pub fn in_use() -> usize {
    let sets = SETS.lock();
    sets.used as usize - sets.freed.len()
}

fn content_of(id: u32) -> [u64; ROOM] {
    ENTRIES
        .get(id as usize)
        .each_ref()
        .map(|word| word.load(Ordering::Relaxed))
}

fn hash(content: &[u64; ROOM]) -> usize {
    let mixed = content.iter().fold(0u64, |sum, word| {
        (sum.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    (mixed ^ mixed >> 32) as usize
}

impl Sets {
    fn find(&self, content: &[u64; ROOM]) -> Option<u32> {
        let mask = self.table.len().checked_sub(1)?;
        let mut index = hash(content);
        loop {
            match self.table[index & mask] {
                0 => return None,
                id if content_of(id) == *content => return Some(id),
                _ => index += 1,
            }
        }
    }

    fn add(&mut self, content: &[u64; ROOM]) -> Option<u32> {
        let id = match self.freed.pop() {
            Some(id) => id,
            None if self.used as usize + 1 < LIMIT && ENTRIES.ensure(self.used as usize + 1) => {
                self.used += 1;
                self.used
            }
            None => return None,
        };
        for (word, bits) in ENTRIES.get(id as usize).iter().zip(content) {
            word.store(*bits, Ordering::Relaxed);
        }
        let in_use = self.used as usize - self.freed.len();
        if in_use * 2 > self.table.len() {
            let size = (self.table.len() * 2).max(FIRST_TABLE);
            let old = core::mem::replace(&mut self.table, alloc::vec![0; size]);
            old.into_iter()
                .filter(|id| *id != 0)
                .for_each(|id| self.place(id));
        }
        self.place(id);
        self.new += 1;
        if self.new >= RECLAIM_SETS.max(in_use as u32 / 2) {
            crate::ids::want_reclaim();
        }
        Some(id)
    }

    fn place(&mut self, id: u32) {
        let mask = self.table.len() - 1;
        let mut index = hash(&content_of(id));
        while self.table[index & mask] != 0 {
            index += 1;
        }
        self.table[index & mask] = id;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gosan_engine::record::{Kind, Segment, StackId};
    use gosan_engine::span::Span;

    fn pair(first: u32, second: u32) -> SetId {
        let storage = [const { AtomicU64::new(0) }; ROOM];
        let mut set = WordSet::new(&storage, 0, 0);
        for (segment, kind) in [(first, Kind::Write), (second, Kind::Read)] {
            set.put(Record::new(Segment(segment), StackId(7), Span::WHOLE, kind));
        }
        shared(&set).expect("there is a number").0
    }

    #[test]
    fn equal_sets_are_one_and_what_no_cell_names_goes() {
        crate::test_support::reserve();
        let many: Vec<SetId> = (1..5000).map(|i| pair(i, 9)).collect();
        assert_eq!(pair(17, 9), many[16]);
        assert_ne!(pair(17, 8), many[16]);
        assert_eq!(records(many[16]).count(), 2);

        let before = epoch();
        begin_marking();
        assert_eq!(pair(18, 9), many[17], "found, and so marked");
        let mut in_cells = Bits::new();
        in_cells.add(many[16].0);
        let all = in_use();
        sweep(&in_cells);
        assert!(epoch() > before);
        assert!(in_use() < all - 4900);
        assert_eq!(pair(17, 9), many[16]);
        assert_eq!(pair(18, 9), many[17]);
    }
}
