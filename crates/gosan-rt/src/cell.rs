//! The cell of one word: what its shadow holds.
//!
//! A cell is empty (0), holds one record, or names a shared set of records
//! ([`crate::sets`]) or a box of its own ([`crate::boxes`]):
//!
//! ```text
//!  63  56  55  54  53     31  30  29  28  27            0
//! |   0  | 0  |    set      |             0               |
//! |   0  |lock| generation  |            unit             |
//! | bytes| 0    1 |       unit    | kind |    segment     |
//! ```
//!
//! The last form is a *note*: it names a box that nobody owns, and says that records
//! of the segment in it stand for accesses to these bytes, reads or writes.  It reads like
//! such a record, so that the hooks need not look into the box; its stack is a number that
//! no stack has.
//! A note does not say which generation of the box it names.  Who looks into the
//! box without owning it sees afterwards that it is the same ([`peek`]).
//!
//! A cell changes by compare-and-swap unless it names a box, which belongs to
//! whoever set the lock bit.  So all accesses to a word are in one order, and
//! of two that happen at the same instant on two processors the later in that
//! order sees the earlier.
//!
//! While a cell names the same box, in the same generation, the box has a
//! record for all that a live goroutine recorded there in its present segment:
//! nobody knows that segment, so no newer record stands for it.  What is
//! cleared takes the box along.

use crate::atomics::{self, AtomicU64};
use crate::boxes::{self, BoxId};
use crate::recent;
use crate::sets::{self, SetId};
use crate::stacks;
use core::num::NonZeroU64;
use core::sync::atomic::{Ordering, fence};
use gosan_engine::record::{Kind, Record, STACK_BITS, StackId};
use gosan_engine::span::Span;

/// No record has a top byte of 0, no box is unit 0, and no set has number 0.
const TAG_MASK: u64 = 0xff << 56;
const LOCKED: u64 = 1 << 55;
const UNIT_BITS: u32 = 31;
const UNIT_MASK: u64 = (1 << UNIT_BITS) - 1;
const _: () = assert!(UNIT_BITS + boxes::GENERATION_BITS == 55);
const _: () = assert!(UNIT_BITS + sets::ID_BITS == 55);
/// In the place of a stack in a note: this, and the unit.
const NOTE: u32 = 1 << NOTE_BITS;
const NOTE_BITS: u32 = STACK_BITS - 2;
const _: () = assert!(stacks::is_none(NOTE) && stacks::is_none(NOTE | (NOTE - 1)));

/// How often [`Cell::own_soon`] looks.
const SPINS: usize = 32;

/// The state of one word.
#[repr(transparent)]
pub struct Cell(AtomicU64);

/// What a cell holds.
#[derive(Clone, Copy)]
pub enum State {
    /// Never accessed since it was allocated.
    Empty,
    /// One record.
    One(Record),
    /// More, that other words have too.
    Shared(SetId),
    /// More, out of line.
    Boxed {
        /// Whether somebody owns it.
        locked: bool,
    },
}

impl Cell {
    /// An empty cell, apart from any memory.
    #[cfg(all(test, loom))]
    pub fn new() -> Cell {
        Cell(AtomicU64::new(0))
    }

    /// What it holds now.
    #[inline(always)]
    pub fn load(&self) -> (u64, State) {
        let bits = self.0.load(Ordering::Acquire);
        (bits, State::of(bits))
    }

    /// Replaces what it held if it still does.
    #[inline]
    pub fn replace(&self, bits: u64, new: u64) -> bool {
        self.0
            .compare_exchange(bits, new, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// The raw content.
    #[inline]
    pub fn bits(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Makes the cell boxed, if it is not, and owns the box.
    #[inline]
    pub fn lock(&self) -> Owned<'_> {
        if let (bits, State::Boxed { locked: false }) = self.load()
            && let Some(id) = self.try_own(bits)
        {
            return Owned::new(self, id);
        }
        self.lock_slowly()
    }

    #[inline(never)]
    fn lock_slowly(&self) -> Owned<'_> {
        loop {
            if let Some(owned) = self.lock_boxed() {
                return owned;
            }
            let (bits, state) = self.load();
            // While the sets are held, one that a cell names stays.
            let _held = matches!(state, State::Shared(_)).then(sets::hold);
            if self.bits() != bits || State::is_boxed(bits) {
                continue;
            }
            let room = match state {
                State::Shared(_) => sets::ROOM,
                _ => 2,
            };
            let id = boxes::take(room);
            let mut set = boxes::set_of(id);
            state.for_each_small(|record| set.put(record));
            boxes::set_lengths(id, &set);
            if self.replace(bits, boxed(id) | LOCKED) {
                return Owned::new(self, id);
            }
            boxes::give_back(id);
        }
    }

    /// Owns the box that an unlocked content names, if it still does.
    #[inline(always)]
    pub fn try_own(&self, bits: u64) -> Option<BoxId> {
        match note(bits) {
            None => self.replace(bits, bits | LOCKED).then(|| boxed_in(bits)),
            // Which generation it is, is sure only afterwards; until then it is none, in
            // which nobody finds anything.
            Some((unit, _)) => self
                .replace(bits, LOCKED | unit as u64)
                .then(|| boxes::in_unit(unit)),
        }
    }

    /// Owns the box, if the cell has one and nobody else owns it for long.  What the cell held,
    /// and the box.
    #[inline(always)]
    pub fn own_soon(&self) -> Option<(u64, BoxId)> {
        for _ in 0..SPINS {
            match self.load() {
                (bits, State::Boxed { locked: false }) => {
                    if let Some(id) = self.try_own(bits) {
                        return Some((bits, id));
                    }
                }
                (_, State::Boxed { locked: true }) => core::hint::spin_loop(),
                (_, State::Empty | State::One(_) | State::Shared(_)) => return None,
            }
        }
        None
    }

    /// Lets go after [`Cell::try_own`] or [`Cell::own_soon`], with a content that names the same box, and
    /// no note if that has changed.
    #[inline]
    pub fn disown(&self, bits: u64) {
        self.0.store(bits, Ordering::Release);
    }

    /// Owns the box if the cell has one.
    #[inline]
    pub fn lock_boxed(&self) -> Option<Owned<'_>> {
        let mut tries = 0;
        loop {
            let (bits, state) = self.load();
            match state {
                State::Boxed { locked: true } => wait(&mut tries),
                State::Boxed { locked: false } => {
                    if let Some(id) = self.try_own(bits) {
                        return Some(Owned::new(self, id));
                    }
                }
                State::Empty | State::One(_) | State::Shared(_) => return None,
            }
        }
    }

    /// Calls `f` with every record of one moment.  The set that the cell named
    /// then.
    pub fn for_each_record(&self, mut f: impl FnMut(Record)) -> Option<SetId> {
        loop {
            let state = self.load().1;
            if let State::Boxed { .. } = state {
                if let Some(owned) = self.lock_boxed() {
                    boxes::set_of(owned.id).iter().for_each(f);
                    return None;
                }
                continue;
            }
            state.for_each_small(&mut f);
            return match state {
                State::Shared(set) => Some(set),
                _ => None,
            };
        }
    }

    /// Forgets all, where nobody else touches the memory.
    #[inline]
    pub fn clear(&self) {
        let bits = self.0.load(Ordering::Relaxed);
        if State::is_boxed(bits) {
            self.clear_box();
        } else if bits != 0 {
            self.0.store(0, Ordering::Release);
        }
    }

    /// As [`Cell::clear`], where the cell is empty, or may be emptied and names no box;
    /// false where not.
    #[inline]
    pub fn clear_plainly(&self, may_empty: bool) -> bool {
        let bits = self.0.load(Ordering::Relaxed);
        if bits == 0 {
            return true;
        }
        let clears = may_empty && !State::is_boxed(bits);
        if clears {
            self.0.store(0, Ordering::Release);
        }
        clears
    }

    fn clear_box(&self) {
        match self.lock_boxed() {
            None => self.0.store(0, Ordering::Release),
            Some(owned) => {
                drop(boxes::take_sync(owned.id));
                let mut set = boxes::set_of(owned.id);
                set.clear();
                boxes::set_lengths(owned.id, &set);
            }
        }
    }

    /// Forgets what touches some of the bytes: the tiny allocator puts several
    /// objects into one word.  Records of the neighbours stay.
    pub fn clear_bytes(&self, span: Span) {
        let mut owned = loop {
            let (bits, state) = self.load();
            match state {
                State::Empty => return,
                State::One(record) => {
                    let apart = record.span().mask() & span.mask() == 0;
                    if apart || self.replace(bits, 0) {
                        return;
                    }
                }
                State::Shared(_) => break self.lock(),
                State::Boxed { .. } => {
                    if let Some(owned) = self.lock_boxed() {
                        break owned;
                    }
                }
            }
        };
        // Another box, since records go that somebody may remember this one by.
        owned.id = boxes::moved(owned.id);
        let mut set = boxes::set_of(owned.id);
        set.retain(|record| record.span().mask() & span.mask() == 0);
        boxes::set_lengths(owned.id, &set);
        let mut objects = boxes::take_sync(owned.id);
        objects = crate::sync::without_bytes(objects, span.mask());
        boxes::set_sync(owned.id, objects);
    }
}

impl State {
    /// Calls `f` with the records of a state that needs no lock.
    #[inline]
    pub fn for_each_small(self, mut f: impl FnMut(Record)) {
        match self {
            State::One(record) => f(record),
            State::Shared(set) => sets::records(set).for_each(f),
            State::Empty | State::Boxed { .. } => {}
        }
    }

    /// Whether a cell's content names a box.
    #[inline]
    fn is_boxed(bits: u64) -> bool {
        (bits & TAG_MASK == 0 && bits & UNIT_MASK != 0) || note(bits).is_some()
    }

    #[inline(always)]
    fn of(bits: u64) -> State {
        if bits == 0 {
            State::Empty
        } else if bits & (TAG_MASK | UNIT_MASK) == 0 {
            State::Shared(SetId((bits >> UNIT_BITS) as u32))
        } else if bits & TAG_MASK == 0 {
            let locked = bits & LOCKED != 0;
            State::Boxed { locked }
        } else if note(bits).is_some() {
            State::Boxed { locked: false }
        } else {
            Record::from_bits(bits).map_or(State::Empty, State::One)
        }
    }
}

/// The content of a cell that names a set.
#[inline]
pub fn named(set: SetId) -> u64 {
    (set.0 as u64) << UNIT_BITS
}

/// The content of a cell without the lock bit.
#[inline]
pub fn unlocked(bits: u64) -> u64 {
    if bits & TAG_MASK == 0 {
        bits & !LOCKED
    } else {
        bits
    }
}

/// The content of a cell that names a box that nobody owns.
#[inline]
pub fn boxed(id: BoxId) -> u64 {
    (id.generation as u64) << UNIT_BITS | id.unit as u64
}

/// The box that a content names which is no note.
#[inline]
fn boxed_in(bits: u64) -> BoxId {
    BoxId {
        unit: (bits & UNIT_MASK) as u32,
        generation: ((bits & !LOCKED) >> UNIT_BITS) as u32,
    }
}

/// What a cell that held `bits` becomes when the new record went into its box, or into
/// a new one: a note of it, if it is of a plain access and that fits.
#[inline(always)]
pub fn noted(id: BoxId, bits: u64, new: Record) -> u64 {
    if new.kind().is_atomic() || id.unit >= NOTE || boxes::lengths(id).0 > boxes::PEEK {
        return boxed(id);
    }
    let stack = StackId(NOTE | id.unit);
    let Some((_, old)) = note(bits).filter(|(_, old)| old.segment() == new.segment()) else {
        return Record::new(new.segment(), stack, new.span(), new.kind()).bits();
    };
    // What was noted of the segment holds: the new record stands for what it dropped.  Reads
    // and writes of unlike bytes are noted as reads, which both stand for.
    let (before, now) = (old.span().mask(), new.span().mask());
    let kind = match (old.kind(), new.kind()) {
        (Kind::Write, Kind::Write) => Kind::Write,
        (Kind::Read, Kind::Write) if before & !now == 0 => Kind::Write,
        _ => Kind::Read,
    };
    Record::new(new.segment(), stack, Span::of(before | now), kind).bits()
}

/// The unit that a note names, and the record that it reads like.
#[inline(always)]
fn note(bits: u64) -> Option<(u32, Record)> {
    let record = Record::from_bits(bits)?;
    let stack = record.stack().0;
    (stack >> NOTE_BITS == 1).then_some((stack & (NOTE - 1), record))
}

/// Whether a box that is named by what the cell held has a record that stands for the
/// goroutine's own.
#[inline]
pub fn peek(cell: &Cell, bits: u64, new: Record) -> bool {
    match note(bits) {
        None => {
            let bits = unlocked(bits);
            let has = boxes::peek(boxed_in(bits), new) || recent::knows(bits, new);
            // What was looked through may have become another word's meanwhile.
            fence(Ordering::Acquire);
            has && unlocked(cell.bits()) == bits
        }
        Some((_, noted)) if noted.segment() == new.segment() && noted.covers(new) => true,
        Some((unit, _)) => {
            // A box gets another generation whenever a word takes it.  Now and at the end
            // it is the same, and in between it is this word's.
            let id = boxes::in_unit(unit);
            let has = boxes::peek(id, new);
            fence(Ordering::Acquire);
            has && cell.bits() == bits && boxes::in_unit(unit) == id
        }
    }
}

/// Waits a moment for the owner of a cell.
pub fn wait(tries: &mut u32) {
    *tries += 1;
    atomics::wait(*tries);
}

/// The right to a cell's box, until dropped.
pub struct Owned<'a> {
    cell: &'a Cell,
    id: BoxId,
    /// What the cell shall hold afterwards, in place of the box's plain name.
    noted: Option<NonZeroU64>,
    /// The one record that the cell shall hold in place of the box.
    only: Option<Record>,
}

impl<'a> Owned<'a> {
    #[inline]
    fn new(cell: &'a Cell, id: BoxId) -> Owned<'a> {
        let (noted, only) = (None, None);
        Owned {
            cell,
            id,
            noted,
            only,
        }
    }

    /// The record was put in, and shall be noted; nothing is changed afterwards.
    #[inline]
    pub fn note(&mut self, new: Record) {
        self.noted = NonZeroU64::new(noted(self.id, 0, new));
    }

    /// The cell shall hold its only record itself, if there is one of a plain access, and no sync
    /// object; nothing is changed afterwards.
    #[inline]
    pub fn unbox(&mut self) {
        let only = boxes::only_record(self.id).filter(|only| !only.kind().is_atomic());
        self.only = only.filter(|_| !boxes::has_sync(self.id));
    }

    /// The box.
    pub fn id(&self) -> BoxId {
        self.id
    }

    /// Moves to a larger box.  False where there is none.
    pub fn grow(&mut self) -> bool {
        match boxes::grown(self.id) {
            Some(larger) => {
                self.id = larger;
                true
            }
            None => false,
        }
    }
}

impl Drop for Owned<'_> {
    /// Lets the cell go.  A box that has come to one record stays, unless somebody knows
    /// better: the word will have two again.
    #[inline]
    fn drop(&mut self) {
        let bits = if let Some(only) = self.only {
            boxes::give_back(self.id);
            only.bits()
        } else if boxes::has_sync(self.id) || boxes::lengths(self.id).0 > 0 {
            self.noted.map_or_else(|| boxed(self.id), NonZeroU64::get)
        } else {
            boxes::give_back(self.id);
            0
        };
        self.cell.0.store(bits, Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use gosan_engine::record::Segment;

    fn record(segment: u32, start: usize, len: usize, kind: Kind) -> Record {
        Record::new(Segment(segment), StackId(3), Span::new(start, len), kind)
    }

    fn with(records: &[Record]) -> (Cell, BoxId) {
        crate::test_support::reserve();
        let id = boxes::take(records.len());
        let mut set = boxes::set_of(id);
        records.iter().for_each(|record| set.put(*record));
        boxes::set_lengths(id, &set);
        (Cell(AtomicU64::new(boxed(id))), id)
    }

    #[test]
    fn a_note_stands_for_the_accesses_of_its_segment() {
        let (write, read) = (record(7, 0, 2, Kind::Write), record(8, 0, 8, Kind::Read));
        let (cell, id) = with(&[write, read]);
        let bits = noted(id, 0, read);
        assert!(cell.replace(boxed(id), bits));
        assert!(matches!(cell.load().1, State::Boxed { locked: false }));
        let has = |new| peek(&cell, bits, new);
        assert!(has(record(8, 5, 1, Kind::Read)));
        assert!(!has(record(8, 5, 1, Kind::Write)));
        // What somebody else has is in the box.
        assert!(has(record(7, 1, 1, Kind::Write)) && has(record(7, 1, 1, Kind::Read)));
        assert!(!has(record(7, 2, 1, Kind::Read)));
        // What the same segment adds, is added.
        let more = noted(id, noted(id, 0, write), record(7, 4, 1, Kind::Read));
        assert_eq!(note(more).unwrap().1.span().mask(), 0b1_0011);
        assert_eq!(note(more).unwrap().1.kind(), Kind::Read);
        let other = noted(id, noted(id, 0, write), record(9, 4, 1, Kind::Read));
        assert_eq!(note(other).unwrap().1.span().mask(), 0b1_0000);
        // Writes stand for reads of the same bytes, not for those of others.
        let after = |old, new| note(noted(id, noted(id, 0, old), new)).unwrap().1;
        let two = |start, kind| record(7, start, 2, kind);
        let written = after(two(0, Kind::Read), two(0, Kind::Write));
        assert!(written.covers(two(0, Kind::Write)));
        let mixed = after(two(2, Kind::Read), two(0, Kind::Write));
        assert!(mixed.covers(record(7, 0, 4, Kind::Read)) && !mixed.covers(two(0, Kind::Write)));
        let twice = after(write, two(4, Kind::Write));
        assert!(twice.covers(write) && twice.covers(two(4, Kind::Write)));
        // Atomics are not noted.
        assert_eq!(noted(id, 0, record(7, 0, 8, Kind::AtomicRead)), boxed(id));
        let owned = cell.lock();
        assert!(owned.id() == id && matches!(cell.load().1, State::Boxed { locked: true }));
        drop(owned);
        assert_eq!(cell.bits(), boxed(id));
    }

    #[test]
    fn a_box_that_became_another_words_is_not_believed() {
        let own = record(7, 0, 8, Kind::Write);
        let (cell, id) = with(&[own, record(8, 0, 8, Kind::Read)]);
        let bits = noted(id, 0, record(8, 0, 8, Kind::Read));
        assert!(cell.replace(boxed(id), bits) && peek(&cell, bits, own));
        cell.clear();
        assert!(!peek(&cell, bits, own));
        // Named by an old note still, but another word's now.
        let (_other, again) = with(&[own, own]);
        assert_eq!((again.unit, again.generation), (id.unit, id.generation + 1));
        assert!(!peek(&cell, bits, own));
    }
}
