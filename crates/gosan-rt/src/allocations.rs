//! Where each object of the heap was allocated (GORACE's `allocs`).
//!
//! A word for each 16 bytes of the heap, the smallest distance between two
//! objects, holds the stack and the goroutine.  Only words at which an object
//! begins are written, but whole pages take memory: half of the heap's size in
//! the worst case, which is why it is an option.

use crate::callers::{self, Caller};
use crate::ids;
use crate::racectx::Inner;
use crate::{shadow, sys};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use gosan_engine::record::StackId;

const GRANULE: usize = 16;

static WORDS: AtomicUsize = AtomicUsize::new(0);

/// Keeps allocations from now on.  False where there is no address space.
pub fn keep() -> bool {
    let (_, bytes) = shadow::heap_range();
    let words = sys::map_zeroed(bytes / GRANULE * 8) as usize;
    WORDS.store(words, Ordering::Release);
    words != 0
}

/// An object begins at `address`; the calls that led to it return to `pcs`,
/// innermost first.
pub fn begins(inner: Option<&mut Inner>, address: usize, pcs: &[u64]) {
    let Some(word) = word(address) else { return };
    let users = pcs.iter().find(|pc| callers::of(**pc) != Caller::Runtime);
    let value = match (inner, users) {
        (Some(inner), Some(pc)) => {
            let stack = inner.event(*pc, crate::frames::NO_DISTANCE);
            stack.0 as u64 | ids::biography(inner.life).number << 32
        }
        // Whatever was here before is gone.
        _ => 0,
    };
    word.store(value, Ordering::Relaxed);
}

/// Where the object that begins at `address` was allocated, and the number of
/// the goroutine.
pub fn of(address: usize) -> Option<(StackId, u64)> {
    let value = word(address)?.load(Ordering::Relaxed);
    (value != 0).then_some((StackId(value as u32), value >> 32))
}

fn word(address: usize) -> Option<&'static AtomicU64> {
    let words = WORDS.load(Ordering::Acquire);
    let (start, bytes) = shadow::heap_range();
    let offset = address.wrapping_sub(start);
    if words == 0 || offset >= bytes {
        return None;
    }
    // SAFETY: the mapping has a word for each granule of the heap's range, and
    // is never unmapped.
    Some(unsafe { &*((words + offset / GRANULE * 8) as *const AtomicU64) })
}
