//! The symbols of `sync/atomic`: where the operands lie, and which functions the
//! operation was reached by.

use super::{Place, with};
use crate::access::Site;
use crate::atomic::{self, Effect};
use crate::frames::{NO_DISTANCE, Silent};
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

fn run<T>(
    ctx: *const RaceCtx,
    called: Called,
    arguments: Arguments,
    bytes: usize,
    operation: impl FnOnce() -> (T, Effect),
    result: impl FnOnce(T),
) {
    // SAFETY: see `with`.
    match unsafe { ctx.as_ref() } {
        // SAFETY: see `with`.
        Some(ctx) if unsafe { ctx.inner() }.ignore_sync == 0 => with(ctx, |ctx, inner| {
            let site = called.site(arguments);
            result(atomic::update(
                ctx,
                inner,
                arguments.address(),
                bytes,
                site,
                operation,
            ));
        }),
        _ => result(operation().0),
    }
}

macro_rules! atomics {
    ($atomic:ty, $value:ty, $bytes:literal:
     $load:ident, $store:ident, $exchange:ident, $add:ident, $and:ident, $or:ident, $cas:ident) => {
        extern "C" fn $load(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) {
            let operation = || target::<$atomic>(args).load(SeqCst);
            let called = Called { caller, pc, frame, stack_top, place: Place::Load };
            let mut value = operation();
            with(ctx, |ctx, inner| {
                if inner.ignore_sync == 0 {
                    let site = called.site(args);
                    value = atomic::load(ctx, inner, args.address(), $bytes, site, operation);
                }
            });
            args.set(8, value);
        }

        extern "C" fn $store(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) {
            let operation = || {
                target::<$atomic>(args).store(args.get::<$value>(8), SeqCst);
                ((), Effect::Store)
            };
            let called = Called { caller, pc, frame, stack_top, place: Place::Other };
            run(ctx, called, args, $bytes, operation, |()| {});
        }

        atomics!(@update $atomic, $value, $bytes: $exchange swap Other, $add fetch_add Add, $and fetch_and Other, $or fetch_or Other);

        extern "C" fn $cas(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) {
            let operation = || {
                let (old, new): ($value, $value) = (args.get(8), args.get(8 + $bytes));
                match target::<$atomic>(args).compare_exchange(old, new, SeqCst, SeqCst) {
                    Ok(_) => (true, Effect::Update),
                    Err(_) => (false, Effect::Load),
                }
            };
            let result = 8 + (2 * $bytes as usize).next_multiple_of(8);
            let called = Called { caller, pc, frame, stack_top, place: Place::CompareAndSwap };
            run(ctx, called, args, $bytes, operation, |swapped| {
                args.set(result, swapped as u8);
            });
        }
    };
    (@update $atomic:ty, $value:ty, $bytes:literal: $($symbol:ident $method:ident $operation:ident),*) => {$(
        extern "C" fn $symbol(ctx: *const RaceCtx, caller: u64, pc: u64, args: Arguments, frame: usize, stack_top: usize) {
            let operation = || {
                let operand: $value = args.get(8);
                (target::<$atomic>(args).$method(operand, SeqCst), Effect::Update)
            };
            let called = Called { caller, pc, frame, stack_top, place: Place::$operation };
            run(ctx, called, args, $bytes, operation, |old| args.set(16, old));
        }
    )*};
}

atomics!(AtomicU32, u32, 4: load32, store32, exchange32, add32, and32, or32, swap32);
atomics!(AtomicU64, u64, 8: load64, store64, exchange64, add64, and64, or64, swap64);

/// Declares the symbol of an atomic operation, which is told in addition where
/// the frame of Go's wrapper is, and where the stack's top.
macro_rules! with_frame {
    ($($symbol:ident => $target:path;)*) => {$(
        /// See the function that it goes on in.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        extern "C" fn $symbol() {
            naked_asm!("mov r8, rbp", "mov r9, [r14 + 8]", "jmp {}", sym $target)
        }
    )*};
}

with_frame! {
    __tsan_go_atomic32_load => load32;
    __tsan_go_atomic32_store => store32;
    __tsan_go_atomic32_exchange => exchange32;
    __tsan_go_atomic32_fetch_add => add32;
    __tsan_go_atomic32_fetch_and => and32;
    __tsan_go_atomic32_fetch_or => or32;
    __tsan_go_atomic32_compare_exchange => swap32;
    __tsan_go_atomic64_load => load64;
    __tsan_go_atomic64_store => store64;
    __tsan_go_atomic64_exchange => exchange64;
    __tsan_go_atomic64_fetch_add => add64;
    __tsan_go_atomic64_fetch_and => and64;
    __tsan_go_atomic64_fetch_or => or64;
    __tsan_go_atomic64_compare_exchange => swap64;
}
