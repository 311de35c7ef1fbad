//! Shadow memory: one 64-bit cell for each 8-byte word of the heap and of the
//! program's data.
//!
//! Address space for the largest heap is reserved at the start; what Go
//! announces is made accessible, and only cells that are written take memory.
//!
//! A byte per 64 KiB of program memory says whether any cell in it was ever
//! written, so that allocation and reclaim skip what nothing touched.

use crate::cell::Cell;
use crate::lock::Lock;
use crate::{racectx, sys};
use alloc::vec::Vec;
use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_setzero_si128,
};
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use gosan_engine::span::{Span, WORD_BYTES};

/// Go keeps the heap of a -race program in this range (runtime/malloc.go).
const HEAP_START: usize = 0xc0_0000_0000;
const HEAP_END: usize = 0xe0_0000_0000;
/// The largest data segment, in bytes.
const DATA_LIMIT: usize = 16 << 30;
/// The hooks of the assembled GOROOT know this.
const CHUNK_BITS: usize = 16;
/// Bytes that are cleared on a goroutine's own stack, at most.
const FEW: usize = 1 << 10;
/// Cleared shadow of at least this many bytes is given back to the system.
const DISCARD: usize = 1 << 20;

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

/// What to add to the number of a chunk of the heap to get the address of its flag.
pub fn heap_touched() -> usize {
    let flags = HEAP.touched.load(Ordering::Relaxed);
    flags.wrapping_sub(HEAP_START >> CHUNK_BITS)
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

/// As [`clear`], for a few words of the heap that share no box and no word that is in use
/// with others: false where it is not that.
#[inline(always)]
pub fn clear_few(address: usize, bytes: usize) -> bool {
    let offset = address.wrapping_sub(HEAP_START);
    if bytes.wrapping_sub(1) >= FEW || offset >= HEAP_END - HEAP_START {
        return false;
    }
    let last = offset + bytes - 1;
    if offset >> CHUNK_BITS != last >> CHUNK_BITS {
        return false;
    }
    if HEAP.touched(offset).load(Ordering::Relaxed) == 0 {
        return true;
    }
    let whole = (offset | bytes).is_multiple_of(WORD_BYTES);
    let mut at = offset & !(WORD_BYTES - 1);
    while at <= last {
        at += empty(HEAP.cell(at), (last - at) / WORD_BYTES + 1) * WORD_BYTES;
        if at > last {
            break;
        }
        if !HEAP.cell(at).clear_plainly(whole) {
            return false;
        }
        at += WORD_BYTES;
    }
    true
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
        cell.clear();
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
