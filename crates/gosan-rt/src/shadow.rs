//! Shadow memory: one 64-bit cell for each 8-byte word of the heap and of the
//! program's data.
//!
//! A cell is empty (0), holds one record, or names a shared set of records
//! ([`crate::sets`]) or a box of its own ([`crate::boxes`]):
//!
//! ```text
//!  63  56  55  54         31  30    0
//! |   0  | 0  |    set      |   0    |
//! |   0  |lock| generation  |  unit  |
//! ```
//!
//! A cell changes by compare-and-swap unless it names a box, which belongs to
//! whoever set the lock bit.  So all accesses to a word are in one order, and
//! of two that happen at the same instant on two processors the later in that
//! order sees the earlier.
//!
//! Address space for the largest heap is reserved at the start; what Go
//! announces is made accessible, and only cells that are written take memory.
//! While a cell names the same box, in the same generation, the box has a
//! record for all that a live goroutine recorded there in its present segment:
//! nobody knows that segment, so no newer record stands for it.  What is
//! cleared takes the box along.
//!
//! A byte per 64 KiB of program memory says whether any cell in it was ever
//! written, so that allocation and reclaim skip what nothing touched.

use crate::atomics::{self, AtomicU64};
use crate::boxes::{self, BoxId};
use crate::lock::Lock;
use crate::racectx;
use crate::sets::{self, SetId};
use crate::sys;
use alloc::vec::Vec;
use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_setzero_si128,
};
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use gosan_engine::record::Record;
use gosan_engine::span::{Span, WORD_BYTES};

/// Go keeps the heap of a -race program in this range (runtime/malloc.go).
const HEAP_START: usize = 0xc0_0000_0000;
const HEAP_END: usize = 0xe0_0000_0000;
/// The largest data segment, in bytes.
const DATA_LIMIT: usize = 16 << 30;
const CHUNK_BITS: usize = 16;
/// Cleared shadow of at least this many bytes is given back to the system.
const DISCARD: usize = 1 << 20;

/// No record has a top byte of 0, no box is unit 0, and no set has number 0.
const TAG_MASK: u64 = 0xff << 56;
const LOCKED: u64 = 1 << 55;
const UNIT_BITS: u32 = 31;
const UNIT_MASK: u64 = (1 << UNIT_BITS) - 1;
const _: () = assert!(UNIT_BITS + boxes::GENERATION_BITS == 55);
const _: () = assert!(UNIT_BITS + sets::ID_BITS == 55);

/// A stretch of program memory and its shadow.
struct Space {
    start: AtomicUsize,
    bytes: AtomicUsize,
    cells: AtomicUsize,
    touched: AtomicUsize,
}

static HEAP: Space = Space::new();
static DATA: Space = Space::new();
/// Announced ranges, in bytes of program memory.
static ANNOUNCED: Lock<Vec<(usize, usize)>> = Lock::new(Vec::new());

impl Space {
    const fn new() -> Space {
        Space {
            start: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            cells: AtomicUsize::new(0),
            touched: AtomicUsize::new(0),
        }
    }

    fn reserve(&self, start: usize, bytes: usize) -> bool {
        let cells = sys::reserve(bytes) as usize;
        let touched = sys::reserve((bytes >> CHUNK_BITS).next_multiple_of(sys::PAGE)) as usize;
        self.start.store(start, Ordering::Relaxed);
        self.cells.store(cells, Ordering::Relaxed);
        self.touched.store(touched, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Release);
        cells != 0 && touched != 0
    }

    /// The address as an offset, where it lies in this space.
    #[inline]
    fn offset(&self, address: usize) -> Option<usize> {
        let offset = address.wrapping_sub(self.start.load(Ordering::Relaxed));
        (offset < self.bytes.load(Ordering::Relaxed)).then_some(offset)
    }

    fn commit(&self, address: usize, bytes: usize) -> bool {
        let Some(offset) = self.offset(address) else {
            return false;
        };
        if offset + bytes > self.bytes.load(Ordering::Relaxed) {
            return false;
        }
        let page_down = |at: usize| at & !(sys::PAGE - 1);
        let range = |base: usize, from: usize, to: usize| {
            let start = page_down(base + from);
            (start, (base + to).next_multiple_of(sys::PAGE) - start)
        };
        let cells = self.cells.load(Ordering::Relaxed);
        let touched = self.touched.load(Ordering::Relaxed);
        let (from, len) = range(cells, offset, offset + bytes);
        let chunks = (offset >> CHUNK_BITS, (offset + bytes - 1) >> CHUNK_BITS);
        let (flags, flags_len) = range(touched, chunks.0, chunks.1 + 1);
        // SAFETY: both ranges lie inside this space's own reservations.
        unsafe {
            let usable = sys::commit(from, len) && sys::commit(flags, flags_len);
            sys::no_huge_pages(from, len);
            usable
        }
    }

    #[inline]
    fn cell(&self, offset: usize) -> &'static Cell {
        let address = self.cells.load(Ordering::Relaxed) + (offset & !(WORD_BYTES - 1));
        // SAFETY: the offset lies in the space, and the thunks pass addresses
        // in announced ranges only, whose cells are committed for ever.
        unsafe { &*(address as *const Cell) }
    }

    #[inline]
    fn touched(&self, offset: usize) -> &'static AtomicU8 {
        let address = self.touched.load(Ordering::Relaxed) + (offset >> CHUNK_BITS);
        // SAFETY: as for cells.
        unsafe { &*(address as *const AtomicU8) }
    }
}

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
    /// More, out of line; `locked` where somebody owns it now.
    Boxed {
        /// Where.
        id: BoxId,
        /// Whether somebody owns it.
        locked: bool,
    },
}

/// Where Go's heap may lie: its start and its size in bytes.
pub fn heap_range() -> (usize, usize) {
    (HEAP_START, HEAP_END - HEAP_START)
}

/// Prepares the heap's shadow.  False where address space is short.
pub fn reserve() -> bool {
    HEAP.reserve(HEAP_START, HEAP_END - HEAP_START)
}

/// Go announces a stretch of heap, or its data and bss.
pub fn announce(address: usize, bytes: usize) {
    if bytes == 0 {
        return;
    }
    let fits = if HEAP.offset(address).is_some() {
        HEAP.commit(address, bytes)
    } else {
        let fresh = DATA.bytes.load(Ordering::Relaxed) == 0;
        let room = bytes.next_multiple_of(1 << CHUNK_BITS);
        (!fresh || (room <= DATA_LIMIT && DATA.reserve(address, room)))
            && DATA.commit(address, bytes)
    };
    racectx::set_data_shadow(data_bias());
    if !fits {
        crate::fatal("gosan: no memory for the shadow of the program's memory");
    }
    ANNOUNCED.lock().push((address, address + bytes));
}

/// What to add to the address of a word of the heap to get that of its cell.
pub fn heap_bias() -> usize {
    HEAP.cells.load(Ordering::Relaxed).wrapping_sub(HEAP_START)
}

/// As [`heap_bias`], for the program's data.
pub fn data_bias() -> usize {
    let start = DATA.start.load(Ordering::Relaxed);
    DATA.cells.load(Ordering::Relaxed).wrapping_sub(start)
}

/// The cell of an address, with the flag of its chunk; `None` outside of what
/// has shadow.
#[inline]
pub fn locate(address: usize) -> Option<(&'static Cell, &'static AtomicU8)> {
    // The heap's place is a constant, which spares the usual access two loads.
    let offset = address.wrapping_sub(HEAP_START);
    if offset < HEAP_END - HEAP_START {
        return Some((HEAP.cell(offset), HEAP.touched(offset)));
    }
    let offset = DATA.offset(address)?;
    Some((DATA.cell(offset), DATA.touched(offset)))
}

/// The cells of the whole words that lie one after the other from an address,
/// up to `words` of them; none outside of what has shadow.
#[inline]
pub fn cells(address: usize, words: usize) -> &'static [Cell] {
    let space = if HEAP.offset(address).is_some() {
        &HEAP
    } else {
        &DATA
    };
    let Some(offset) = space.offset(address) else {
        return &[];
    };
    let room = (space.bytes.load(Ordering::Relaxed) - offset) / WORD_BYTES;
    // SAFETY: the cells of a space lie one after the other, the number is cut
    // at its end, and as for `Space::cell` they are committed.
    unsafe { core::slice::from_raw_parts(space.cell(offset), words.min(room)) }
}

/// Notes that a chunk has a cell in use.
#[inline]
pub fn touch(flag: &AtomicU8) {
    if flag.load(Ordering::Relaxed) == 0 {
        flag.store(1, Ordering::Relaxed);
    }
}

/// Notes that all chunks of a range have cells in use.
#[inline]
pub fn touch_all(address: usize, bytes: usize) {
    let mut at = address;
    while at < address + bytes {
        if let Some((_, touched)) = locate(at) {
            touch(touched);
        }
        at = (at | ((1 << CHUNK_BITS) - 1)) + 1;
    }
}

/// Forgets all accesses and sync objects of a range: it was allocated or freed,
/// so nobody else may touch it now.
pub fn clear(address: usize, bytes: usize) {
    let space = if HEAP.offset(address).is_some() {
        &HEAP
    } else {
        &DATA
    };
    let Some(start) = space.offset(address) else {
        return;
    };
    let end = (start + bytes).min(space.bytes.load(Ordering::Relaxed));
    let mut at = start;
    while at < end {
        let chunk_end = ((at >> CHUNK_BITS) + 1) << CHUNK_BITS;
        let stop = chunk_end.min(end);
        let flag = space.touched(at);
        if flag.load(Ordering::Relaxed) != 0 {
            let whole = at % (1 << CHUNK_BITS) == 0 && stop == chunk_end;
            clear_words(space, at, stop);
            if whole {
                flag.store(0, Ordering::Relaxed);
            }
        }
        at = stop;
    }
    let base = space.cells.load(Ordering::Relaxed);
    let from = (base + start).next_multiple_of(sys::PAGE);
    let to = (base + end) & !(sys::PAGE - 1);
    if to > from && to - from >= DISCARD {
        // SAFETY: the pages are shadow of the range, which was just cleared.
        unsafe { sys::discard(from, to - from) };
    }
}

fn clear_words(space: &Space, start: usize, end: usize) {
    let (first, last) = (start.next_multiple_of(WORD_BYTES), end & !(WORD_BYTES - 1));
    if first > start {
        let end = end.min(first);
        space
            .cell(start)
            .clear_bytes(Span::new(start % WORD_BYTES, end - start));
    }
    let mut at = first;
    while at < last {
        at += empty(space.cell(at), (last - at) / WORD_BYTES) * WORD_BYTES;
        if at >= last {
            break;
        }
        let cell = space.cell(at);
        at += WORD_BYTES;
        let bits = cell.0.load(Ordering::Relaxed);
        if bits == 0 {
            continue;
        }
        if State::is_boxed(bits) {
            cell.clear();
        } else {
            cell.0.store(0, Ordering::Release);
        }
    }
    if last < end && last >= first {
        space.cell(last).clear_bytes(Span::new(0, end - last));
    }
}

/// How many of the cells from this one are empty, in steps of eight.
#[inline]
fn empty(first: &Cell, cells: usize) -> usize {
    const STEP: usize = 8;
    let mut done = 0;
    while cells - done >= STEP {
        // SAFETY: the caller has as many cells from this one.  They are those of
        // memory that is being allocated or freed, so nobody writes them.
        let used = unsafe {
            let at = core::ptr::from_ref(first).add(done).cast::<__m128i>();
            let a = _mm_or_si128(_mm_loadu_si128(at), _mm_loadu_si128(at.add(1)));
            let b = _mm_or_si128(_mm_loadu_si128(at.add(2)), _mm_loadu_si128(at.add(3)));
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_or_si128(a, b), _mm_setzero_si128())) != 0xffff
        };
        if used {
            break;
        }
        done += STEP;
    }
    done
}

/// Calls `f` with every cell that may be in use.
pub fn for_each_cell(mut f: impl FnMut(&Cell)) {
    let ranges = ANNOUNCED.lock().clone();
    for (from, to) in ranges {
        let space = if HEAP.offset(from).is_some() {
            &HEAP
        } else {
            &DATA
        };
        let Some(start) = space.offset(from) else {
            continue;
        };
        let end = start + (to - from);
        let mut at = start;
        while at < end {
            let stop = (((at >> CHUNK_BITS) + 1) << CHUNK_BITS).min(end);
            if space.touched(at).load(Ordering::Relaxed) != 0 {
                for word in (at..stop).step_by(WORD_BYTES) {
                    f(space.cell(word));
                }
            }
            at = stop;
        }
    }
}

impl Cell {
    /// An empty cell, apart from any memory.
    #[cfg(all(test, loom))]
    pub fn new() -> Cell {
        Cell(AtomicU64::new(0))
    }

    /// What it holds now.
    #[inline]
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
        if let (bits, State::Boxed { id, locked: false }) = self.load()
            && self.try_own(bits)
        {
            return Owned { cell: self, id };
        }
        self.lock_slowly()
    }

    #[inline(never)]
    fn lock_slowly(&self) -> Owned<'_> {
        let mut tries = 0;
        loop {
            let (bits, state) = self.load();
            match state {
                State::Boxed { locked: true, .. } => wait(&mut tries),
                State::Boxed { id, locked: false } => {
                    if self.replace(bits, bits | LOCKED) {
                        return Owned { cell: self, id };
                    }
                }
                State::Empty | State::One(_) | State::Shared(_) => {
                    // While the sets are held, one that a cell names stays.
                    let _held = matches!(state, State::Shared(_)).then(sets::hold);
                    let (bits, state) = self.load();
                    if let State::Boxed { .. } = state {
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
                        return Owned { cell: self, id };
                    }
                    boxes::give_back(id);
                }
            }
        }
    }

    /// Owns the box that an unlocked content names, if it still does.  What it
    /// names must be the same at [`Cell::disown`].
    #[inline]
    pub fn try_own(&self, bits: u64) -> bool {
        self.replace(bits, bits | LOCKED)
    }

    /// Lets go after [`Cell::try_own`].
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
                State::Boxed { locked: true, .. } => wait(&mut tries),
                State::Boxed { id, locked: false } => {
                    if self.replace(bits, bits | LOCKED) {
                        return Some(Owned { cell: self, id });
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

    fn clear(&self) {
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
    fn clear_bytes(&self, span: Span) {
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
        bits & TAG_MASK == 0 && bits & UNIT_MASK != 0
    }

    #[inline]
    fn of(bits: u64) -> State {
        if bits == 0 {
            State::Empty
        } else if bits & (TAG_MASK | UNIT_MASK) == 0 {
            State::Shared(SetId((bits >> UNIT_BITS) as u32))
        } else if bits & TAG_MASK == 0 {
            let id = BoxId {
                unit: (bits & UNIT_MASK) as u32,
                generation: ((bits & !LOCKED) >> UNIT_BITS) as u32,
            };
            State::Boxed {
                id,
                locked: bits & LOCKED != 0,
            }
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
pub fn boxed(id: BoxId) -> u64 {
    (id.generation as u64) << UNIT_BITS | id.unit as u64
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
}

impl Owned<'_> {
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
    /// Lets the cell go.  A box that has come to one record stays: the word will
    /// have two again.
    #[inline]
    fn drop(&mut self) {
        let bits = if boxes::has_sync(self.id) || boxes::lengths(self.id).0 > 0 {
            boxed(self.id)
        } else {
            boxes::give_back(self.id);
            0
        };
        self.cell.0.store(bits, Ordering::Release);
    }
}
