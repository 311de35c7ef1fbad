//! The context of one goroutine: what Go calls its `racectx`.
//!
//! It has the goroutine's clock, the segment that its records carry, and its
//! frames.  Go hands the pointer back with every event of the goroutine, on
//! whatever thread runs it; only [`RaceCtx::busy`] and what reclaim reads is
//! looked at by others.
//!
//! # Frames
//!
//! Each instrumented function announces its entry and exit.  A recovered panic
//! skips the exits of the frames that it unwinds, and so may the deferring
//! function's own.  So each frame notes how far its stack pointer is from the
//! stack's top, a distance that stays the same when Go moves the stack, and
//! every event drops the frames that lie deeper than where it happens.

use crate::ids::{self, Life};
use crate::lock::Lock;
use crate::region::Region;
use crate::stacks;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use gosan_engine::clock::Time;
use gosan_engine::goroutine::Goroutine;
use gosan_engine::record::{Segment, StackId};
use gosan_engine::word_set::Order;

/// Contexts at a time.
const LIMIT: usize = 1 << 24;
/// A frame's distance may be off by this many bytes, depending on which of
/// Go's wrappers it came through.  Frames are at least 24 bytes apart.
const SLACK: u32 = 16;

/// A distance from the top of the stack that is not known.
pub const NO_DISTANCE: u32 = 0;

struct Frame {
    stack: StackId,
    distance: u32,
}

/// What only the goroutine's own events touch.
pub struct Inner {
    /// Its place in the happens-before relation.
    pub hb: Goroutine,
    /// The segment of its records now; 0 where a new one must be begun.
    pub segment: Segment,
    /// The time of that segment.
    pub segment_time: Time,
    /// Its life, for reports.
    pub life: Life,
    /// Depth of RaceDisable.
    pub ignore_sync: u32,
    top: StackId,
    frames: Vec<Frame>,
}

/// The context of one goroutine.
pub struct RaceCtx {
    inner: UnsafeCell<MaybeUninit<Inner>>,
    /// While set, reclaim does not free what the goroutine may have seen.
    busy: AtomicBool,
    alive: AtomicBool,
    /// A copy of the present segment, for reclaim.
    shown_segment: AtomicU32,
    next_free: AtomicU32,
}

// SAFETY: `inner` is used by the goroutine's own events, one at a time, since a
// goroutine runs on one thread at a time; the rest is atomic.
unsafe impl Sync for RaceCtx {}

// SAFETY: zero is a valid RaceCtx: `inner` may be uninitialised.
static CONTEXTS: Region<RaceCtx> = unsafe { Region::new(LIMIT) };
static USED: AtomicUsize = AtomicUsize::new(1);
static FREE: Lock<u32> = Lock::new(0);

/// Reserves the address space.
pub fn reserve() -> bool {
    CONTEXTS.reserve()
}

/// Makes the context of a new goroutine.
pub fn create(hb: Goroutine, life: Life) -> &'static RaceCtx {
    let mut free = FREE.lock();
    let index = if *free != 0 {
        let index = *free;
        *free = CONTEXTS
            .get(index as usize)
            .next_free
            .load(Ordering::Relaxed);
        index as usize
    } else {
        let index = USED.load(Ordering::Relaxed);
        if index >= LIMIT || !CONTEXTS.ensure(index) {
            crate::fatal("gosan: too many goroutines at a time");
        }
        USED.store(index + 1, Ordering::Release);
        index
    };
    drop(free);
    let ctx = CONTEXTS.get(index);
    let inner = Inner {
        hb,
        segment: Segment(0),
        segment_time: 0,
        life,
        ignore_sync: 0,
        top: stacks::ROOT,
        frames: Vec::new(),
    };
    // SAFETY: the context is on no list and Go does not know it yet.
    unsafe { ctx.inner.get().write(MaybeUninit::new(inner)) };
    ctx.shown_segment.store(0, Ordering::Relaxed);
    ctx.alive.store(true, Ordering::Release);
    ctx
}

/// Ends a goroutine: its last state; the context may be used again.
///
/// # Safety
/// As for [`RaceCtx::inner`], and nothing of this goroutine may come after.
pub unsafe fn end(ctx: &'static RaceCtx) -> Inner {
    // SAFETY: Go has the context, so `create` wrote it; by the contract it is
    // read out once.
    let inner = unsafe { (*ctx.inner.get()).assume_init_read() };
    ctx.alive.store(false, Ordering::Release);
    let index =
        (ctx as *const RaceCtx as usize - CONTEXTS.pointer(0) as usize) / size_of::<RaceCtx>();
    let mut free = FREE.lock();
    ctx.next_free.store(*free, Ordering::Relaxed);
    *free = index as u32;
    inner
}

/// Calls `f` with every live context.
pub fn for_each_alive(mut f: impl FnMut(&'static RaceCtx)) {
    for index in 1..USED.load(Ordering::Acquire) {
        let ctx = CONTEXTS.get(index);
        if ctx.alive.load(Ordering::Acquire) {
            f(ctx);
        }
    }
}

impl RaceCtx {
    /// The goroutine's own state.
    ///
    /// # Safety
    /// Only for an event of this goroutine, and not while another reference
    /// from here is alive.
    #[expect(clippy::mut_from_ref, reason = "each goroutine is its own writer")]
    pub unsafe fn inner(&self) -> &mut Inner {
        // SAFETY: whoever has a live context got it from `create`, which wrote
        // it; by the contract nobody else uses it now.
        unsafe { (*self.inner.get()).assume_init_mut() }
    }

    /// Keeps reclaim from freeing what this goroutine sees, until the guard is
    /// dropped.
    #[inline]
    pub fn busy(&self) -> Busy<'_> {
        self.busy.store(true, Ordering::Relaxed);
        // The processor may still read cells before this store is seen by
        // others; reclaim issues the barrier that is missing here.
        core::sync::atomic::compiler_fence(Ordering::SeqCst);
        Busy { ctx: self }
    }

    /// Whether the goroutine is looking at records now.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// The segment to be kept while it lives; 0 where it has none.
    pub fn shown_segment(&self) -> Segment {
        Segment(self.shown_segment.load(Ordering::Relaxed))
    }

    /// Begins a segment if its time was handed over since the last record.
    #[inline]
    pub fn segment_for_record(&self, inner: &mut Inner) -> Segment {
        if inner.segment.0 == 0 {
            self.begin_segment(inner);
        }
        inner.segment
    }

    #[cold]
    #[inline(never)]
    fn begin_segment(&self, inner: &mut Inner) {
        if inner.hb.is_at_end_of_slot() {
            let (slot, time) = ids::slot_for(&inner.hb);
            ids::retire_slot(&inner.hb, true);
            inner.hb.move_to(slot, time);
        }
        let time = inner.hb.time_for_record();
        inner.segment_time = time;
        ids::reclaim_if_due(self);
        inner.segment = ids::new_segment(inner.hb.slot(), time, inner.life, &self.shown_segment);
    }
}

/// See [`RaceCtx::busy`].
pub struct Busy<'a> {
    ctx: &'a RaceCtx,
}

impl Drop for Busy<'_> {
    #[inline]
    fn drop(&mut self) {
        self.ctx.busy.store(false, Ordering::Release);
    }
}

impl Inner {
    /// A function was entered from `return_pc`, at `distance` bytes from the
    /// stack's top.
    #[inline]
    pub fn enter(&mut self, return_pc: u64, distance: u32) {
        self.drop_frames(distance, false);
        self.top = stacks::call(self.top, return_pc);
        self.frames.push(Frame {
            stack: self.top,
            distance,
        });
    }

    /// The function at `distance` is left.
    #[inline]
    pub fn exit(&mut self, distance: u32) {
        // Frames deeper than this one are gone, whether they said so or not.
        self.drop_frames(distance, true);
        let own = self.frames.last().is_some_and(|frame| {
            distance == NO_DISTANCE || frame.distance.saturating_add(SLACK) >= distance
        });
        if own {
            self.frames.pop();
            self.top = self.frames.last().map_or(stacks::ROOT, |frame| frame.stack);
        }
    }

    /// Something happens at `pc` in the function at `distance`.
    #[inline]
    pub fn event(&mut self, pc: u64, distance: u32) -> StackId {
        self.drop_frames(distance, true);
        stacks::event(self.top, pc)
    }

    /// Something happens at `pc` in a function that does not announce itself,
    /// called from `return_pc`.
    pub fn event_in_callee(&mut self, return_pc: u64, pc: u64, distance: u32) -> StackId {
        self.drop_frames(distance, true);
        stacks::event(stacks::call(self.top, return_pc), pc)
    }

    /// A panic was recovered: the frames deeper than `distance` are gone.
    pub fn unwound(&mut self, distance: u32) {
        self.drop_frames(distance, true);
    }

    /// Drops the frames that lie deeper than `distance`, and, unless
    /// `keep_same`, one at about the same place.
    #[inline]
    fn drop_frames(&mut self, distance: u32, keep_same: bool) {
        if distance == NO_DISTANCE {
            return;
        }
        let limit = if keep_same {
            distance.saturating_add(SLACK)
        } else {
            distance - 1
        };
        let mut dropped = false;
        while self
            .frames
            .last()
            .is_some_and(|frame| frame.distance > limit)
        {
            self.frames.pop();
            dropped = true;
        }
        if dropped {
            self.top = self.frames.last().map_or(stacks::ROOT, |frame| frame.stack);
        }
    }
}

impl Order for Inner {
    #[inline]
    fn knows(&self, segment: Segment) -> bool {
        if segment == self.segment {
            return true;
        }
        let (slot, time) = ids::slot_and_time(segment);
        self.hb.knows(slot, time)
    }

    fn has_ended(&self, segment: Segment) -> bool {
        ids::has_ended(ids::life_of(segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner() -> Inner {
        crate::test_support::reserve();
        Inner {
            hb: Goroutine::first(1, 1),
            segment: Segment(0),
            segment_time: 0,
            life: Life(0),
            ignore_sync: 0,
            top: stacks::ROOT,
            frames: Vec::new(),
        }
    }

    #[test]
    fn frames_come_and_go() {
        let mut goroutine = inner();
        goroutine.enter(0x100, 100);
        goroutine.enter(0x200, 200);
        let inside = goroutine.event(0x999, 200);
        assert_eq!(stacks::addresses(inside), [0x999, 0x200, 0x100]);
        goroutine.exit(200);
        let after = goroutine.event(0x998, 100);
        assert_eq!(stacks::addresses(after), [0x998, 0x100]);
        goroutine.exit(100);
        assert_eq!(goroutine.top, stacks::ROOT);
    }

    #[test]
    fn an_event_drops_frames_that_a_recovered_panic_left() {
        let mut goroutine = inner();
        goroutine.enter(0x100, 100);
        for depth in 2..20 {
            goroutine.enter(depth, depth as u32 * 100);
        }
        let after = goroutine.event(0x999, 100);
        assert_eq!(stacks::addresses(after), [0x999, 0x100]);
        goroutine.enter(0x200, 150);
        goroutine.enter(0x300, 250);
        goroutine.enter(0x201, 150);
        let sibling = goroutine.event(0x999, 150);
        assert_eq!(stacks::addresses(sibling), [0x999, 0x201, 0x100]);
    }
}
