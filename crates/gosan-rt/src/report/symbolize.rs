//! From addresses to functions, files and lines: Go's runtime is asked.

use crate::go;
use crate::stacks;
use alloc::vec::Vec;
use gosan_engine::record::StackId;

/// One frame, inlined ones included.  The texts are Go's own and constant.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The function's name.
    pub function: &'static [u8],
    /// The file, as the compiler recorded it.
    pub file: &'static [u8],
    /// The line, from 1; 0 where it is not known.
    pub line: usize,
    /// Bytes from the function's start.
    pub offset: usize,
    /// Whether it is inlined into the next frame.
    pub inlined: bool,
}

/// Inlined frames at one address, at most: a guard against a table that leads
/// in a circle.
const INLINED: usize = 1000;

/// The frames of a stack, innermost first, without the outermost: that one is
/// always the runtime's own (`goexit`, `runtime.main`).
pub fn stack(id: StackId) -> Vec<Frame> {
    let mut frames = Vec::new();
    for return_address in stacks::addresses(id) {
        // A return address belongs to the instruction after the call.
        let mut pc = (return_address as usize).wrapping_sub(1);
        for _ in 0..INLINED {
            let Some((frame, caller)) = go::frame_at(pc) else {
                break;
            };
            frames.push(frame);
            match caller {
                Some(next) => pc = next,
                None => break,
            }
        }
    }
    if frames.len() > 1 {
        frames.pop();
    }
    frames
}

/// The same for two stacks that pass through the same lines of the same
/// functions; FNV-1a.
pub fn line_hash(stack: &[Frame]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| hash = (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3);
    for frame in stack {
        frame.function.iter().copied().for_each(&mut add);
        frame.line.to_le_bytes().into_iter().for_each(&mut add);
    }
    hash
}
