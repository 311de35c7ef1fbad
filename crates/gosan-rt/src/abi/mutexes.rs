//! The symbols of `sync.Mutex`.
//!
//! ThreadSanitizer's Go hears of a mutex twice for each operation: as an atomic
//! on its state, and as an acquire or a release of it.  The assembled GOROOT says
//! it once, when the mutex is taken and before it is let go, and its state changes
//! unheard.  What goroutines that wait do to the state orders nothing: by Go's
//! memory model only an unlock comes before a lock.

use super::{Place, quickly, with};
use crate::access::Site;
use crate::atomic::{self, Effect};
use crate::frames::{NO_DISTANCE, Silent};
use crate::quick_sync::{self, MUTEX_BYTES};
use crate::racectx::RaceCtx;
use core::arch::naked_asm;

/// The goroutine has taken a mutex, told by the function whose frame is given and
/// which goes on at `pc`: on its own stack, see [`crate::quick_sync`].
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_locked(
    ctx: *const RaceCtx,
    address: usize,
    pc: u64,
    frame: usize,
    top: usize,
) -> bool {
    let site = site(pc, frame, top, Place::Lock);
    quickly(ctx, |ctx, inner| {
        quick_sync::locked(ctx, inner, address, site)
    })
}

/// As `__gosan_quick_locked`, where it is about to let the mutex go.
#[unsafe(no_mangle)]
extern "C" fn __gosan_quick_unlocks(
    ctx: *const RaceCtx,
    address: usize,
    pc: u64,
    frame: usize,
    top: usize,
) -> bool {
    let site = site(pc, frame, top, Place::Unlock);
    quickly(ctx, |ctx, inner| {
        quick_sync::unlocks(ctx, inner, address, site)
    })
}

/// The frame is the caller's own; it lies on its stack.
fn site(pc: u64, frame: usize, stack_top: usize, place: Place) -> Site {
    Site {
        pc,
        caller: 0,
        distance: NO_DISTANCE,
        silent: Some(Silent {
            frame,
            stack_top,
            past: 0,
            place: place as usize,
        }),
    }
}

fn event(ctx: *const RaceCtx, address: usize, site: Site, effect: Effect) {
    with(ctx, |ctx, inner| {
        if inner.ignore_sync == 0 {
            atomic::update(ctx, inner, address, MUTEX_BYTES, site, || ((), effect));
        }
    });
}

/// Declares a symbol that tells of an event, and is told in addition where the stack's
/// top is.
macro_rules! with_stack_top {
    ($($symbol:ident, $target:ident => $place:ident, $effect:ident;)*) => {$(
        extern "C" fn $target(ctx: *const RaceCtx, address: usize, pc: u64, frame: usize, top: usize) {
            event(ctx, address, site(pc, frame, top, Place::$place), Effect::$effect);
        }

        /// See the function that it goes on in.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        extern "C" fn $symbol() {
            naked_asm!("mov r8, [r14 + 8]", "jmp {}", sym $target)
        }
    )*};
}

with_stack_top! {
    __gosan_locked, locked => Lock, Lock;
    __gosan_unlocks, unlocks => Unlock, Store;
    __gosan_waits, waits => Wait, Wait;
}
