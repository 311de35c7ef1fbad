//! The context of one goroutine: what Go calls its `racectx`.
//!
//! It has the goroutine's clock, the segment that its records carry, and its
//! frames.  Go hands the pointer back with every event of the goroutine, on
//! whatever thread runs it; only [`RaceCtx::busy`] and what reclaim reads is
//! looked at by others.

use crate::boxes;
use crate::frames::{Frames, Silent, SilentEvents};
use crate::ids::{self, BATCH, Batch, Life};
use crate::lock::Lock;
use crate::locks::{self, Held};
use crate::region::Region;
use crate::{recent, sets, shadow, stacks};
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::mem::{MaybeUninit, offset_of};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use gosan_engine::clock::Time;
use gosan_engine::goroutine::Goroutine;
use gosan_engine::record::{Segment, StackId};
use gosan_engine::word_set::Order;

/// Contexts at a time.
const LIMIT: usize = 1 << 24;
/// What only the goroutine's own events touch.
///
/// The hooks of the assembled GOROOT know the offsets of the first fields.
#[repr(C)]
pub struct Inner {
    /// The functions that it is in.
    pub frames: Frames,
    /// What [`stacks::node`] adds to.
    nodes: usize,
    /// What to add to the address of a word to get that of its cell.
    heap_shadow: usize,
    data_shadow: usize,
    /// The segment of its records now; 0 where a new one must be begun.
    pub segment: Segment,
    /// Depth of RaceDisable.
    pub ignore_sync: u32,
    /// Where boxes, shared sets, and [`recent`]'s known boxes are.
    boxes: usize,
    sets: usize,
    known: usize,
    /// What to add to the number of a 64 KiB chunk of the heap to get the address of
    /// its flag: see [`shadow`].
    heap_touched: usize,
    /// Its place in the happens-before relation.
    pub hb: Goroutine,
    /// The time of that segment.
    pub segment_time: Time,
    /// Its life, for reports.
    pub life: Life,
    /// How many of the segments that it took it has not begun, and how many
    /// it took last time.
    left: usize,
    took: usize,
    silent_events: SilentEvents,
    /// The locks that it holds, where they are followed.
    pub held: Vec<Held>,
}

const _: () = assert!(offset_of!(RaceCtx, inner) == 0 && offset_of!(Inner, frames) == 0);
const _: () = assert!(offset_of!(Inner, nodes) == 40);
const _: () = assert!(offset_of!(Inner, heap_shadow) == 48);
const _: () = assert!(offset_of!(Inner, data_shadow) == 56);
const _: () = assert!(offset_of!(Inner, segment) == 64);
const _: () = assert!(offset_of!(Inner, ignore_sync) == 68);
const _: () = assert!(offset_of!(Inner, boxes) == 72);
const _: () = assert!(offset_of!(Inner, sets) == 80);
const _: () = assert!(offset_of!(Inner, known) == 88);
const _: () = assert!(offset_of!(Inner, heap_touched) == 96);

/// The context of one goroutine.
#[repr(C)]
pub struct RaceCtx {
    inner: UnsafeCell<MaybeUninit<Inner>>,
    /// While set, reclaim does not free what the goroutine may have seen.
    busy: AtomicBool,
    alive: AtomicBool,
    /// A copy of the present segment, for reclaim.
    shown_segment: AtomicU32,
    segments: Batch,
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
        frames: Frames::of_a_new_goroutine(),
        nodes: stacks::nodes(),
        heap_shadow: shadow::heap_bias(),
        data_shadow: shadow::data_bias(),
        segment: Segment(0),
        ignore_sync: 0,
        boxes: boxes::address(),
        sets: sets::address(),
        known: recent::known_address(),
        heap_touched: shadow::heap_touched(),
        hb,
        segment_time: 0,
        life,
        left: 0,
        took: 0,
        silent_events: SilentEvents::NONE,
        held: Vec::new(),
    };
    // SAFETY: the context is on no list and Go does not know it yet.
    unsafe { ctx.inner.get().write(MaybeUninit::new(inner)) };
    ctx.shown_segment.store(0, Ordering::Relaxed);
    ctx.alive.store(true, Ordering::Release);
    ctx
}

/// Ends a goroutine: its last state.  [`free`] comes next.
///
/// # Safety
/// As for [`RaceCtx::inner`], and nothing of this goroutine may come after.
pub unsafe fn end(ctx: &'static RaceCtx) -> Inner {
    // SAFETY: Go has the context, so `create` wrote it; by the contract it is
    // read out once.
    let inner = unsafe { (*ctx.inner.get()).assume_init_read() };
    ids::give_segments(&ctx.segments[..inner.left]);
    inner
}

/// The context of a goroutine that ended may be used again.
pub fn free(ctx: &'static RaceCtx) {
    ctx.alive.store(false, Ordering::Release);
    let index =
        (ctx as *const RaceCtx as usize - CONTEXTS.pointer(0) as usize) / size_of::<RaceCtx>();
    let mut free = FREE.lock();
    ctx.next_free.store(*free, Ordering::Relaxed);
    *free = index as u32;
}

/// The program's data have shadow from now on.  Go announces them once, before
/// it starts a second goroutine.
pub fn set_data_shadow(bias: usize) {
    for_each_alive(|ctx| {
        // SAFETY: the only goroutine is in the hook that calls this.
        unsafe { ctx.inner() }.data_shadow = bias;
    });
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

    /// Whether it has a segment, or could begin one without taking any and without
    /// noting the locks: those take more stack than a goroutine's may have.
    #[inline]
    pub fn has_segment(&self, inner: &mut Inner) -> bool {
        if inner.segment.0 == 0 {
            if inner.left == 0 || locks::are_followed() {
                return false;
            }
            self.begin_taken_segment(inner);
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn begin_segment(&self, inner: &mut Inner) {
        if inner.left == 0 {
            ids::reclaim_if_due(self);
            // A goroutine that begins few segments takes few.
            inner.took = (inner.took * 2).clamp(1, BATCH);
            inner.left = inner.took;
            ids::take_segments(&self.segments[..inner.left]);
        }
        self.begin_taken_segment(inner);
        locks::segment_begins(inner.segment, &inner.held);
    }

    #[inline]
    fn begin_taken_segment(&self, inner: &mut Inner) {
        let time = inner.hb.time_for_record();
        inner.segment_time = time;
        inner.left -= 1;
        let id = self.segments[inner.left % BATCH].load(Ordering::Relaxed);
        inner.segment = ids::begin_segment(id, inner.hb.slot(), time, inner.life);
        self.shown_segment.store(id, Ordering::Relaxed);
    }

    /// The segments that it took, begun or not.
    pub fn taken_segments(&self) -> impl Iterator<Item = u32> {
        self.segments.iter().map(|id| id.load(Ordering::Relaxed))
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
    /// Something happens at `pc` in the function at `distance`.
    #[inline]
    pub fn event(&mut self, pc: u64, distance: u64) -> StackId {
        self.frames.drop_deeper_than(distance);
        stacks::event(self.frames.stack(), pc)
    }

    /// Something happens at `pc` in a function that does not announce itself,
    /// called from `return_pc`.
    pub fn event_in_callee(&mut self, return_pc: u64, pc: u64, distance: u64) -> StackId {
        self.frames.drop_deeper_than(distance);
        stacks::event(stacks::call(self.frames.stack(), return_pc), pc)
    }

    /// Something happens at `pc` in a function that was called from `caller`,
    /// and nobody since the innermost frame has announced itself.
    #[inline]
    pub fn event_in_silence(&mut self, silent: Silent, caller: u64, pc: u64) -> StackId {
        self.frames
            .event_in_silence(silent, caller, pc, &mut self.silent_events)
    }

    /// As [`Inner::event_in_silence`], where the event is one of the last that this
    /// goroutine had at this place.
    #[inline(always)]
    pub fn known_in_silence(&mut self, silent: Silent, pc: u64) -> Option<StackId> {
        self.frames
            .known_in_silence(silent, pc, &mut self.silent_events)
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

    #[inline]
    fn is_own(&self, segment: Segment) -> bool {
        ids::slot_of(segment) == self.hb.slot()
    }

    fn has_ended(&self, segment: Segment) -> bool {
        ids::has_ended(ids::life_of(segment))
    }

    fn memory_is_short(&self) -> bool {
        boxes::are_plenty()
    }
}
