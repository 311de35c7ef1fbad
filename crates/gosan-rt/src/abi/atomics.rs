//! The symbols of `sync/atomic`: where the operands lie, and which functions the
//! operation was reached by.

use super::{Place, with};
use crate::access::Site;
use crate::atomic::{self, Effect};
use crate::frames::{NO_DISTANCE, Silent};
use crate::quick_sync;
use crate::racectx::RaceCtx;
use core::arch::naked_asm;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

/// Arguments and results of an atomic operation, as they lie on Go's stack: the
/// address first.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Arguments(*mut u8);

impl Arguments {
    /// The address that is operated on.
    fn address(self) -> usize {
        self.get(0)
    }

    fn get<T: Copy>(self, offset: usize) -> T {
        // SAFETY: Go's declaration of the operation puts a T at this offset.
        unsafe { self.0.add(offset).cast::<T>().read() }
    }

    fn set<T>(self, offset: usize, value: T) {
        // SAFETY: as for `get`.
        unsafe { self.0.add(offset).cast::<T>().write(value) }
    }
}

/// How an atomic operation was called.
#[derive(Clone, Copy)]
struct Called {
    /// The call of the assembly function that is the operation.
    caller: u64,
    /// The hook's return address, in that function.
    pc: u64,
    /// The frame that RBP points to.
    frame: usize,
    /// Where the goroutine's stack ends.
    stack_top: usize,
    place: Place,
}

/// The largest frame of a wrapper: four words of arguments and results.
const LARGEST_WRAPPER: usize = 4 * 8;

impl Called {
    fn site(self, arguments: Arguments) -> Site {
        // The frame of whoever called the assembly function lies right above
        // the arguments.
        let arguments = arguments.0 as usize;
        let is_callers = (arguments..=arguments + LARGEST_WRAPPER).contains(&self.frame);
        Site {
            pc: self.pc,
            caller: self.caller,
            distance: NO_DISTANCE,
            silent: is_callers.then_some(Silent {
                frame: self.frame,
                stack_top: self.stack_top,
                past: 0,
                place: self.place as usize,
            }),
        }
    }
}

/// The word that an atomic operation is about.
fn target<T>(arguments: Arguments) -> &'static T {
    // SAFETY: the thunk has read from the address already, the program may
    // change it by atomic operations, and the hardware takes any alignment.
    unsafe { &*(arguments.address() as *const T) }
}

/// Runs an operation, and says its result.  `effect` is what it would do now, for
/// those that do not always do the same.  On the goroutine's own stack (`QUICK`) the
/// answer is false where more is needed; then nothing has happened.
#[inline(always)]
fn run<const QUICK: bool, T>(
    ctx: *const RaceCtx,
    called: Called,
    arguments: Arguments,
    bytes: usize,
    effect: impl FnOnce() -> Effect,
    operation: impl FnOnce(Effect) -> (T, Effect),
    result: impl FnOnce(T),
) -> bool {
    // SAFETY: see `with`.
    let ctx = unsafe { ctx.as_ref() };
    // SAFETY: see `with`.
    let heard = ctx.filter(|ctx| unsafe { ctx.inner() }.ignore_sync == 0);
    let Some(ctx) = heard else {
        result(operation(Effect::Update).0);
        return true;
    };
    // SAFETY: see `with`.
    let inner = unsafe { ctx.inner() };
    let (address, site) = (arguments.address(), called.site(arguments));
    let value = if QUICK {
        quick_sync::update(ctx, inner, address, bytes, site, effect, |effect| {
            operation(effect).0
        })
    } else {
        let operation = || operation(Effect::Update);
        Some(atomic::update(ctx, inner, address, bytes, site, operation))
    };
    value.map(result).is_some()
}

macro_rules! atomics {
    ($atomic:ty, $value:ty, $bytes:literal:
     $load:ident, $store:ident, $exchange:ident, $add:ident, $and:ident, $or:ident, $cas:ident) => {
        extern "C" fn $load<const QUICK: bool>(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) -> bool {
            let operation = || target::<$atomic>(args).load(SeqCst);
            let called = Called { caller, pc, frame, stack_top, place: Place::Load };
            let mut value = Some(operation());
            with(ctx, |ctx, inner| {
                if inner.ignore_sync == 0 {
                    let (address, site) = (args.address(), called.site(args));
                    value = if QUICK {
                        quick_sync::load(ctx, inner, address, $bytes, site, operation)
                    } else {
                        Some(atomic::load(ctx, inner, address, $bytes, site, operation))
                    };
                }
            });
            value.map(|value| args.set(8, value)).is_some()
        }

        extern "C" fn $store<const QUICK: bool>(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) -> bool {
            let operation = |_| {
                target::<$atomic>(args).store(args.get::<$value>(8), SeqCst);
                ((), Effect::Store)
            };
            let called = Called { caller, pc, frame, stack_top, place: Place::Other };
            run::<QUICK, _>(ctx, called, args, $bytes, || Effect::Store, operation, |()| {})
        }

        atomics!(@update $atomic, $value, $bytes: $exchange swap Other, $add fetch_add Add, $and fetch_and Other, $or fetch_or Other);

        extern "C" fn $cas<const QUICK: bool>(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) -> bool {
            let (old, new): ($value, $value) = (args.get(8), args.get(8 + $bytes));
            let effect = || match target::<$atomic>(args).load(SeqCst) == old {
                true => Effect::Update,
                false => Effect::Load,
            };
            let operation = |effect| {
                if effect == Effect::Load {
                    return (false, effect);
                }
                match target::<$atomic>(args).compare_exchange(old, new, SeqCst, SeqCst) {
                    Ok(_) => (true, Effect::Update),
                    Err(_) => (false, Effect::Load),
                }
            };
            let result = 8 + (2 * $bytes as usize).next_multiple_of(8);
            let called = Called { caller, pc, frame, stack_top, place: Place::CompareAndSwap };
            run::<QUICK, _>(ctx, called, args, $bytes, effect, operation, |swapped| {
                args.set(result, swapped as u8);
            })
        }
    };
    (@update $atomic:ty, $value:ty, $bytes:literal: $($symbol:ident $method:ident $operation:ident),*) => {$(
        extern "C" fn $symbol<const QUICK: bool>(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) -> bool {
            let operation = |_| {
                let operand: $value = args.get(8);
                (target::<$atomic>(args).$method(operand, SeqCst), Effect::Update)
            };
            let called = Called { caller, pc, frame, stack_top, place: Place::$operation };
            run::<QUICK, _>(ctx, called, args, $bytes, || Effect::Update, operation, |old| args.set(16, old))
        }
    )*};
}

atomics!(AtomicU32, u32, 4: load32, store32, exchange32, add32, and32, or32, swap32);
atomics!(AtomicU64, u64, 8: load64, store64, exchange64, add64, and64, or64, swap64);

/// Declares the symbols of an atomic operation, which is told in addition where
/// the frame of Go's wrapper is, and where the stack's top.
///
/// Go's assembly knows the first symbol only, for the system stack.  The hook of the
/// assembled GOROOT tries the other before: 16 bytes behind the first, it goes there.
macro_rules! with_frame {
    ($($symbol:ident, $quick:ident => $target:ident;)*) => {$(
        /// See the function that it goes on in.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        extern "C" fn $symbol() {
            naked_asm!(
                "mov r8, rbp",
                "mov r9, [r14 + 8]",
                "jmp {}",
                // That were 12 bytes.
                ".balign 16",
                "mov r8, rbp",
                "mov r9, [r14 + 8]",
                "jmp {}",
                sym $target::<false>,
                sym $quick,
            )
        }

        /// As the other, on the goroutine's own stack: see [`crate::quick_sync`].
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        extern "C" fn $quick() {
            naked_asm!("jmp {}", sym $target::<true>)
        }
    )*};
}

with_frame! {
    __tsan_go_atomic32_load, __gosan_quick_atomic32_load => load32;
    __tsan_go_atomic32_store, __gosan_quick_atomic32_store => store32;
    __tsan_go_atomic32_exchange, __gosan_quick_atomic32_exchange => exchange32;
    __tsan_go_atomic32_fetch_add, __gosan_quick_atomic32_fetch_add => add32;
    __tsan_go_atomic32_fetch_and, __gosan_quick_atomic32_fetch_and => and32;
    __tsan_go_atomic32_fetch_or, __gosan_quick_atomic32_fetch_or => or32;
    __tsan_go_atomic32_compare_exchange, __gosan_quick_atomic32_compare_exchange => swap32;
    __tsan_go_atomic64_load, __gosan_quick_atomic64_load => load64;
    __tsan_go_atomic64_store, __gosan_quick_atomic64_store => store64;
    __tsan_go_atomic64_exchange, __gosan_quick_atomic64_exchange => exchange64;
    __tsan_go_atomic64_fetch_add, __gosan_quick_atomic64_fetch_add => add64;
    __tsan_go_atomic64_fetch_and, __gosan_quick_atomic64_fetch_and => and64;
    __tsan_go_atomic64_fetch_or, __gosan_quick_atomic64_fetch_or => or64;
    __tsan_go_atomic64_compare_exchange, __gosan_quick_atomic64_compare_exchange => swap64;
}
