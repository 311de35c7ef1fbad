//! Calls back into Go's runtime, and what it tells about itself.

use crate::report::symbolize::Frame;
use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// `runtime.racecallbackthunk`: a command and its context.
type Callback = unsafe extern "C" fn(command: usize, context: *mut c_void);

const SYMBOLIZE_CODE: usize = 1;
const SYMBOLIZE_DATA: usize = 2;

static CALLBACK: AtomicUsize = AtomicUsize::new(0);
static BUILD: AtomicPtr<Build> = AtomicPtr::new(core::ptr::null_mut());

/// What the assembled GOROOT knows of the build, `runtime.raceBuild`: texts
/// that end with NUL, and switches.  It lives as long as the program.
#[repr(C)]
pub struct Build {
    assembled_goroot: *const c_char,
    user_goroot: *const c_char,
    runs: *const c_char,
    version: *const c_char,
    /// Whether Go shall tell of locks, and of allocations; written here.
    locks: AtomicBool,
    allocations: AtomicBool,
}

/// `runtime.symbolizeDataContext`.
#[repr(C)]
struct DataContext {
    address: usize,
    heap: usize,
    start: usize,
    bytes: usize,
    name: *const c_char,
    file: *const c_char,
    line: usize,
    found: usize,
}

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

/// Remembers what Go tells of the build.
pub fn set_build(build: *mut Build) {
    BUILD.store(build, Ordering::Release);
}

/// Says what Go shall tell of.
pub fn set_followed(locks: bool, allocations: bool) {
    // SAFETY: Go handed over a variable of its own, in `__gosan_start`.
    if let Some(build) = unsafe { BUILD.load(Ordering::Acquire).as_ref() } {
        build.locks.store(locks, Ordering::Relaxed);
        build.allocations.store(allocations, Ordering::Relaxed);
    }
}

fn build_text(of: impl FnOnce(&Build) -> *const c_char) -> &'static [u8] {
    // SAFETY: Go handed over a constant of its own, in `__gosan_start`.
    let build = unsafe { BUILD.load(Ordering::Acquire).as_ref() };
    build.and_then(|build| text(of(build))).unwrap_or_default()
}

/// The assembled GOROOT and the user's.
pub fn goroots() -> Option<(&'static [u8], &'static [u8])> {
    let from = build_text(|build| build.assembled_goroot);
    let to = build_text(|build| build.user_goroot);
    (!from.is_empty() && !to.is_empty()).then_some((from, to))
}

/// Where a `gosan` that waits for programs keeps a folder for each run.
pub fn runs() -> &'static [u8] {
    build_text(|build| build.runs)
}

/// The version of Go.
pub fn version() -> &'static [u8] {
    build_text(|build| build.version)
}

/// The frame at an address, and the address in its caller where it is inlined.
pub fn frame_at(pc: usize) -> Option<(Frame, Option<usize>)> {
    let mut context = CodeContext {
        pc,
        function: core::ptr::null(),
        file: core::ptr::null(),
        line: 0,
        offset: 0,
        found: 0,
    };
    // SAFETY: the context has the layout that this command writes.
    unsafe { call(SYMBOLIZE_CODE, (&raw mut context).cast()) };
    if context.found == 0 {
        return None;
    }
    let inlined = context.pc != pc;
    let frame = Frame {
        function: text(context.function).unwrap_or(b"??"),
        file: text(context.file).unwrap_or(b"-"),
        line: context.line,
        offset: context.offset,
        inlined,
    };
    Some((frame, inlined.then_some(context.pc)))
}

/// Where the heap's object at an address begins, and how many bytes Go keeps
/// for it.
pub fn heap_object(address: usize) -> Option<(usize, usize)> {
    let mut context = DataContext {
        address,
        heap: 0,
        start: 0,
        bytes: 0,
        name: core::ptr::null(),
        file: core::ptr::null(),
        line: 0,
        found: 0,
    };
    // SAFETY: the context has the layout that this command writes.
    unsafe { call(SYMBOLIZE_DATA, (&raw mut context).cast()) };
    (context.found != 0 && context.heap != 0).then_some((context.start, context.bytes))
}

/// Asks Go's runtime.
///
/// # Safety
/// The context must be the command's.
unsafe fn call(command: usize, context: *mut c_void) {
    let callback = CALLBACK.load(Ordering::Acquire);
    if callback == 0 {
        return;
    }
    // SAFETY: Go handed this address over as its callback, in `__tsan_init`.
    let callback: Callback = unsafe { core::mem::transmute(callback) };
    // SAFETY: this runs on a system stack, as the callback wants, and the
    // context is as the caller promises.
    unsafe { callback(command, context) };
}

fn text(pointer: *const c_char) -> Option<&'static [u8]> {
    // SAFETY: Go passes null, or a constant text of its binary that ends with
    // NUL.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_bytes())
}
