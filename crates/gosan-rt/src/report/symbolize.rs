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
            let Some((frame, caller)) = go::frame_at(pc) else { break };
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
