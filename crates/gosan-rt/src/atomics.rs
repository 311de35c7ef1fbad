//! The atomic word that a cell is, and waiting for its owner: the processor's, or
//! loom's, which tries every order of the threads' steps.

#[cfg(not(loom))]
pub use core::sync::atomic::AtomicU64;
#[cfg(loom)]
pub use loom::sync::atomic::AtomicU64;

/// Gives the others a chance, after a number of tries.
#[cfg(not(loom))]
pub fn wait(tries: u32) {
    const SPINS: u32 = 64;
    if tries < SPINS {
        core::hint::spin_loop();
    } else {
        crate::sys::yield_processor();
    }
}

/// Gives the others a chance.
#[cfg(loom)]
pub fn wait(_: u32) {
    loom::thread::yield_now();
}
