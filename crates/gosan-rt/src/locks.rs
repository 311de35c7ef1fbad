//! Which locks a goroutine holds, for reports (GORACE's `locks`).
//!
//! Package `sync` tells of its mutexes as it does of every sync object: what is
//! acquired and what is released.  The assembled GOROOT adds by which calls, and
//! the function of `sync` among them says whether it is a lock
//! ([`crate::callers`]).
//!
//! A goroutine's own locks are a list.  Those of an older access belong to its
//! segment: where the list changes, a segment ends, so all accesses of one held
//! the same.  Lists are kept once and named by a number.
//!
//! # What is not told
//!
//! A mutex that another goroutine unlocks stays on the list of the one that
//! locked it.  Beyond [`SETS`] different lists, those of further accesses are
//! not known.

use crate::callers::{self, Caller};
use crate::frames::NO_DISTANCE;
use crate::lock::Lock;
use crate::racectx::Inner;
use crate::region::Region;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use gosan_engine::record::{SEGMENT_LIMIT, Segment, StackId};

/// Lists that are kept.
const SETS: usize = 1 << 16;
/// The number of a list that was not kept.
const UNKNOWN: u32 = u32::MAX;
/// Where in `sync.RWMutex` what it announces lies, in bytes: `writerSem` for
/// readers that leave, `readerSem` for all else.
const WRITER_SEM: usize = 8;
const READER_SEM: usize = 12;

/// A lock that is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Held {
    /// The mutex.
    pub mutex: usize,
    /// Whether by one of several readers.
    pub shared: bool,
    /// Where it was locked.
    pub taken_at: StackId,
}

struct Sets {
    numbers: BTreeMap<Vec<Held>, u32>,
    lists: Vec<Vec<Held>>,
}

static FOLLOWED: AtomicBool = AtomicBool::new(false);
static KEPT: Lock<Sets> = Lock::new(Sets {
    numbers: BTreeMap::new(),
    lists: Vec::new(),
});
// SAFETY: zero is a valid atomic, and means no locks.
static OF_SEGMENT: Region<AtomicU32> = unsafe { Region::new(SEGMENT_LIMIT as usize) };

/// Follows locks from now on.  False where there is no address space for it.
pub fn follow() -> bool {
    let reserved = OF_SEGMENT.reserve();
    FOLLOWED.store(reserved, Ordering::Relaxed);
    reserved
}

/// Something was acquired or released, by calls that return to `pcs`, innermost
/// first.
pub fn event(inner: &mut Inner, address: usize, pcs: &[u64]) {
    let mut pcs = pcs.iter().map(|pc| (*pc, callers::of(*pc)));
    let Some((pc, caller)) = pcs.find(|(_, caller)| *caller != Caller::Runtime) else {
        return;
    };
    let (mutex, shared) = match caller {
        Caller::Lock | Caller::Unlock => (address, false),
        // A writer acquires from both, `readerSem` first.
        Caller::WriterLock if is_second_half(inner, address) => return,
        Caller::WriterLock | Caller::WriterUnlock => (address.wrapping_sub(READER_SEM), false),
        Caller::ReaderLock => (address.wrapping_sub(READER_SEM), true),
        Caller::ReaderUnlock => (address.wrapping_sub(WRITER_SEM), true),
        Caller::Other | Caller::Runtime => return,
    };
    match caller {
        Caller::Lock | Caller::WriterLock | Caller::ReaderLock => {
            // Functions of `sync` do not announce themselves.
            let user = pcs.find(|(_, caller)| *caller == Caller::Other);
            let taken_at = match user {
                Some((user, _)) => inner.event_in_callee(user, pc, NO_DISTANCE),
                None => inner.event(pc, NO_DISTANCE),
            };
            inner.held.push(Held {
                mutex,
                shared,
                taken_at,
            });
        }
        _ => {
            let is_it = |held: &Held| held.mutex == mutex && held.shared == shared;
            if let Some(index) = inner.held.iter().rposition(is_it) {
                inner.held.remove(index);
            }
        }
    }
    // What is recorded from now on is recorded under other locks.
    inner.segment = Segment(0);
}

fn is_second_half(inner: &Inner, address: usize) -> bool {
    let last = inner.held.last();
    last.is_some_and(|held| !held.shared && held.mutex + WRITER_SEM == address)
}

/// Whether anybody asked for the locks.
#[inline]
pub fn are_followed() -> bool {
    FOLLOWED.load(Ordering::Relaxed)
}

/// A segment begins under these locks.
#[inline]
pub fn segment_begins(segment: Segment, held: &[Held]) {
    if are_followed() {
        note_segment(segment, held);
    }
}

#[cold]
#[inline(never)]
fn note_segment(segment: Segment, held: &[Held]) {
    if !OF_SEGMENT.ensure(segment.0 as usize) {
        return;
    }
    let number = if held.is_empty() { 0 } else { keep(held) };
    OF_SEGMENT
        .get(segment.0 as usize)
        .store(number, Ordering::Relaxed);
}

fn keep(held: &[Held]) -> u32 {
    let mut kept = KEPT.lock();
    if let Some(number) = kept.numbers.get(held) {
        return *number;
    }
    if kept.lists.len() >= SETS {
        return UNKNOWN;
    }
    kept.lists.push(held.to_vec());
    let number = kept.lists.len() as u32;
    kept.numbers.insert(held.to_vec(), number);
    number
}

/// The locks of all accesses of a segment that is in use, where they are known.
pub fn of(segment: Segment) -> Option<Vec<Held>> {
    if !are_followed() {
        return None;
    }
    match OF_SEGMENT.get(segment.0 as usize).load(Ordering::Relaxed) {
        0 => Some(Vec::new()),
        UNKNOWN => None,
        number => KEPT.lock().lists.get(number as usize - 1).cloned(),
    }
}
