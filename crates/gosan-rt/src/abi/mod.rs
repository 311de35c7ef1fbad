//! The symbols that Go's runtime calls, and nothing else.
//!
//! Go calls them through `runtime.racecall`, on the system stack, with `g` in
//! R14 and the goroutine's stack pointer in R12.  A shim adds how far that
//! pointer is from the goroutine's stack top, as one more argument; see
//! [`crate::racectx`] for its use.

mod atomics;
mod mutexes;

use crate::access::{self, Site};
use crate::frames::{PLACES, Silent};
use crate::racectx::{Inner, RaceCtx};
use crate::ranges;
use crate::sync::{self, Release};
use crate::{allocations, go, life_cycle, locks, quick, quick_sync, report, shadow};
use core::arch::naked_asm;
use gosan_engine::record::Kind;
use gosan_engine::span::Span;

/// What the entry hook pushes for its call of the symbol, in bytes.
const ENTER_CALL: u64 = 8;

/// Runs `f` with the goroutine of an event; Go passes null where there is none,
/// on the stacks of signals and of the scheduler.
#[inline(always)]
fn with(ctx: *const RaceCtx, f: impl FnOnce(&'static RaceCtx, &mut Inner)) {
    // SAFETY: Go passes back what `__tsan_go_start` or `__tsan_init` gave, until
    // `__tsan_go_end`, and one event of a goroutine at a time.
    if let Some(ctx) = unsafe { ctx.as_ref() } {
        // SAFETY: as above.
        f(ctx, unsafe { ctx.inner() });
    }
}

/// Where events happen that are reached by way of functions which announce
/// nothing: the last few of each are kept, see [`crate::frames`].
#[derive(Clone, Copy)]
enum Place {
    /// A mutex is locked.
    Lock,
    /// A mutex is unlocked.
    Unlock,
    /// A mutex is waited for.
    Wait,
    CompareAndSwap,
    Add,
    Load,
    Other,
}

const _: () = assert!((Place::Other as usize) < PLACES);

/// Declares a symbol that loads the raw distance into the given argument
/// register and goes on in a Rust function.
macro_rules! with_distance {
    ($($symbol:ident, $register:literal => $target:path;)*) => {$(
        /// See the function that it goes on in.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        extern "C" fn $symbol() {
            // `g.stack.hi` is the second word of `g` in every version.
            naked_asm!(
                concat!("mov ", $register, ", [r14 + 8]"),
                concat!("sub ", $register, ", r12"),
                "jmp {}",
                sym $target,
            )
        }
    )*};
}

with_distance! {
    __tsan_read, "rcx" => read;
    __tsan_write, "rcx" => write;
    __tsan_read_range, "r8" => read_range;
    __tsan_write_range, "r8" => write_range;
    __tsan_func_enter, "rdx" => func_enter;
    __tsan_func_exit, "rsi" => func_exit;
}

/// Declares a symbol that hands over in addition the raw distance, the stack's
/// top and the innermost frame, that of Go's function.
macro_rules! with_chain {
    ($($symbol:ident => $target:path;)*) => {$(
        /// See the function that it goes on in.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        extern "C" fn $symbol() {
            naked_asm!(
                "mov r9, [r14 + 8]",
                "mov r8, r9",
                "sub r8, r12",
                // The seventh argument, which also aligns the stack.
                "push rbp",
                "call {}",
                "pop rbp",
                "ret",
                sym $target,
            )
        }
    )*};
}

with_chain! {
    __tsan_read_pc => read_pc;
    __tsan_write_pc => write_pc;
    __gosan_quick_read_pc => quick_read_pc;
    __gosan_quick_write_pc => quick_write_pc;
}

extern "C" fn read(ctx: *const RaceCtx, address: usize, pc: u64, distance: u64) {
    if !is_recorded(ctx, address, Kind::Read) {
        new_byte(ctx, address, Kind::Read, Site::announced(pc, distance));
    }
}

extern "C" fn write(ctx: *const RaceCtx, address: usize, pc: u64, distance: u64) {
    if !is_recorded(ctx, address, Kind::Write) {
        new_byte(ctx, address, Kind::Write, Site::announced(pc, distance));
    }
}

/// The usual answer, without a stack frame of its own.
#[inline(always)]
fn is_recorded(ctx: *const RaceCtx, address: usize, kind: Kind) -> bool {
    // SAFETY: see `with`.
    unsafe {
        ctx.as_ref()
            .is_none_or(|ctx| access::is_recorded(ctx.inner(), address, kind))
    }
}

/// An access to one byte, called on the goroutine's stack: see
/// [`crate::quick`].
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_read(ctx: &RaceCtx, address: usize, pc: u64, distance: u64) -> bool {
    quick::byte(ctx, address, pc, distance, Kind::Read)
}

/// As `__gosan_quick_read`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_write(ctx: &RaceCtx, address: usize, pc: u64, distance: u64) -> bool {
    quick::byte(ctx, address, pc, distance, Kind::Write)
}

/// As `__gosan_quick_read`, to some bytes.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_readrange(
    ctx: &RaceCtx,
    address: usize,
    bytes: usize,
    pc: u64,
    distance: u64,
) -> bool {
    quick::range(ctx, address, bytes, pc, distance, Kind::Read)
}

/// As `__gosan_quick_read`, to some bytes.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_writerange(
    ctx: &RaceCtx,
    address: usize,
    bytes: usize,
    pc: u64,
    distance: u64,
) -> bool {
    quick::range(ctx, address, bytes, pc, distance, Kind::Write)
}

#[inline(never)]
fn new_byte(ctx: *const RaceCtx, address: usize, kind: Kind, site: Site) {
    with(ctx, |ctx, inner| {
        access::word(ctx, inner, address, Span::new(address, 1), kind, site);
    });
}

/// Declares what goes on for an access by a function of Go's runtime, on the
/// goroutine's stack and else.
macro_rules! in_runtime {
    ($($quick:ident $name:ident $kind:ident),*) => {$(
        extern "C" fn $quick(
            ctx: &RaceCtx,
            address: usize,
            caller: u64,
            pc: u64,
            distance: u64,
            stack_top: usize,
            frame: usize,
        ) -> bool {
            let site = site_in_runtime(caller, pc, distance, stack_top, frame);
            quick::byte_in_runtime(ctx, address, site, Kind::$kind)
        }

        extern "C" fn $name(
            ctx: *const RaceCtx,
            address: usize,
            caller: u64,
            pc: u64,
            distance: u64,
            stack_top: usize,
            frame: usize,
        ) {
            if !is_recorded(ctx, address, Kind::$kind) {
                let site = site_in_runtime(caller, pc, distance, stack_top, frame);
                new_byte(ctx, address, Kind::$kind, site);
            }
        }
    )*};
}

in_runtime!(quick_read_pc read_pc Read, quick_write_pc write_pc Write);

/// An access by a function of Go's runtime, which was called from `caller`.  That
/// may be another one, which announced nothing either: since Go 1.27 a map is
/// read by way of two.
fn site_in_runtime(caller: u64, pc: u64, distance: u64, stack_top: usize, frame: usize) -> Site {
    // The frame lies between the stack pointer and the stack's top.
    let is_frame = frame < stack_top && (stack_top - frame) as u64 <= distance;
    Site {
        pc,
        caller,
        distance,
        silent: is_frame.then_some(Silent {
            frame,
            stack_top,
            past: caller as usize,
            place: Place::Other as usize,
        }),
    }
}

extern "C" fn read_range(
    ctx: *const RaceCtx,
    address: usize,
    bytes: usize,
    pc: u64,
    distance: u64,
) {
    let site = Site::announced(pc, distance);
    with(ctx, |ctx, inner| {
        ranges::range(ctx, inner, address, bytes, Kind::Read, site)
    });
}

extern "C" fn write_range(
    ctx: *const RaceCtx,
    address: usize,
    bytes: usize,
    pc: u64,
    distance: u64,
) {
    let site = Site::announced(pc, distance);
    with(ctx, |ctx, inner| {
        ranges::range(ctx, inner, address, bytes, Kind::Write, site)
    });
}

extern "C" fn func_enter(ctx: *const RaceCtx, return_pc: u64, distance: u64) {
    with(ctx, |_, inner| {
        inner.frames.enter(return_pc, distance - ENTER_CALL)
    });
}

/// As `__tsan_func_enter`, on the goroutine's stack, at the distance itself: false
/// where the call is a new one, or needs room.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_enter(ctx: &RaceCtx, return_pc: u64, distance: u64) -> bool {
    // SAFETY: see `with`.
    unsafe { ctx.inner() }
        .frames
        .enter_known(return_pc, distance)
}

extern "C" fn func_exit(ctx: *const RaceCtx, distance: u64) {
    with(ctx, |_, inner| inner.frames.exit(distance));
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_init(main: &mut *const RaceCtx, processor: &mut usize, callback: usize) {
    go::set_callback(callback);
    *main = life_cycle::start_program();
    *processor = 1;
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_fini() {
    life_cycle::end_program();
}

/// Comes right after `__tsan_init`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_start(build: *mut go::Build) {
    go::set_build(build);
    life_cycle::read_options();
}

/// The program's tests are those of this package.
#[unsafe(no_mangle)]
extern "C" fn __gosan_package(name: *const u8, bytes: usize) {
    // SAFETY: Go passes a string, which lives during the call.
    report::tests::set_package(unsafe { text(name, bytes) });
}

/// The goroutine runs a test from now on.
#[unsafe(no_mangle)]
extern "C" fn __gosan_test(ctx: *const RaceCtx, name: *const u8, bytes: usize) {
    // SAFETY: as above.
    let name = unsafe { text(name, bytes) };
    with(ctx, |_, inner| report::tests::start(inner.life, name));
}

/// Says the name of a file that the options name; nothing where there are no
/// more.
#[unsafe(no_mangle)]
extern "C" fn __gosan_input(index: usize, out: &mut GoString) {
    if let Some(name) = report::input(index) {
        *out = GoString {
            start: name.as_ptr(),
            bytes: name.len(),
        };
    }
}

/// A string as Go keeps it.
#[repr(C)]
struct GoString {
    start: *const u8,
    bytes: usize,
}

/// The goroutine acquired or released something in package `sync`, by calls
/// that return to `pcs`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_lock(ctx: *const RaceCtx, address: usize, pcs: *const u64, count: usize) {
    // SAFETY: Go passes an array of its own with as many words.
    let pcs = unsafe { core::slice::from_raw_parts(pcs, count) };
    with(ctx, |_, inner| {
        if inner.ignore_sync == 0 {
            locks::event(inner, address, pcs);
        }
    });
}

/// The goroutine allocated an object, by calls that return to `pcs`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_allocated(
    ctx: *const RaceCtx,
    address: usize,
    pcs: *const u64,
    count: usize,
) {
    // SAFETY: as above.
    let pcs = unsafe { core::slice::from_raw_parts(pcs, count) };
    if ctx.is_null() {
        allocations::begins(None, address, pcs);
    }
    with(ctx, |_, inner| {
        allocations::begins(Some(inner), address, pcs)
    });
}

/// # Safety
/// The bytes must be there, and stay, as long as the result is used.
unsafe fn text<'a>(start: *const u8, bytes: usize) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: by the contract.
    unsafe { core::slice::from_raw_parts(start, bytes) }
}

#[unsafe(no_mangle)]
extern "C" fn __gosan_atexit_ms(out: &mut u64) {
    *out = report::atexit_sleep_ms();
}

#[unsafe(no_mangle)]
extern "C" fn __gosan_unwound(ctx: *const RaceCtx, distance: u64) {
    with(ctx, |_, inner| {
        inner
            .frames
            .drop_deeper_than(distance + size_of::<usize>() as u64)
    });
}

/// Processors have no state here.
#[unsafe(no_mangle)]
extern "C" fn __tsan_proc_create(processor: &mut usize) {
    *processor = 1;
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_proc_destroy(_processor: usize) {}

#[unsafe(no_mangle)]
extern "C" fn __tsan_map_shadow(address: usize, bytes: usize) {
    shadow::announce(address, bytes);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_go_start(creator: *const RaceCtx, new: &mut *const RaceCtx, pc: u64) {
    // SAFETY: see `with`; the creator waits for this call.
    let creator = unsafe { creator.as_ref() };
    *new = life_cycle::start_goroutine(creator, pc);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_go_end(ctx: *const RaceCtx) {
    // SAFETY: see `with`; Go uses the context no more.
    if let Some(ctx) = unsafe { ctx.as_ref() } {
        // SAFETY: as above.
        unsafe { life_cycle::end_goroutine(ctx) };
    }
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_malloc(_ctx: usize, _pc: usize, address: usize, bytes: usize) {
    shadow::clear(address, bytes);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_free(address: usize, bytes: usize) {
    shadow::clear(address, bytes);
}

/// As `__tsan_malloc` or `__tsan_free`, on the present stack: false where that takes
/// more.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_clear(address: usize, bytes: usize) -> bool {
    shadow::clear_few(address, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_acquire(ctx: *const RaceCtx, address: usize) {
    with(ctx, |_, inner| {
        if inner.ignore_sync == 0 {
            sync::acquire(inner, address);
        }
    });
}

fn release(ctx: *const RaceCtx, address: usize, how: Release) {
    with(ctx, |_, inner| {
        if inner.ignore_sync == 0 {
            sync::release(inner, address, how);
        }
    });
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_release(ctx: *const RaceCtx, address: usize) {
    release(ctx, address, Release::Store);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_release_merge(ctx: *const RaceCtx, address: usize) {
    release(ctx, address, Release::Merge);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_release_acquire(ctx: *const RaceCtx, address: usize) {
    release(ctx, address, Release::StoreAndAcquire);
}

/// As `__tsan_acquire`, on the goroutine's stack: false where that takes more.  See
/// [`crate::quick_sync`].
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_acquire(ctx: *const RaceCtx, address: usize) -> bool {
    quickly(ctx, |_, inner| quick_sync::acquire(inner, address))
}

/// As `__tsan_release`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_release(ctx: *const RaceCtx, address: usize) -> bool {
    quickly(ctx, |_, inner| {
        quick_sync::release(inner, address, Release::Store)
    })
}

/// As `__tsan_release_merge`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_release_merge(ctx: *const RaceCtx, address: usize) -> bool {
    quickly(ctx, |_, inner| {
        quick_sync::release(inner, address, Release::Merge)
    })
}

/// As `__tsan_release_acquire`.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_release_acquire(ctx: *const RaceCtx, address: usize) -> bool {
    quickly(ctx, |_, inner| {
        quick_sync::release(inner, address, Release::StoreAndAcquire)
    })
}

/// What `f` says; true where no event is wanted.
#[inline(always)]
fn quickly(ctx: *const RaceCtx, f: impl FnOnce(&RaceCtx, &mut Inner) -> bool) -> bool {
    let mut done = true;
    with(ctx, |ctx, inner| {
        if inner.ignore_sync == 0 {
            done = f(ctx, inner);
        }
    });
    done
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_go_ignore_sync_begin(ctx: *const RaceCtx) {
    with(ctx, |_, inner| inner.ignore_sync += 1);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_go_ignore_sync_end(ctx: *const RaceCtx) {
    with(ctx, |_, inner| {
        inner.ignore_sync = inner.ignore_sync.saturating_sub(1)
    });
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_finalizer_goroutine(ctx: *const RaceCtx) {
    with(ctx, life_cycle::learn_all);
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_report_count(out: &mut u64) {
    *out = report::count();
}
