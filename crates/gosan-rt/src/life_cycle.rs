//! Starts and ends: of the program, and of goroutines.

use crate::frames::NO_DISTANCE;
use crate::ids::{self, Life};
use crate::racectx::{self, Inner, RaceCtx};
use crate::{boxes, report, sets, shadow, stacks, sync, sys};
use alloc::vec::Vec;
use gosan_engine::goroutine::Goroutine;
use gosan_engine::record::Segment;

const ENVIRONMENT_LIMIT: usize = 64 << 20;

/// Tells a binary that holds this runtime: the text is looked for in it.
#[used]
#[unsafe(no_mangle)]
static __gosan_marker: [u8; MARKER.len()] = *MARKER;
const MARKER: &[u8; 32] = b"gosan-race-runtime-object-v1\0\0\0\0";

/// Prepares everything.  The context that Go's start-up runs in.
pub fn start_program() -> &'static RaceCtx {
    let reserved = shadow::reserve()
        && boxes::reserve()
        && sets::reserve()
        && stacks::reserve()
        && racectx::reserve()
        && ids::reserve();
    if !reserved {
        crate::fatal("gosan: cannot reserve address space; is it limited by `ulimit -v`?");
    }
    sys::register_barrier();
    // Read, so that the linker keeps it.
    core::hint::black_box(&__gosan_marker);
    let (slot, time) = ids::slot_for_first();
    racectx::create(Goroutine::first(slot, time), Life(0))
}

/// Reads the options, once Go has told what the build knows.
pub fn read_options() {
    report::start(&environment(b"GORACE"));
}

/// The program has returned from main, or called os.Exit(0).
pub fn end_program() -> ! {
    sys::exit(report::finish())
}

/// Starts a goroutine at `pc`; Go has no creator for some of its own.
pub fn start_goroutine(creator: Option<&RaceCtx>, pc: u64) -> &'static RaceCtx {
    let Some(creator) = creator else {
        let (slot, time) = ids::slot_for_first();
        let life = ids::new_life(Life(0), stacks::event(stacks::ROOT, pc));
        return racectx::create(Goroutine::first(slot, time), life);
    };
    // SAFETY: the creator waits for this call, so nothing else of it runs.
    let parent = unsafe { creator.inner() };
    let life = ids::new_life(parent.life, parent.event(pc, NO_DISTANCE));
    let (slot, time) = ids::slot_for(&parent.hb);
    let hb = parent.hb.start(slot, time, ids::era());
    sync::after_sync(parent);
    racectx::create(hb, life)
}

/// Ends a goroutine.
///
/// # Safety
/// As for [`racectx::end`].
pub unsafe fn end_goroutine(ctx: &'static RaceCtx) {
    // SAFETY: by the contract.
    let inner = unsafe { racectx::end(ctx) };
    ids::goroutine_ended(&inner.hb, inner.life, inner.segment != Segment(0));
    // Only now: whoever finds it gone from the contexts finds its last time
    // with its slot.
    racectx::free(ctx);
}

/// Finalizers run after all that happened until now.  A goroutine that goes on
/// in its present time has those accesses counted in as well: a race of a
/// finalizer with an access between this moment and the finalizer's own can be
/// missed.
pub fn learn_all(ctx: &RaceCtx, inner: &mut Inner) {
    // A segment that a goroutine shows keeps its meaning until it was read.
    let _busy = ctx.busy();
    ids::for_each_time(|slot, time| inner.hb.learn(slot, time));
    // Those are times without clocks.
    ids::end_era();
    sync::after_sync(inner);
}

/// The value of an environment variable at the program's start; empty where it
/// is not set.
fn environment(name: &[u8]) -> Vec<u8> {
    let file = sys::open(b"/proc/self/environ\0", sys::Open::Read);
    if file < 0 {
        return Vec::new();
    }
    let all = report::read_to_end(file, ENVIRONMENT_LIMIT).unwrap_or_default();
    sys::close(file);
    all.split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
        .map_or(Vec::new(), <[u8]>::to_vec)
}
