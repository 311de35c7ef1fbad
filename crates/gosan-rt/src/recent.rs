//! What goroutines found out lately about words with several records.
//!
//! Small direct-mapped tables for all goroutines.  What an entry of
//! the first two says is about one goroutine's segment, and stays true as long as that
//! lasts:
//!
//! - *known*: the box that a cell names has a record of the segment that stands
//!   for a read, or a write, of these bytes.  It is for words that so many
//!   goroutines use that looking through the box takes long; others are looked
//!   through.  From a box the present segment's records go only with the box:
//!   see [`crate::cell`].
//! - *pairs*: a word with this content becomes that one by this access, and no
//!   race is in it.  What the goroutine knows only grows, so none comes up
//!   later; that a record could go meanwhile does no harm.  The content names a
//!   shared set, so an entry holds within one [`sets::epoch`].
//!
//! A third table guesses where in a box a goroutine's own read is, so that it is
//! renewed without looking through the box.  A guess is checked, so any will do.
//!
//! A set is made only when a pair has come up [`OFTEN`] times.  Words that are
//! handed from lock to lock, or read again in each of a goroutine's segments,
//! meet each pair a few times, and making sets of these would only be work for
//! reclaim.

use crate::sets::{self, SetId};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use gosan_engine::clock::Slot;
use gosan_engine::record::{Kind, Record, Segment};

/// How often a pair must be counted before its words share a set.
const OFTEN: u64 = 4;
/// Words are counted where these bits of the address, of the word or of its cell,
/// are 0: one of four.
const SAMPLED: usize = 3 << 3;
const KNOWN: usize = 1 << 10;
const PAIRS: usize = 1 << 12;
const PLACES: usize = 1 << 13;

/// Where the mask of bytes for reads begins in what is known.
const READS: u32 = 48;
/// Where the mask of bytes for writes begins.
const WRITES: u32 = 56;

static KNOWN_TABLE: [Entry; KNOWN] = [const { Entry::new() }; KNOWN];
static PAIR_TABLE: [Entry; PAIRS] = [const { Entry::new() }; PAIRS];

static PLACE_TABLE: [AtomicU32; PLACES] = [const { AtomicU32::new(0) }; PLACES];

/// One entry, behind a version that is odd while somebody changes it.  Who
/// finds it odd or changed goes without; who would change it then does not.
///
/// The hooks of the assembled GOROOT know the layout.
#[repr(C)]
struct Entry {
    version: AtomicU64,
    /// The content of a cell, without the lock bit.
    cell: AtomicU64,
    key: AtomicU64,
    value: AtomicU64,
}

impl Entry {
    const fn new() -> Entry {
        Entry {
            version: AtomicU64::new(0),
            cell: AtomicU64::new(0),
            key: AtomicU64::new(0),
            value: AtomicU64::new(0),
        }
    }

    #[inline]
    fn get(&self, cell: u64, key: u64) -> Option<u64> {
        let version = self.version.load(Ordering::Acquire);
        let same =
            self.cell.load(Ordering::Relaxed) == cell && self.key.load(Ordering::Relaxed) == key;
        let value = self.value.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let whole = version & 1 == 0 && self.version.load(Ordering::Relaxed) == version;
        (same && whole).then_some(value)
    }

    fn set(&self, cell: u64, key: u64, value: u64) {
        let version = self.version.load(Ordering::Relaxed);
        let taken = version & 1 == 0
            && self
                .version
                .compare_exchange(version, version + 1, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        if taken {
            // Nobody may see the new content under the old version.
            fence(Ordering::Release);
            self.cell.store(cell, Ordering::Relaxed);
            self.key.store(key, Ordering::Relaxed);
            self.value.store(value, Ordering::Relaxed);
            self.version.store(version + 2, Ordering::Release);
        }
    }
}

/// What is remembered of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remembered {
    /// It did not come up often lately.
    Nothing,
    /// It came up often, and each word got a box of its own.
    Often,
    /// The word gets this set.
    Becomes(SetId),
}

/// Where the hooks of the assembled GOROOT find what is known.
pub fn known_address() -> usize {
    KNOWN_TABLE.as_ptr() as usize
}

/// Whether the box that the cell names has a record of the same segment that stands
/// for this one.
#[inline]
pub fn knows(cell: u64, new: Record) -> bool {
    let (segment, mask) = (new.segment(), new.span().mask());
    let shift = match new.kind() {
        Kind::Read => READS,
        Kind::Write => WRITES,
        Kind::AtomicRead | Kind::AtomicWrite => return false,
    };
    known(cell, segment)
        .get(cell, segment.0 as u64)
        .is_some_and(|bytes| mask & !((bytes >> shift) as u8) == 0)
}

/// Remembers that the box which the cell names has this record of the
/// goroutine's present segment.
pub fn learn(cell: u64, record: Record) {
    let key = record.segment().0 as u64;
    let known = known(cell, record.segment());
    let mut bytes = known.get(cell, key).unwrap_or(0);
    let mask = record.span().mask() as u64;
    if record.kind().covers(Kind::Read) {
        bytes |= mask << READS;
    }
    if record.kind().covers(Kind::Write) {
        bytes |= mask << WRITES;
    }
    known.set(cell, key, bytes);
}

/// What is remembered of a word with this content and this access.
#[inline]
pub fn pair(cell: u64, new: Record) -> Remembered {
    match pair_entry(cell, new).get(cell, new.bits()) {
        Some(value) if value as u32 == sets::epoch() => match value >> 32 {
            ..OFTEN => Remembered::Nothing,
            OFTEN => Remembered::Often,
            set => Remembered::Becomes(SetId((set - OFTEN) as u32)),
        },
        _ => Remembered::Nothing,
    }
}

/// Remembers the set that a pair becomes, which was found in `epoch`.
pub fn remember(cell: u64, new: Record, set: SetId, epoch: u32) {
    let value = (set.0 as u64 + OFTEN) << 32 | epoch as u64;
    pair_entry(cell, new).set(cell, new.bits(), value);
}

/// Counts a pair whose word, at this address, got a box of its own: of neighbouring
/// words one stands for all.
#[inline(always)]
pub fn count(address: usize, cell: u64, new: Record) {
    if address & SAMPLED == 0 {
        count_sampled(cell, new);
    }
}

#[inline(never)]
fn count_sampled(cell: u64, new: Record) {
    let epoch = sets::epoch() as u64;
    let entry = pair_entry(cell, new);
    let times = match entry.get(cell, new.bits()) {
        Some(value) if value as u32 as u64 == epoch => (value >> 32).min(OFTEN - 1),
        _ => 0,
    };
    entry.set(cell, new.bits(), (times + 1) << 32 | epoch);
}

/// Where among the reads of a box that of a slot's owner may be.
#[inline]
pub fn place(box_unit: u32, slot: Slot) -> &'static AtomicU32 {
    let mixed = (box_unit ^ slot.rotate_left(16)).wrapping_mul(0x9e37_79b9);
    &PLACE_TABLE[(mixed >> 16) as usize % PLACES]
}

#[inline]
fn known(cell: u64, segment: Segment) -> &'static Entry {
    &KNOWN_TABLE[(cell as u32 ^ segment.0) as usize % KNOWN]
}

#[inline]
fn pair_entry(cell: u64, new: Record) -> &'static Entry {
    let mixed = (cell ^ new.bits().rotate_left(21)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    &PAIR_TABLE[(mixed >> 32) as usize % PAIRS]
}

#[cfg(test)]
mod tests {
    use super::*;
    use gosan_engine::record::StackId;
    use gosan_engine::span::Span;

    fn record(segment: u32, start: usize, kind: Kind) -> Record {
        Record::new(Segment(segment), StackId(3), Span::new(start, 1), kind)
    }

    #[test]
    fn what_was_learned_holds_for_its_segment_bytes_and_kind() {
        let cell = 5 << 31 | 8;
        learn(cell, record(7, 1, Kind::Read));
        learn(cell, record(7, 2, Kind::Write));
        let both = Record::new(Segment(7), StackId(3), Span::new(1, 2), Kind::Read);
        assert!(knows(cell, record(7, 1, Kind::Read)) && knows(cell, both));
        assert!(knows(cell, record(7, 2, Kind::Write)));
        assert!(!knows(cell, record(7, 1, Kind::Write)));
        assert!(!knows(cell, record(8, 1, Kind::Read)));
        assert!(!knows(cell, record(7, 0, Kind::Read)));
        assert!(!knows(cell, record(7, 1, Kind::AtomicRead)));
    }

    #[test]
    fn pairs_are_told_apart_and_end_with_the_epoch() {
        let epoch = sets::epoch();
        let (new, other) = (record(70, 1, Kind::Read), record(70, 2, Kind::Read));
        assert_eq!(pair(9, new), Remembered::Nothing);
        for _ in 0..OFTEN {
            assert_eq!(pair(9, new), Remembered::Nothing);
            count(64, 9, new);
            count(72, 9, other);
        }
        assert_eq!(pair(9, new), Remembered::Often);
        assert_eq!(pair(9, other), Remembered::Nothing);
        remember(9, new, SetId(77), epoch);
        assert_eq!(pair(9, new), Remembered::Becomes(SetId(77)));
        remember(9, new, SetId(77), epoch.wrapping_sub(1));
        assert_eq!(pair(9, new), Remembered::Nothing);
    }

    #[test]
    fn nobody_sees_half_of_an_entry() {
        static ENTRY: Entry = Entry::new();
        std::thread::scope(|scope| {
            for thread in 1..=2u64 {
                scope.spawn(move || {
                    for i in 0..200_000u64 {
                        let mark = i * 2 + thread;
                        ENTRY.set(mark, mark, mark);
                    }
                });
            }
            scope.spawn(|| {
                for cell in 0..400_000 {
                    if let Some(value) = ENTRY.get(cell, cell) {
                        assert_eq!(value, cell);
                    }
                }
            });
        });
    }
}
