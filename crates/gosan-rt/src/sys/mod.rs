//! The system calls that the runtime makes, raw: the object must not need libc.
//!
//! Every call is one line over [`call6`].  Results are the kernel's: negative
//! values are error numbers.

use core::arch::asm;
use core::ffi::c_void;

const SYS_READ: usize = 0;
const SYS_WRITE: usize = 1;
const SYS_OPEN: usize = 2;
const SYS_CLOSE: usize = 3;
const SYS_MMAP: usize = 9;
const SYS_MPROTECT: usize = 10;
const SYS_MUNMAP: usize = 11;
const SYS_MADVISE: usize = 28;
const SYS_SCHED_YIELD: usize = 24;
const SYS_GETPID: usize = 39;
const SYS_FUTEX: usize = 202;
const SYS_EXIT_GROUP: usize = 231;
const SYS_MEMBARRIER: usize = 324;

const PROT_NONE: usize = 0;
const PROT_RW: usize = 3;
const MAP_PRIVATE_ANON_NORESERVE: usize = 0x2 | 0x20 | 0x4000;
const MADV_DONTNEED: usize = 4;
const MADV_NOHUGEPAGE: usize = 15;
const FUTEX_WAIT_PRIVATE: usize = 128;
const FUTEX_WAKE_PRIVATE: usize = 129;
const MEMBARRIER_PRIVATE_EXPEDITED: usize = 8;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: usize = 16;

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// Makes a system call.
///
/// # Safety
/// The arguments must be valid for the call: this can map, write and exit.
#[inline]
unsafe fn call6(nr: usize, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize {
    let result: isize;
    // SAFETY: the kernel's calling convention: number in rax, arguments in the
    // six registers below; it changes rax, rcx and r11 only.
    unsafe {
        asm!("syscall", inlateout("rax") nr => result,
             in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
             lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Reserves address space that cannot be touched yet, or null.
pub fn reserve(bytes: usize) -> *mut c_void {
    map(bytes, PROT_NONE)
}

/// Maps memory that reads as zero, or null.
pub fn map_zeroed(bytes: usize) -> *mut c_void {
    map(bytes, PROT_RW)
}

fn map(bytes: usize, protection: usize) -> *mut c_void {
    // SAFETY: a new private mapping at an address that the kernel chooses
    // touches no memory that anybody has.
    let result = unsafe {
        call6(
            SYS_MMAP,
            0,
            bytes,
            protection,
            MAP_PRIVATE_ANON_NORESERVE,
            usize::MAX,
            0,
        )
    };
    if (-4095..0).contains(&result) {
        core::ptr::null_mut()
    } else {
        result as *mut c_void
    }
}

/// Makes reserved pages usable.  False where the kernel refuses.
///
/// # Safety
/// The pages must belong to a mapping of [`reserve`].
pub unsafe fn commit(address: usize, bytes: usize) -> bool {
    // SAFETY: by the contract the pages are the caller's own.
    unsafe { call6(SYS_MPROTECT, address, bytes, PROT_RW, 0, 0, 0) == 0 }
}

/// Asks that no huge pages back the range: shadow is touched sparsely.
///
/// # Safety
/// The pages must belong to a mapping of this module.
pub unsafe fn no_huge_pages(address: usize, bytes: usize) {
    // SAFETY: advice on the caller's own pages; their content stays.
    unsafe { call6(SYS_MADVISE, address, bytes, MADV_NOHUGEPAGE, 0, 0, 0) };
}

/// Gives whole pages back; they read as zero afterwards.
///
/// # Safety
/// The pages must belong to a mapping of this module, and nobody may rely on
/// their content.
pub unsafe fn discard(address: usize, bytes: usize) {
    // SAFETY: by the contract the content is not needed.
    unsafe { call6(SYS_MADVISE, address, bytes, MADV_DONTNEED, 0, 0, 0) };
}

/// Unmaps pages.
///
/// # Safety
/// The range must be a whole mapping of this module that nobody uses any more.
pub unsafe fn unmap(address: usize, bytes: usize) {
    // SAFETY: by the contract nobody uses the pages.
    unsafe { call6(SYS_MUNMAP, address, bytes, 0, 0, 0, 0) };
}

/// Writes all bytes to a file descriptor; gives up on an error.
pub fn write_all(fd: i32, mut bytes: &[u8]) {
    const EINTR: isize = -4;
    const EAGAIN: isize = -11;
    while !bytes.is_empty() {
        // SAFETY: the kernel only reads the slice.
        let n = unsafe {
            call6(
                SYS_WRITE,
                fd as usize,
                bytes.as_ptr() as usize,
                bytes.len(),
                0,
                0,
                0,
            )
        };
        match n {
            EINTR => {}
            EAGAIN => yield_processor(),
            n if n <= 0 => return,
            n => bytes = &bytes[(n as usize).min(bytes.len())..],
        }
    }
}

/// Reads into the buffer: the number of bytes, 0 at the end, negative on error.
pub fn read(fd: i32, buffer: &mut [u8]) -> isize {
    // SAFETY: the kernel writes at most the buffer's length into it.
    unsafe {
        call6(
            SYS_READ,
            fd as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
            0,
            0,
            0,
        )
    }
}

/// How a file is opened.
#[derive(Clone, Copy)]
pub enum Open {
    /// To be read.
    Read,
    /// To be written from its start: created, or emptied.
    Create,
}

/// Opens a file by its NUL-terminated path: a descriptor, or negative.
pub fn open(path_nul: &[u8], how: Open) -> i32 {
    const O_CLOEXEC: usize = 0o2000000;
    const O_WRONLY_CREAT_TRUNC: usize = 0o1 | 0o100 | 0o1000;
    if path_nul.last() != Some(&0) {
        return -22;
    }
    let flags = match how {
        Open::Read => O_CLOEXEC,
        Open::Create => O_CLOEXEC | O_WRONLY_CREAT_TRUNC,
    };
    // SAFETY: the path ends with NUL, as was just checked.
    unsafe { call6(SYS_OPEN, path_nul.as_ptr() as usize, flags, 0o660, 0, 0, 0) as i32 }
}

/// Closes a file descriptor of ours.
pub fn close(fd: i32) {
    // SAFETY: closing touches no memory.
    unsafe { call6(SYS_CLOSE, fd as usize, 0, 0, 0, 0, 0) };
}

/// This process's id.
pub fn pid() -> u32 {
    // SAFETY: no arguments.
    unsafe { call6(SYS_GETPID, 0, 0, 0, 0, 0, 0) as u32 }
}

/// Ends the process at once, all threads of it.
pub fn exit(code: i32) -> ! {
    loop {
        // SAFETY: does not return.
        unsafe { call6(SYS_EXIT_GROUP, code as usize, 0, 0, 0, 0, 0) };
    }
}

/// Lets another thread have the processor.
pub fn yield_processor() {
    // SAFETY: no arguments.
    unsafe { call6(SYS_SCHED_YIELD, 0, 0, 0, 0, 0, 0) };
}

/// Sleeps while the word holds `value`; may wake for no reason.
pub fn futex_wait(word: &core::sync::atomic::AtomicU32, value: u32) {
    // SAFETY: the kernel reads the word, which outlives the call.
    unsafe {
        call6(
            SYS_FUTEX,
            word.as_ptr() as usize,
            FUTEX_WAIT_PRIVATE,
            value as usize,
            0,
            0,
            0,
        )
    };
}

/// Wakes one thread that sleeps on the word.
pub fn futex_wake_one(word: &core::sync::atomic::AtomicU32) {
    // SAFETY: the address is only a key.
    unsafe {
        call6(
            SYS_FUTEX,
            word.as_ptr() as usize,
            FUTEX_WAKE_PRIVATE,
            1,
            0,
            0,
            0,
        )
    };
}

/// Announces that this process will use [`barrier_on_all_threads`].
pub fn register_barrier() {
    // SAFETY: no memory is involved.
    unsafe {
        call6(
            SYS_MEMBARRIER,
            MEMBARRIER_REGISTER_PRIVATE_EXPEDITED,
            0,
            0,
            0,
            0,
            0,
        )
    };
}

/// The same by other means: taking rights away from a page that was written
/// makes the kernel interrupt every processor that runs this process.
pub fn barrier_by_remapping() {
    let page = map_zeroed(PAGE);
    if page.is_null() {
        return;
    }
    // SAFETY: the page was just mapped and nobody else knows it.
    unsafe {
        page.cast::<u8>().write_volatile(1);
        call6(SYS_MPROTECT, page as usize, PAGE, PROT_NONE, 0, 0, 0);
        unmap(page as usize, PAGE);
    }
}

/// A full memory barrier on every running thread of the process.  False where
/// the kernel does not offer it.
pub fn barrier_on_all_threads() -> bool {
    // SAFETY: no memory is involved.
    unsafe { call6(SYS_MEMBARRIER, MEMBARRIER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0) == 0 }
}
