//! Which kind of function an address lies in, by its name: asked so often for
//! so few addresses that the answers are kept.

use crate::go;
use core::sync::atomic::{AtomicU64, Ordering};

/// What an address belongs to, as far as anybody asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Caller {
    /// Any other function.
    Other = 0,
    /// Go's runtime.
    Runtime = 1,
    /// A mutex is locked.
    Lock = 2,
    /// A mutex is unlocked.
    Unlock = 3,
    /// A mutex of readers and a writer is locked by the writer.
    WriterLock = 4,
    /// It is unlocked by the writer.
    WriterUnlock = 5,
    /// It is locked by a reader.
    ReaderLock = 6,
    /// It is unlocked by a reader.
    ReaderUnlock = 7,
}

use Caller::{Lock, Other, ReaderLock, ReaderUnlock, Runtime, Unlock, WriterLock, WriterUnlock};

/// By the number that stands for it.
const ALL: [Caller; 8] = [
    Other,
    Runtime,
    Lock,
    Unlock,
    WriterLock,
    WriterUnlock,
    ReaderLock,
    ReaderUnlock,
];

/// Whole names of functions.
const NAMES: [(&str, Caller); 15] = [
    ("internal/sync.(*Mutex).Lock", Lock),
    ("internal/sync.(*Mutex).lockSlow", Lock),
    ("internal/sync.(*Mutex).TryLock", Lock),
    ("internal/sync.(*Mutex).Unlock", Unlock),
    ("sync.(*Mutex).Lock", Lock),
    ("sync.(*Mutex).TryLock", Lock),
    ("sync.(*Mutex).Unlock", Unlock),
    ("sync.(*RWMutex).Lock", WriterLock),
    ("sync.(*RWMutex).TryLock", WriterLock),
    ("sync.(*RWMutex).Unlock", WriterUnlock),
    ("sync.(*RWMutex).RLock", ReaderLock),
    ("sync.(*RWMutex).TryRLock", ReaderLock),
    ("sync.(*RWMutex).RUnlock", ReaderUnlock),
    ("sync.(*rlocker).Lock", ReaderLock),
    ("sync.(*rlocker).Unlock", ReaderUnlock),
];
/// What the names of the runtime's functions begin with.
const RUNTIME: [&str; 3] = ["runtime.", "internal/runtime/", "internal/race."];

/// Answers, each an address and a caller; another address may take the place.
static KEPT: [AtomicU64; 4096] = [const { AtomicU64::new(0) }; 4096];
const CALLER_BITS: u32 = 4;

/// What the call that returns to `pc` was made by.
pub fn of(pc: u64) -> Caller {
    let place = &KEPT[(pc ^ pc >> 12) as usize % KEPT.len()];
    let kept = place.load(Ordering::Relaxed);
    if kept >> CALLER_BITS == pc {
        return ALL[(kept & 7) as usize];
    }
    let frame = go::frame_at((pc as usize).wrapping_sub(1));
    let caller = frame.map_or(Other, |(frame, _)| by_name(frame.function));
    place.store(pc << CALLER_BITS | caller as u64, Ordering::Relaxed);
    caller
}

fn by_name(function: &[u8]) -> Caller {
    let whole = NAMES.iter().find(|(name, _)| name.as_bytes() == function);
    match whole {
        Some((_, caller)) => *caller,
        None if RUNTIME
            .iter()
            .any(|name| function.starts_with(name.as_bytes())) =>
        {
            Runtime
        }
        None => Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_name() {
        assert_eq!(by_name(b"internal/sync.(*Mutex).lockSlow"), Lock);
        assert_eq!(by_name(b"sync.(*RWMutex).RUnlock"), ReaderUnlock);
        assert_eq!(by_name(b"runtime.mallocgc"), Runtime);
        assert_eq!(by_name(b"example.com/sync.(*RWMutex).RUnlock"), Other);
        assert!(
            ALL.iter()
                .enumerate()
                .all(|(i, caller)| i == *caller as usize)
        );
    }
}
