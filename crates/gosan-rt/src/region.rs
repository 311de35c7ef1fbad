//! Large arrays in reserved address space, of which only what is used is
//! committed.
//!
//! A region never moves and is never unmapped, so an index stays valid for the
//! life of the process, and reading an entry that was given back reads old
//! content, never a fault.  That is what lets the lock-free readers be simple.

use crate::lock::Lock;
use crate::sys;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering};

const COMMIT_STEP: usize = 1 << 20;

/// An array of up to `limit` zero-initialised `T`.
pub struct Region<T> {
    base: AtomicUsize,
    committed: AtomicUsize,
    limit: usize,
    growing: Lock<()>,
    of: PhantomData<T>,
}

// SAFETY: a region hands out shared references only, and `T` may be shared.
unsafe impl<T: Sync> Sync for Region<T> {}

impl<T: Sync> Region<T> {
    /// A region that [`Region::reserve`] must be called on before use.
    ///
    /// # Safety
    /// All zero bytes must be a valid `T`.
    pub const unsafe fn new(limit: usize) -> Region<T> {
        assert!(size_of::<T>() > 0 && align_of::<T>() <= sys::PAGE);
        Region {
            base: AtomicUsize::new(0),
            committed: AtomicUsize::new(0),
            limit,
            growing: Lock::new(()),
            of: PhantomData,
        }
    }

    /// Reserves the address space.  False where there is not enough of it.
    pub fn reserve(&self) -> bool {
        let base = sys::reserve(self.bytes()) as usize;
        self.base.store(base, Ordering::Release);
        base != 0
    }

    /// The number of entries that the region can ever hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Makes entries up to and with `index` usable.  False where the index is
    /// past the limit or memory has run out.
    #[inline]
    pub fn ensure(&self, index: usize) -> bool {
        self.has(index) || self.grow((index + 1) * size_of::<T>())
    }

    /// Whether the entries up to and with `index` are usable.
    #[inline]
    pub fn has(&self, index: usize) -> bool {
        (index + 1) * size_of::<T>() <= self.committed.load(Ordering::Acquire)
    }

    /// An entry that [`Region::ensure`] was called for.
    #[inline]
    pub fn get(&self, index: usize) -> &T {
        debug_assert!((index + 1) * size_of::<T>() <= self.committed.load(Ordering::Relaxed));
        // SAFETY: every index that is passed here came out of an allocation
        // that called `ensure`, so the entry is committed; it is zeroed or
        // holds what was stored, both valid by the contract of `new`.
        unsafe { &*self.pointer(index) }
    }

    /// The address of an entry.
    #[inline]
    pub fn pointer(&self, index: usize) -> *mut T {
        (self.base.load(Ordering::Relaxed) + index * size_of::<T>()) as *mut T
    }

    #[cold]
    fn grow(&self, end: usize) -> bool {
        let _growing = self.growing.lock();
        let committed = self.committed.load(Ordering::Relaxed);
        if end <= committed {
            return true;
        }
        let target = end.next_multiple_of(COMMIT_STEP).min(self.bytes());
        let base = self.base.load(Ordering::Relaxed);
        // SAFETY: the range lies inside the region's own reservation.
        if base == 0
            || end > target
            || !unsafe { sys::commit(base + committed, target - committed) }
        {
            return false;
        }
        self.committed.store(target, Ordering::Release);
        true
    }

    fn bytes(&self) -> usize {
        (self.limit * size_of::<T>()).next_multiple_of(sys::PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicU64;

    #[test]
    fn entries_start_at_zero_and_the_limit_holds() {
        // SAFETY: zero is a valid AtomicU64.
        let region: Region<AtomicU64> = unsafe { Region::new(1 << 20) };
        assert!(region.reserve());
        assert!(region.ensure(300_000));
        assert_eq!(region.get(300_000).load(Ordering::Relaxed), 0);
        region.get(300_000).store(7, Ordering::Relaxed);
        assert!(region.ensure((1 << 20) - 1));
        assert_eq!(region.get(300_000).load(Ordering::Relaxed), 7);
        assert!(!region.ensure(1 << 20));
    }
}
