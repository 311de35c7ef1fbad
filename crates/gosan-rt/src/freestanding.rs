//! What a program without std must bring itself: an allocator, a panic
//! handler, and the memory functions that the compiler calls.
//!
//! The memory functions are made local symbols when the object is built: a
//! global one would replace libc's in the user's C code.

use crate::heap::Heap;
use core::arch::asm;

#[global_allocator]
static HEAP: Heap = Heap::new();

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let place = info
        .location()
        .map_or(("?", 0), |place| (place.file(), place.line()));
    let mut text = crate::report::classic::Text::default();
    let _ = core::fmt::Write::write_fmt(
        &mut text,
        format_args!(
            "gosan: internal error at {}:{}, please report it",
            place.0, place.1
        ),
    );
    crate::fatal(core::str::from_utf8(&text.0).unwrap_or("gosan: internal error"))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    // SAFETY: by memcpy's contract both ranges are valid and do not overlap.
    unsafe {
        asm!("rep movsb", inout("rcx") bytes => _, inout("rdi") to => _, inout("rsi") from => _,
             options(nostack, preserves_flags));
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= bytes {
        // SAFETY: copying upwards does not overwrite what is still to be read.
        return unsafe { memcpy(to, from, bytes) };
    }
    // SAFETY: copying downwards, from the last byte, does not either.
    unsafe {
        asm!("std", "rep movsb", "cld",
             inout("rcx") bytes => _,
             inout("rdi") to.wrapping_add(bytes).wrapping_sub(1) => _,
             inout("rsi") from.wrapping_add(bytes).wrapping_sub(1) => _,
             options(nostack));
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, value: i32, bytes: usize) -> *mut u8 {
    // SAFETY: by memset's contract the range is valid.
    unsafe {
        asm!("rep stosb", inout("rcx") bytes => _, inout("rdi") to => _, in("al") value as u8,
             options(nostack, preserves_flags));
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, bytes: usize) -> i32 {
    for i in 0..bytes {
        // SAFETY: by memcmp's contract both ranges are valid; volatile, so that
        // the loop is not turned into a call of this function.
        let (x, y) = unsafe { (a.add(i).read_volatile(), b.add(i).read_volatile()) };
        if x != y {
            return x as i32 - y as i32;
        }
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, bytes: usize) -> i32 {
    // SAFETY: the contract is memcmp's.
    unsafe { memcmp(a, b, bytes) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut len = 0;
    // SAFETY: by strlen's contract the text ends with NUL; volatile as above.
    while unsafe { text.add(len).read_volatile() } != 0 {
        len += 1;
    }
    len
}
