//! Out-of-line state of a word: more than one record, or sync objects.
//!
//! A box is `4 << class` words of a region: two words of header, then records.
//! Any but the smallest begins with a cache line.
//!
//! ```text
//! word 0: | generation 24 | writes 20 | len 20 |
//! word 1: | class 16 | address of the first sync object 48 |
//! ```
//!
//! Whoever holds the lock bit of the cell that names a box owns it.  One
//! reader goes without the lock: it looks for a record of *its own* present
//! segment ([`peek`]), which nobody else writes, and then checks that the cell
//! still names the box in the same generation.

use crate::lock::Lock;
use crate::recent;
use crate::region::Region;
use crate::sync::SyncObject;
use alloc::boxed::Box;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use gosan_engine::clock::Slot;
use gosan_engine::record::{Kind, Record, Segment};
use gosan_engine::word_set::{self, Order, WordSet};

const HEADER: usize = 2;
const UNIT_WORDS: usize = 4;
const UNITS_IN_LINE: usize = 2;
/// The largest class holds half a million records of one word.
const CLASSES: usize = 18;
/// 32-byte units: 64 GiB of address space.
const LIMIT: usize = 1 << 31;
/// Units committed beyond the last box, so that a peek at an outdated length
/// stays inside the region.
const SLACK: usize = 8;
/// Boxes with more records are not looked through, see [`crate::recent`].
pub const PEEK: usize = 6;
/// The smallest class that counts as large: 62 records.
const LARGE: usize = 4;
/// Units in large boxes, 8 MiB or a million records, above which ended
/// goroutines no longer make a box grow.
const PLENTY: usize = (8 << 20) / (8 * UNIT_WORDS);

const LEN_BITS: u32 = 20;
const LEN_MASK: u64 = (1 << LEN_BITS) - 1;
const GENERATION_SHIFT: u32 = 2 * LEN_BITS;
/// Uses of a unit that are told apart, as a power of two.
pub const GENERATION_BITS: u32 = 24;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
const _: () = assert!(GENERATION_SHIFT + GENERATION_BITS == 64);
const POINTER_MASK: u64 = (1 << 48) - 1;

// SAFETY: zero is a valid array of atomics.
static UNITS: Region<[AtomicU64; UNIT_WORDS]> = unsafe { Region::new(LIMIT) };
static FREE: [Lock<u32>; CLASSES] = [const { Lock::new(0) }; CLASSES];
/// The first unit that was never used; unit 0 means none.
static NEXT: Lock<usize> = Lock::new(1);

/// Units of large boxes that are in use.
static LARGE_UNITS: AtomicUsize = AtomicUsize::new(0);

/// Whether large boxes take so much memory that ended goroutines may no longer
/// make one grow.
pub fn are_plenty() -> bool {
    LARGE_UNITS.load(Ordering::Relaxed) >= PLENTY
}

/// Reserves the address space of all boxes.
pub fn reserve() -> bool {
    UNITS.reserve()
}

/// Where the hooks of the assembled GOROOT find unit 0.
pub fn address() -> usize {
    UNITS.pointer(0) as usize
}

/// A box that the caller owns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BoxId {
    /// The first unit.
    pub unit: u32,
    /// Differs between two uses of the same unit.
    pub generation: u32,
}

/// Takes a box with room for at least `records`; the largest there is where
/// that is too many.
pub fn take(records: usize) -> BoxId {
    let mut class = 0;
    while class + 1 < CLASSES && capacity(class) < records {
        class += 1;
    }
    if class >= LARGE {
        LARGE_UNITS.fetch_add(1 << class, Ordering::Relaxed);
    }
    match take_of(class, |last| UNITS.ensure(last)) {
        Some(id) => id,
        None => crate::fatal("gosan: out of memory for the records of accesses"),
    }
}

/// Takes a box of the smallest class, if that needs no memory from the system.
#[inline(always)]
pub fn take_at_hand() -> Option<BoxId> {
    take_of(0, |last| UNITS.has(last))
}

#[inline(always)]
fn take_of(class: usize, ensure: impl FnOnce(usize) -> bool) -> Option<BoxId> {
    let mut first = FREE[class].lock();
    let unit = *first;
    if unit != 0 {
        *first = words(unit)[1].load(Ordering::Relaxed) as u32;
    }
    drop(first);
    if unit != 0 {
        return Some(fresh(unit, class));
    }
    let units = 1 << class;
    let mut next = NEXT.lock();
    let before = *next;
    // Each in as few cache lines as can be.
    let unit = before.next_multiple_of(units.min(UNITS_IN_LINE));
    if !ensure(unit + units + SLACK) {
        return None;
    }
    *next = unit + units;
    drop(next);
    for between in before..unit {
        put_on_list(between as u32, 0);
    }
    Some(fresh(unit as u32, class))
}

/// A unit that begins a box of this class which nobody has.
#[inline(always)]
fn put_on_list(unit: u32, class: usize) {
    let mut first = FREE[class].lock();
    words(unit)[1].store(*first as u64 | (class as u64) << 48, Ordering::Relaxed);
    *first = unit;
}

/// A box of a class that nobody has, in its next generation.
#[inline]
fn fresh(unit: u32, class: usize) -> BoxId {
    let head = words(unit);
    let generation = ((head[0].load(Ordering::Relaxed) >> GENERATION_SHIFT) + 1) & GENERATION_MASK;
    head[1].store((class as u64) << 48, Ordering::Relaxed);
    head[0].store(generation << GENERATION_SHIFT, Ordering::Release);
    BoxId {
        unit,
        generation: generation as u32,
    }
}

/// Gives a box back.  Its sync objects must have been taken out.
///
/// After its last generation a box is not used again, so that no cell ever
/// names two uses of a box alike: one box goes to waste in 16 million uses.
pub fn give_back(id: BoxId) {
    let head = words(id.unit);
    let class = (head[1].load(Ordering::Relaxed) >> 48) as usize;
    if class >= LARGE {
        LARGE_UNITS.fetch_sub(1 << class, Ordering::Relaxed);
    }
    if id.generation as u64 == GENERATION_MASK {
        return;
    }
    put_on_list(id.unit, class);
}

/// Whether the box holds a record of `new`'s segment that stands for it; to be
/// believed only if the cell names the same box afterwards.
#[inline]
pub fn peek(id: BoxId, new: Record) -> bool {
    let head = words(id.unit)[0].load(Ordering::Acquire);
    if head >> GENERATION_SHIFT != id.generation as u64 {
        return false;
    }
    let len = (head & LEN_MASK) as usize;
    len <= PEEK
        && (0..len).any(|i| {
            Record::from_bits(record(id.unit, i).load(Ordering::Relaxed))
                .is_some_and(|old| old.segment() == new.segment() && old.covers(new))
        })
}

/// The box that a unit begins, in its present generation.
#[inline]
pub fn in_unit(unit: u32) -> BoxId {
    let head = words(unit)[0].load(Ordering::Acquire);
    BoxId {
        unit,
        generation: (head >> GENERATION_SHIFT) as u32,
    }
}

/// The records of an owned box.
#[inline(always)]
pub fn set_of(id: BoxId) -> WordSet<'static> {
    let (len, writes) = lengths(id);
    let capacity = capacity(class_of(id));
    // SAFETY: a box's words lie one after the other in the region, committed
    // when it was taken, and atomics may be shared.
    let records = unsafe { core::slice::from_raw_parts(record(id.unit, 0), capacity) };
    WordSet::new(records, len, writes)
}

/// Whether an owned box of one or two known records took another one: see
/// [`word_set::renew`].
#[inline(always)]
pub fn renew(
    id: BoxId,
    new: Record,
    kind: Kind,
    knows: impl Fn(Segment) -> bool,
    is_own: impl Fn(Segment) -> bool,
) -> bool {
    let [head, _, records @ ..] = words(id.unit);
    let bits = head.load(Ordering::Relaxed);
    let numbers = (
        (bits & LEN_MASK) as usize,
        (bits >> LEN_BITS & LEN_MASK) as usize,
    );
    let Some((len, writes)) = word_set::renew(records, numbers, new, kind, knows, is_own) else {
        return false;
    };
    head.store(header(id, len, writes), Ordering::Release);
    true
}

/// As [`renew`], where the records are the goroutine's own.
#[inline(always)]
pub fn renew_own(id: BoxId, new: Record, kind: Kind, order: &impl Order) -> bool {
    let is_own = |segment| order.is_own(segment);
    renew(id, new, kind, is_own, is_own)
}

/// Whether an owned box of few records took another one: see
/// [`WordSet::renew_read`], [`WordSet::insert_plainly`] and [`WordSet::add_read`].
#[inline(never)]
pub fn insert_plainly(id: BoxId, new: Record, slot: Slot, order: &impl Order) -> bool {
    let knows = |segment| order.knows(segment);
    if renew(id, new, new.kind(), knows, |segment| order.is_own(segment)) {
        return true;
    }
    let mut set = set_of(id);
    if set.renew_read(new, order, recent::place(id.unit, slot)) {
        return true;
    }
    if set.insert_plainly(new, order).is_some() {
        set_lengths(id, &set);
        return true;
    }
    let added = set.add_read(new, order).is_some();
    if added {
        set_lengths(id, &set);
        guess_last(id, slot);
    }
    added
}

/// The number of records, and of writes among them.
#[inline]
pub fn lengths(id: BoxId) -> (usize, usize) {
    let head = words(id.unit)[0].load(Ordering::Relaxed);
    (
        (head & LEN_MASK) as usize,
        (head >> LEN_BITS & LEN_MASK) as usize,
    )
}

/// The record of an owned box that has just one.
#[inline]
pub fn only_record(id: BoxId) -> Option<Record> {
    let bits = record(id.unit, 0).load(Ordering::Relaxed);
    Record::from_bits(bits).filter(|_| lengths(id).0 == 1)
}

/// The goroutine of a slot has put a read into an owned box, as the last one it may
/// be.
pub fn guess_last(id: BoxId, slot: Slot) {
    let (len, writes) = lengths(id);
    let last = (len - writes).saturating_sub(1);
    recent::place(id.unit, slot).store(last as u32, Ordering::Relaxed);
}

/// Stores the lengths after the set was changed.
#[inline(always)]
pub fn set_lengths(id: BoxId, set: &WordSet) {
    words(id.unit)[0].store(header(id, set.len(), set.writes()), Ordering::Release);
}

#[inline]
fn header(id: BoxId, len: usize, writes: usize) -> u64 {
    len as u64 | (writes as u64) << LEN_BITS | (id.generation as u64) << GENERATION_SHIFT
}

/// A box with room for more, with the same content, in place of the owned one.
/// `None` where there is no larger one.
pub fn grown(id: BoxId) -> Option<BoxId> {
    let class = class_of(id);
    (class + 1 < CLASSES).then(|| move_to(id, take(capacity(class) + 1)))
}

/// As [`grown`], where the owned box is full and that needs no memory from the system.
#[inline(never)]
pub fn grown_at_hand(id: BoxId) -> Option<BoxId> {
    let class = class_of(id);
    let is_full = lengths(id).0 == capacity(class);
    if !is_full || class + 1 >= LARGE {
        return None;
    }
    Some(move_to(id, take_of(class + 1, |last| UNITS.has(last))?))
}

/// Another box with the same content in place of the owned one.
pub fn moved(id: BoxId) -> BoxId {
    move_to(id, take(capacity(class_of(id))))
}

/// A new box with two records.
pub fn with_two(a: Record, b: Record) -> BoxId {
    let id = take(2);
    put_two(id, a, b);
    id
}

/// Puts two records into an empty box.
#[inline]
pub fn put_two(id: BoxId, a: Record, b: Record) {
    let writes = usize::from(a.kind().is_write()) + usize::from(b.kind().is_write());
    // Writes come first.
    let (first, second) = match a.kind().is_write() {
        true => (a, b),
        false => (b, a),
    };
    let [head, _, places @ ..] = words(id.unit);
    places[0].store(first.bits(), Ordering::Relaxed);
    places[1].store(second.bits(), Ordering::Relaxed);
    head.store(header(id, 2, writes), Ordering::Release);
}

/// A new box with these records.
pub fn holding(set: &WordSet) -> BoxId {
    let id = take(set.len());
    let mut copy = set_of(id);
    set.iter().for_each(|record| copy.put(record));
    set_lengths(id, &copy);
    id
}

#[inline]
fn class_of(id: BoxId) -> usize {
    (words(id.unit)[1].load(Ordering::Relaxed) >> 48) as usize
}

fn move_to(id: BoxId, new: BoxId) -> BoxId {
    let (len, writes) = lengths(id);
    for i in 0..len {
        let bits = record(id.unit, i).load(Ordering::Relaxed);
        record(new.unit, i).store(bits, Ordering::Relaxed);
    }
    words(new.unit)[0].store(header(new, len, writes), Ordering::Release);
    let (from, to) = (&words(id.unit)[1], &words(new.unit)[1]);
    let bits = from.load(Ordering::Relaxed);
    from.store(bits & !POINTER_MASK, Ordering::Relaxed);
    to.store(
        to.load(Ordering::Relaxed) | bits & POINTER_MASK,
        Ordering::Relaxed,
    );
    give_back(id);
    new
}

/// Whether sync objects hang on the box.
#[inline]
pub fn has_sync(id: BoxId) -> bool {
    words(id.unit)[1].load(Ordering::Relaxed) & POINTER_MASK != 0
}

/// Takes the sync objects out.
pub fn take_sync(id: BoxId) -> Option<Box<SyncObject>> {
    let word = &words(id.unit)[1];
    let bits = word.load(Ordering::Relaxed);
    word.store(bits & !POINTER_MASK, Ordering::Relaxed);
    let pointer = (bits & POINTER_MASK) as *mut SyncObject;
    // SAFETY: the pointer came from `Box::into_raw` in `set_sync`, and it was
    // just taken out of the only place that held it.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// Puts sync objects in; there must be none.
pub fn set_sync(id: BoxId, objects: Option<Box<SyncObject>>) {
    if let Some(objects) = objects {
        let word = &words(id.unit)[1];
        let bits = word.load(Ordering::Relaxed);
        debug_assert!(bits & POINTER_MASK == 0);
        word.store(bits | Box::into_raw(objects) as u64, Ordering::Relaxed);
    }
}

/// The first sync object of an owned box, null where there is none.
#[inline]
pub fn sync_pointer(id: BoxId) -> *mut SyncObject {
    (words(id.unit)[1].load(Ordering::Relaxed) & POINTER_MASK) as *mut SyncObject
}

#[inline]
fn capacity(class: usize) -> usize {
    (UNIT_WORDS << class) - HEADER
}

#[inline]
fn words(unit: u32) -> &'static [AtomicU64; UNIT_WORDS] {
    UNITS.get(unit as usize)
}

#[inline]
fn record(unit: u32, i: usize) -> &'static AtomicU64 {
    let at = HEADER + i;
    &UNITS.get(unit as usize + at / UNIT_WORDS)[at % UNIT_WORDS]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use gosan_engine::record::StackId;
    use gosan_engine::span::Span;

    #[test]
    fn a_box_is_not_used_again_after_its_last_generation() {
        crate::test_support::reserve();
        // Of a class that no other test takes.
        let records = capacity(CLASSES - 2);
        let unit = take(records).unit;
        let last = GENERATION_MASK << GENERATION_SHIFT;
        words(unit)[0].store(last, Ordering::Relaxed);
        give_back(BoxId {
            unit,
            generation: GENERATION_MASK as u32,
        });
        assert_ne!(take(records).unit, unit);
    }

    #[test]
    fn larger_boxes_begin_with_a_cache_line() {
        crate::test_support::reserve();
        for class in [2, 0, 2, 0, 0, 2] {
            let unit = take(capacity(class)).unit;
            assert!(class == 0 || unit.is_multiple_of(UNITS_IN_LINE as u32));
        }
    }

    #[test]
    fn a_full_box_grows_into_one_at_hand() {
        crate::test_support::reserve();
        let (records, class) = (capacity(2) as u32, 3);
        let record =
            |segment| Record::new(Segment(segment), StackId(segment), Span::WHOLE, Kind::Read);
        let id = take(capacity(2));
        let mut set = set_of(id);
        (1..records).for_each(|segment| set.put(record(segment)));
        set_lengths(id, &set);
        assert!(grown_at_hand(id).is_none(), "there is room");
        set.put(record(records));
        set_lengths(id, &set);
        // Of a class that no other test takes.
        give_back(take(capacity(class)));
        let larger = grown_at_hand(id).expect("one is at hand");
        assert_eq!(class_of(larger), class);
        assert_eq!(lengths(larger), (records as usize, 0));
        let kept: Vec<Record> = set_of(larger).iter().collect();
        assert_eq!(kept, (1..=records).map(record).collect::<Vec<_>>());
    }

    #[test]
    fn a_box_grows_with_its_content_and_comes_back_in_a_new_generation() {
        crate::test_support::reserve();
        let id = take(2);
        let mut set = set_of(id);
        let order = crate::test_support::Unordered;
        let record =
            |segment| Record::new(Segment(segment), StackId(segment), Span::WHOLE, Kind::Read);
        for segment in 1..=2 {
            set.insert(record(segment), &order, |_| {});
        }
        assert_eq!(
            set.insert(record(3), &order, |_| {}),
            gosan_engine::word_set::Insert::Full
        );
        set_lengths(id, &set);
        let larger = grown(id).expect("there is a larger class");
        assert_eq!(lengths(larger), (2, 0));
        assert!(peek(larger, record(2)) && !peek(larger, record(3)));
        give_back(larger);
        let again = take(6);
        assert_eq!(again.unit, larger.unit);
        assert_ne!(again.generation, larger.generation);
        assert!(
            !peek(larger, record(2)),
            "an old generation is not believed"
        );
    }
}
