//! The system calls that the runtime makes, raw: the object must not need libc.
//!
//! Every call is one line over [`call6`].  Results are the kernel's: negative
//! values are error numbers.

use alloc::vec::Vec;
use core::arch::asm;
use core::ffi::c_void;

const SYS_READ: usize = 0;
const SYS_WRITE: usize = 1;
const SYS_OPEN: usize = 2;
const SYS_CLOSE: usize = 3;
const SYS_LSEEK: usize = 8;
const SYS_MMAP: usize = 9;
const SYS_MPROTECT: usize = 10;
const SYS_MUNMAP: usize = 11;
const SYS_MADVISE: usize = 28;
const SYS_SCHED_YIELD: usize = 24;
const SYS_GETPID: usize = 39;
const SYS_FUTEX: usize = 202;
const SYS_MKDIR: usize = 83;
const SYS_READLINK: usize = 89;
const SYS_CLOCK_GETTIME: usize = 228;
const SYS_EXIT_GROUP: usize = 231;
const SYS_MEMBARRIER: usize = 324;

const PROT_NONE: usize = 0;
const PROT_READ: usize = 1;
const PROT_RW: usize = 3;
const MAP_PRIVATE: usize = 2;
const MAP_PRIVATE_ANON_NORESERVE: usize = 0x2 | 0x20 | 0x4000;
const MADV_DONTNEED: usize = 4;
const MADV_NOHUGEPAGE: usize = 15;
const FUTEX_WAIT_PRIVATE: usize = 128;
const FUTEX_WAKE_PRIVATE: usize = 129;
const EINVAL: i32 = 22;
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

/// Writes all bytes to a file descriptor.  Gives up on an error, and says so.
pub fn write_all(fd: i32, mut bytes: &[u8]) -> bool {
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
            n if n <= 0 => return false,
            n => bytes = &bytes[(n as usize).min(bytes.len())..],
        }
    }
    true
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
    /// To be written at its end: created for this user alone.  Not through a
    /// symbolic link.
    Append,
}

/// Opens a file by its NUL-terminated path: a descriptor, or negative.
pub fn open(path_nul: &[u8], how: Open) -> i32 {
    const O_CLOEXEC: usize = 0o2000000;
    const O_WRONLY_CREAT: usize = 0o1 | 0o100;
    const O_TRUNC: usize = 0o1000;
    const O_APPEND_NOFOLLOW: usize = 0o2000 | 0o400000;
    if path_nul.last() != Some(&0) {
        return -EINVAL;
    }
    let (flags, mode) = match how {
        Open::Read => (O_CLOEXEC, 0),
        Open::Create => (O_CLOEXEC | O_WRONLY_CREAT | O_TRUNC, 0o660),
        Open::Append => (O_CLOEXEC | O_WRONLY_CREAT | O_APPEND_NOFOLLOW, 0o600),
    };
    // SAFETY: the path ends with NUL, as was just checked.
    unsafe { call6(SYS_OPEN, path_nul.as_ptr() as usize, flags, mode, 0, 0, 0) as i32 }
}

/// A file's content, mapped to be read.
pub struct MappedFile {
    start: usize,
    bytes: usize,
}

impl MappedFile {
    /// Maps a file by its NUL-terminated path.
    pub fn open(path_nul: &[u8]) -> Option<MappedFile> {
        const SEEK_END: usize = 2;
        let file = open(path_nul, Open::Read);
        if file < 0 {
            return None;
        }
        // SAFETY: moving the place of a descriptor of ours touches no memory.
        let end = unsafe { call6(SYS_LSEEK, file as usize, 0, SEEK_END, 0, 0, 0) };
        let bytes = usize::try_from(end).ok().filter(|bytes| *bytes > 0);
        let mapped = bytes.and_then(|bytes| {
            // SAFETY: a new private mapping at an address that the kernel
            // chooses touches no memory that anybody has.
            let start =
                unsafe { call6(SYS_MMAP, 0, bytes, PROT_READ, MAP_PRIVATE, file as usize, 0) };
            let start = usize::try_from(start).ok()?;
            Some(MappedFile { start, bytes })
        });
        close(file);
        mapped
    }

    /// What is in it.
    pub fn content(&self) -> &[u8] {
        // SAFETY: the mapping lives as long as `self` and is not written to.
        // The files that are mapped are programs, which the kernel keeps from
        // being changed while they run.
        unsafe { core::slice::from_raw_parts(self.start as *const u8, self.bytes) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: it is a whole mapping, and nobody has a reference into it.
        unsafe { unmap(self.start, self.bytes) };
    }
}

/// Whether a file is there that may be read, by its NUL-terminated path.
pub fn is_readable(path_nul: &[u8]) -> bool {
    let file = open(path_nul, Open::Read);
    if file >= 0 {
        close(file);
    }
    file >= 0
}

/// Appends the bytes to a file, by one call where the kernel takes them all.
/// False where that is not possible.
pub fn append(path_nul: &[u8], bytes: &[u8]) -> bool {
    let file = open(path_nul, Open::Append);
    if file < 0 {
        return false;
    }
    let written = write_all(file, bytes);
    close(file);
    written
}

/// Makes a directory for this user alone, by its NUL-terminated path: 0, or
/// negative.
pub fn make_directory(path_nul: &[u8]) -> i32 {
    if path_nul.last() != Some(&0) {
        return -EINVAL;
    }
    // SAFETY: the path ends with NUL, as was just checked.
    unsafe { call6(SYS_MKDIR, path_nul.as_ptr() as usize, 0o700, 0, 0, 0, 0) as i32 }
}

/// Where a symbolic link leads, by its NUL-terminated path.
pub fn read_link(path_nul: &[u8]) -> Option<Vec<u8>> {
    if path_nul.last() != Some(&0) {
        return None;
    }
    let mut target = alloc::vec![0; PAGE];
    // SAFETY: the path ends with NUL, and the kernel writes at most the
    // buffer's length into it.
    let length = unsafe {
        call6(
            SYS_READLINK,
            path_nul.as_ptr() as usize,
            target.as_mut_ptr() as usize,
            target.len(),
            0,
            0,
            0,
        )
    };
    let length = usize::try_from(length).ok().filter(|n| *n < target.len())?;
    target.truncate(length);
    Some(target)
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    const CLOCK_REALTIME: usize = 0;
    let mut time = [0u64; 2];
    // SAFETY: the kernel writes a timespec, two words of 64 bits.
    unsafe {
        call6(
            SYS_CLOCK_GETTIME,
            CLOCK_REALTIME,
            time.as_mut_ptr() as usize,
            0,
            0,
            0,
            0,
        )
    };
    time[0] * 1000 + time[1] / 1_000_000
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
