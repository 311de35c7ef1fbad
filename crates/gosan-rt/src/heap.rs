//! The object's own memory: a small allocator over mapped chunks.
//!
//! Clocks, goroutines' frame stacks and reports live here.  Blocks come in
//! fixed sizes, each with a list of free blocks behind a lock of its own; a
//! larger block is a mapping of its own.  Memory is not given back by size, it
//! is used again.

use crate::lock::Lock;
use crate::sys;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::null_mut;

/// Block sizes in bytes.  160 is a node of a clock.
const SIZES: [usize; 20] = [
    16, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048, 4096, 8192,
    16384, 32768,
];
const LARGEST: usize = SIZES[SIZES.len() - 1];
const CHUNK: usize = 256 << 10;

/// `CLASS_OF[(bytes + 15) / 16]` for blocks up to 1 KiB.
const CLASS_OF: [u8; 65] = small_classes();

const fn small_classes() -> [u8; 65] {
    let mut table = [0; 65];
    let mut units = 0;
    while units <= 64 {
        let mut class = 0;
        while SIZES[class] < units * 16 {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
}

struct FreeList {
    /// The first free block, whose first word points to the next.
    first: usize,
    /// The rest of the newest chunk.
    fresh: usize,
    fresh_end: usize,
}

/// The allocator of the object.
pub struct Heap {
    lists: [Lock<FreeList>; SIZES.len()],
}

impl Heap {
    /// An allocator that has no memory yet.
    pub const fn new() -> Heap {
        Heap {
            lists: [const {
                Lock::new(FreeList {
                    first: 0,
                    fresh: 0,
                    fresh_end: 0,
                })
            }; SIZES.len()],
        }
    }
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

fn class_of(bytes: usize) -> usize {
    if bytes <= 1024 {
        return CLASS_OF[bytes.div_ceil(16)] as usize;
    }
    SIZES
        .iter()
        .position(|size| *size >= bytes)
        .unwrap_or(SIZES.len() - 1)
}

// SAFETY: blocks of one list are disjoint parts of chunks that are never
// unmapped, a block is on at most one list, and lists are changed under their
// lock.  All blocks are aligned to 16; a larger alignment takes a mapping.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST || layout.align() > 16 {
            return if layout.align() <= sys::PAGE {
                sys::map_zeroed(layout.size().next_multiple_of(sys::PAGE)).cast()
            } else {
                null_mut()
            };
        }
        let class = class_of(layout.size());
        let mut list = self.lists[class].lock();
        if list.first != 0 {
            let block = list.first as *mut usize;
            // SAFETY: a block on the list is free and its first word is the
            // next block's address.
            list.first = unsafe { *block };
            return block.cast();
        }
        if list.fresh + SIZES[class] > list.fresh_end {
            let chunk = sys::map_zeroed(CHUNK) as usize;
            if chunk == 0 {
                return null_mut();
            }
            (list.fresh, list.fresh_end) = (chunk, chunk + CHUNK);
        }
        let block = list.fresh;
        list.fresh += SIZES[class];
        block as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() > LARGEST || layout.align() > 16 {
            // SAFETY: such a block is a whole mapping of `alloc`.
            unsafe {
                sys::unmap(block as usize, layout.size().next_multiple_of(sys::PAGE));
            }
            return;
        }
        let mut list = self.lists[class_of(layout.size())].lock();
        // SAFETY: the block is the caller's to give, at least 16 bytes large.
        unsafe { *block.cast::<usize>() = list.first };
        list.first = block as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fit_and_come_back() {
        let heap = Heap::new();
        for size in [1, 16, 17, 152, 1000, 1024, 1025, 5000, 32768, 100_000] {
            let layout = Layout::from_size_align(size, 8).unwrap();
            assert!(size > LARGEST || SIZES[class_of(size)] >= size);
            // SAFETY: the block is written within its size and freed once.
            unsafe {
                let a = heap.alloc(layout);
                a.write_bytes(0xff, size);
                let b = heap.alloc(layout);
                b.write_bytes(0xee, size);
                assert_eq!(*a.add(size - 1), 0xff);
                heap.dealloc(a, layout);
                if size <= LARGEST {
                    assert_eq!(heap.alloc(layout), a);
                }
            }
        }
    }
}
