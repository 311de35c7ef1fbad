//! The frames of one goroutine: its shadow stack.
//!
//! Each instrumented function announces its entry and exit.  A recovered panic
//! skips the exits of the frames that it unwinds, and so may the deferring
//! function's own.  So each frame notes its *distance*: how far the stack
//! pointer was from the stack's top when the function called the hook.  It
//! stays the same when Go moves the stack, every hook of one function sees the
//! same one, and a function's is less than those of the functions it calls.
//! Every event drops the frames that lie deeper than where it happens.
//!
//! Some functions announce nothing: those of sync and sync/atomic, and the
//! wrappers that Go's compiler makes for calls of assembly.  An atomic operation
//! is called through several of them.  Their return addresses, and with them the
//! one in the user's own function, are read off the stack ([`Silent`]).
//!
//! The hooks of the assembled GOROOT push and pop frames themselves in the
//! usual case (`crates/gosan-go/patches/race_amd64/`): they know the layout of
//! [`Frame`] and the first fields of [`Frames`].

use crate::stacks::{self, Node};
use alloc::vec::Vec;
use core::mem::offset_of;
use gosan_engine::record::StackId;

/// A distance from the top of the stack that is not known.
pub const NO_DISTANCE: u64 = 0;
/// Frames that a goroutine has room for at first.
const FIRST_ROOM: usize = 12;

/// Frames that may follow the innermost announced one.
const SILENT_FRAMES: usize = 8;

/// A frame on the goroutine's stack, of a function that announced nothing.
#[derive(Clone, Copy)]
pub struct Silent {
    /// Where the caller's frame and the return address are.  Go's compiler
    /// keeps the chain of frames.
    pub frame: usize,
    /// Where the stack ends.
    pub stack_top: usize,
    /// The calls before the one that returns here belong to the hook; 0 where
    /// there are none.
    pub past: usize,
    /// Events of the same place, below [`PLACES`], are kept together.
    pub place: usize,
}

/// An event that was reached by way of functions that announced nothing, where
/// all addresses fit.
#[derive(Clone, Copy)]
struct Way {
    /// The stack in the innermost announced function.
    from: StackId,
    /// The stack of the event.
    to: StackId,
    /// Where the event is, and the calls in between, innermost first; 0 where
    /// there are no more.
    pcs: [u32; WAY],
}

const WAY: usize = 6;
/// Kinds of events that are kept apart.
pub const PLACES: usize = 7;

/// The last such events of a goroutine: it locks and unlocks the same few mutexes
/// at the same few places.
pub struct SilentEvents([[Way; 2]; PLACES]);

impl SilentEvents {
    /// None yet.
    pub const NONE: SilentEvents = SilentEvents(
        [[Way {
            from: StackId(u32::MAX),
            to: StackId(0),
            pcs: [0; WAY],
        }; 2]; PLACES],
    );
}

/// One function that was entered and not left.
#[repr(C)]
#[derive(Clone, Copy)]
struct Frame {
    /// The stack in it.
    node: *const Node,
    /// See the module's text, in bytes.
    distance: u64,
}

/// The frames of a goroutine, on top of one that stands for its start.
#[repr(C)]
pub struct Frames {
    /// The innermost frame.
    top: *mut Frame,
    /// The last frame that there is room for.
    last: *mut Frame,
    storage: Vec<Frame>,
}

const _: () = assert!(size_of::<Frame>() == 16 && offset_of!(Frame, distance) == 8);
const _: () = assert!(offset_of!(Frames, top) == 0 && offset_of!(Frames, last) == 8);

impl Frames {
    /// Those of a goroutine that has entered no function yet.
    pub fn of_a_new_goroutine() -> Frames {
        let mut frames = Frames {
            top: core::ptr::null_mut(),
            last: core::ptr::null_mut(),
            storage: Vec::new(),
        };
        frames.make_room(FIRST_ROOM, 0);
        frames
    }

    /// The stack in the innermost function.
    #[inline]
    pub fn stack(&self) -> StackId {
        stacks::id_of(self.top().node)
    }

    /// Whether frames lie deeper than something that happens at `distance`.
    #[inline]
    pub fn are_deeper_than(&self, distance: u64) -> bool {
        self.top().distance > distance
    }

    /// The stack of an event in the innermost function, if it happened there
    /// before.
    #[inline]
    pub fn known_event(&self, pc: u64) -> Option<StackId> {
        // SAFETY: a frame's node is one of the tree's, which stay.
        unsafe { &*self.top().node }.known_event(pc)
    }

    /// As [`Frames::event_in_silence`], where all calls were made, and the event
    /// happened, before, and few functions announced nothing.
    #[inline(always)]
    pub fn known_call_in_silence(&self, silent: Silent, caller: u64, pc: u64) -> Option<StackId> {
        let mut calls = [caller, 0, 0];
        let mut found = 0;
        let few = self.calls(silent, |call| match calls.get_mut(found) {
            Some(place) => {
                *place = call as u64;
                found += 1;
                true
            }
            None => false,
        });
        if !few || calls[0] == 0 {
            return None;
        }
        let outer = calls[1..].iter().rev().filter(|call| **call != 0);
        let stack = outer
            .chain(&calls[..1])
            .try_fold(self.stack(), |stack, call| stacks::known_call(stack, *call))?;
        stacks::known_event(stack, pc)
    }

    /// The stack of an event at `pc` in a function that was called from `caller`,
    /// by way of functions that announced nothing, the last of which has the
    /// frame.  The caller is 0 where the event is in the function with the frame.
    #[inline(always)]
    pub fn event_in_silence(
        &self,
        silent: Silent,
        caller: u64,
        pc: u64,
        kept: &mut SilentEvents,
    ) -> StackId {
        if let Some(known) = self.known_in_silence(silent, pc, kept) {
            return known;
        }
        let [first, second] = &mut kept.0[silent.place % PLACES];
        core::mem::swap(first, second);
        self.walk(silent, caller, pc, first)
    }

    /// As [`Frames::event_in_silence`], where the event is one of those kept.
    #[inline(always)]
    pub fn known_in_silence(
        &self,
        silent: Silent,
        pc: u64,
        kept: &mut SilentEvents,
    ) -> Option<StackId> {
        let [first, second] = &mut kept.0[silent.place % PLACES];
        if !self.went(first, silent, pc) {
            if !self.went(second, silent, pc) {
                return None;
            }
            core::mem::swap(first, second);
        }
        Some(first.to)
    }

    /// Whether an event was reached this way.
    #[inline]
    fn went(&self, way: &Way, silent: Silent, pc: u64) -> bool {
        if way.from != self.stack() || way.pcs[0] as u64 != pc {
            return false;
        }
        let mut kept = way.pcs[1..].iter();
        let same = self.calls(silent, |call| {
            kept.next().is_some_and(|kept| *kept as usize == call)
        });
        same && kept.next().is_none_or(|kept| *kept == 0)
    }

    #[inline(never)]
    fn walk(&self, silent: Silent, caller: u64, pc: u64, way: &mut Way) -> StackId {
        let mut pcs = [0; 1 + SILENT_FRAMES];
        pcs[0] = pc;
        let mut found = 1;
        self.calls(silent, |call| {
            pcs[found] = call as u64;
            found += 1;
            found < pcs.len()
        });
        if found == 1 && caller != 0 {
            (pcs[1], found) = (caller, 2);
        }
        let calls = pcs[1..found].iter().rev();
        let stack = calls.fold(self.stack(), |stack, pc| stacks::call(stack, *pc));
        let stack = stacks::event(stack, pc);
        if found <= WAY && pcs.iter().all(|pc| *pc >> 32 == 0) {
            *way = Way {
                from: self.stack(),
                to: stack,
                pcs: core::array::from_fn(|i| pcs[i] as u32),
            };
        }
        stack
    }

    /// Calls `f` with the return addresses of the functions that announced
    /// nothing, innermost first, until it says no.  Whether it never did.
    ///
    /// A function that was called by the innermost announced one has its frame 8
    /// bytes deeper than that one's distance, which is measured inside a hook.
    /// So the walk ends there.  There are none where the first frame is that of
    /// the announced function: then the call that is asked for is in the wrapper.
    #[inline(always)]
    fn calls(&self, silent: Silent, mut f: impl FnMut(usize) -> bool) -> bool {
        let distance = self.top().distance;
        let announced = silent.stack_top - distance as usize;
        let mut frame = silent.frame;
        let mut past = silent.past == 0;
        while frame < announced {
            // SAFETY: the first frame is the caller's, who has seen that it is
            // one; the others follow in its chain, on the same stack.
            let [next, return_pc] = unsafe { *(frame as *const [usize; 2]) };
            past |= return_pc == silent.past;
            if past && !f(return_pc) {
                return false;
            }
            if next <= frame || next >= silent.stack_top || distance == NO_DISTANCE {
                break;
            }
            frame = next;
        }
        true
    }

    /// A function was entered from `return_pc`.
    pub fn enter(&mut self, return_pc: u64, distance: u64) {
        if distance != NO_DISTANCE {
            self.drop_deeper_than(distance - 1);
        }
        let stack = stacks::call(self.stack(), return_pc);
        if self.top == self.last {
            let depth = self.storage.len() - 1;
            self.make_room(self.storage.len() * 2, depth);
        }
        self.push(stack, distance);
    }

    /// As [`Frames::enter`], where the call was made before from this context, no
    /// frame lies deeper, and there is room; false where not.
    #[inline]
    pub fn enter_known(&mut self, return_pc: u64, distance: u64) -> bool {
        if self.top().distance >= distance || self.top == self.last {
            return false;
        }
        let Some(stack) = stacks::known_call(self.stack(), return_pc) else {
            return false;
        };
        self.push(stack, distance);
        true
    }

    /// There must be room.
    #[inline]
    fn push(&mut self, stack: StackId, distance: u64) {
        // SAFETY: there is room above the top.
        unsafe {
            self.top = self.top.add(1);
            self.top.write(Frame {
                node: stacks::node(stack),
                distance,
            });
        }
    }

    /// The function at `distance` is left.
    pub fn exit(&mut self, distance: u64) {
        // Frames deeper than this one are gone, whether they said so or not.
        self.drop_deeper_than(distance);
        let own = distance == NO_DISTANCE || self.top().distance == distance;
        if own && self.top != self.storage.as_mut_ptr() {
            self.pop();
        }
    }

    /// Something happens at `distance`: the frames that are deeper are gone.
    #[inline]
    pub fn drop_deeper_than(&mut self, distance: u64) {
        if distance == NO_DISTANCE {
            return;
        }
        // Ends at the lowest frame, whose distance is 0.
        while self.top().distance > distance {
            self.pop();
        }
    }

    #[inline]
    fn top(&self) -> Frame {
        // SAFETY: the top is in the storage, which is filled with frames.
        unsafe { *self.top }
    }

    #[inline]
    fn pop(&mut self) {
        // SAFETY: the callers have seen that it is not the lowest frame.
        self.top = unsafe { self.top.sub(1) };
    }

    #[cold]
    fn make_room(&mut self, frames: usize, depth: usize) {
        let lowest = Frame {
            node: stacks::node(stacks::ROOT),
            distance: 0,
        };
        self.storage.resize(frames, lowest);
        let start = self.storage.as_mut_ptr();
        // SAFETY: both indices are below the length.
        unsafe {
            self.top = start.add(depth);
            self.last = start.add(frames - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Frames {
        crate::test_support::reserve();
        Frames::of_a_new_goroutine()
    }

    fn addresses(frames: &mut Frames, distance: u64) -> Vec<u64> {
        frames.drop_deeper_than(distance);
        stacks::addresses(frames.stack())
    }

    #[test]
    fn frames_come_and_go() {
        let mut frames = frames();
        frames.enter(0x100, 100);
        frames.enter(0x200, 200);
        assert_eq!(addresses(&mut frames, 200), [0x200, 0x100]);
        frames.exit(200);
        assert_eq!(addresses(&mut frames, 100), [0x100]);
        frames.exit(100);
        frames.exit(50);
        assert_eq!(frames.stack(), stacks::ROOT);
    }

    #[test]
    fn there_is_room_for_any_depth() {
        let mut frames = frames();
        for depth in 1..1000 {
            frames.enter(0x100, depth);
        }
        for depth in (1..1000).rev() {
            frames.exit(depth);
        }
        assert_eq!(frames.stack(), stacks::ROOT);
    }

    #[test]
    fn an_event_drops_frames_that_a_recovered_panic_left() {
        let mut frames = frames();
        frames.enter(0x100, 100);
        for depth in 2..20 {
            frames.enter(depth, depth * 100);
        }
        assert_eq!(addresses(&mut frames, 100), [0x100]);
        frames.enter(0x200, 150);
        frames.enter(0x300, 250);
        frames.enter(0x201, 150);
        assert_eq!(addresses(&mut frames, 150), [0x201, 0x100]);
    }
}
