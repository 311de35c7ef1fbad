//! Calls back into Go's runtime, and what it tells about itself.

use crate::report::symbolize::Frame;
use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// `runtime.racecallbackthunk`: a command and its context.
type Callback = unsafe extern "C" fn(command: usize, context: *mut c_void);

const SYMBOLIZE_CODE: usize = 1;

static CALLBACK: AtomicUsize = AtomicUsize::new(0);
static GOROOT_FROM: AtomicPtr<c_char> = AtomicPtr::new(core::ptr::null_mut());
static GOROOT_TO: AtomicPtr<c_char> = AtomicPtr::new(core::ptr::null_mut());

/// `runtime.symbolizeCodeContext`.
#[repr(C)]
struct CodeContext {
    pc: usize,
    function: *const c_char,
    file: *const c_char,
    line: usize,
    offset: usize,
    found: usize,
}

/// Remembers the runtime's callback.
pub fn set_callback(callback: usize) {
    CALLBACK.store(callback, Ordering::Release);
}

/// Remembers the assembled GOROOT and the user's; both end with NUL and live
/// as long as the program.
pub fn set_goroots(from: *mut c_char, to: *mut c_char) {
    GOROOT_TO.store(to, Ordering::Relaxed);
    GOROOT_FROM.store(from, Ordering::Release);
}

/// The assembled GOROOT and the user's.
pub fn goroots() -> Option<(&'static [u8], &'static [u8])> {
    let from = text(GOROOT_FROM.load(Ordering::Acquire))?;
    let to = text(GOROOT_TO.load(Ordering::Relaxed))?;
    (!from.is_empty() && !to.is_empty()).then_some((from, to))
}

/// The frame at an address, and the address in its caller where it is inlined.
pub fn frame_at(pc: usize) -> Option<(Frame, Option<usize>)> {
    let callback = CALLBACK.load(Ordering::Acquire);
    if callback == 0 {
        return None;
    }
    // SAFETY: Go handed this address over as its callback, in `__tsan_init`.
    let callback: Callback = unsafe { core::mem::transmute(callback) };
    let mut context = CodeContext {
        pc,
        function: core::ptr::null(),
        file: core::ptr::null(),
        line: 0,
        offset: 0,
        found: 0,
    };
    // SAFETY: this runs on a system stack, as the callback wants, and the
    // context has the layout that it writes.
    unsafe { callback(SYMBOLIZE_CODE, (&raw mut context).cast()) };
    if context.found == 0 {
        return None;
    }
    let frame = Frame {
        function: text(context.function.cast_mut()).unwrap_or(b"??"),
        file: text(context.file.cast_mut()).unwrap_or(b"-"),
        line: context.line,
        offset: context.offset,
    };
    Some((frame, (context.pc != pc).then_some(context.pc)))
}

fn text(pointer: *mut c_char) -> Option<&'static [u8]> {
    // SAFETY: Go passes null, or a constant text of its binary that ends with
    // NUL.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_bytes())
}
