//! The calling-context tree: every stack that was ever seen, as one number.
//!
//! A node is a return address under a parent node, so a stack is a node and
//! two equal stacks are the same node (Ammons, Ball and Larus, PLDI 1997).
//! Entering a function steps to a child, an access is one more child.  A
//! record holds the node: its stack needs no history and cannot be lost.
//!
//! Nodes are found through a hash table without a lock, and added under one.
//! Neither nodes nor tables move; a table that was outgrown is emptied, and a
//! reader that still holds it finds nothing there and takes the lock.
//!
//! # Bounds
//!
//! Recursion multiplies contexts.  A call site that already stands `n` times
//! on the stack is folded into its nearest occurrence; `n` falls as the tree
//! grows, see [`repeats_allowed`].  A folded stack leaves out repeats of a
//! cycle.  Past [`CONTEXT_LIMIT`] nodes, a new context keeps its innermost
//! frame only.  Both are counted ([`counters`]).

use crate::lock::Lock;
use crate::region::Region;
use crate::sys;
use alloc::vec::Vec;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use gosan_engine::record::{STACK_LIMIT, StackId};

/// Contexts above which a new one keeps its innermost frame only.
pub const CONTEXT_LIMIT: u32 = 12 << 20;
/// Events above which a new one keeps its innermost frame only.
pub const EVENT_CONTEXT_LIMIT: u32 = 28 << 20;
/// Room for the single frames beyond the limits.
const NODE_LIMIT: usize = 16 << 20;
const EVENT_LIMIT: usize = 32 << 20;
/// How far up the stack a repeated call site is looked for, in frames.
const LOOK_UP: usize = 1024;
const FIRST_TABLE: usize = 1 << 12;

/// The root: no frames.
pub const ROOT: StackId = StackId(0);
/// The parent of frames whose callers were left out.
const CUT: StackId = StackId(1);

/// How often a call site may stand on one stack, for a tree of `nodes`.
pub const fn repeats_allowed(nodes: u32) -> usize {
    match nodes {
        0..0x1_0000 => 64,
        0x1_0000..0x10_0000 => 8,
        0x10_0000..0x40_0000 => 2,
        _ => 1,
    }
}

/// A function that is being executed, by the call that led there.  Published
/// by the store of its number in the table; constant afterwards, but for what
/// was found from it lately.
///
/// The hook for function entries that the assembled GOROOT has knows the
/// layout.  A node fills one cache line, so that a function's entry and its
/// usual events touch one.
#[repr(C, align(64))]
pub struct Node {
    pc: AtomicU64,
    parent: AtomicU32,
    /// Itself, or where it was folded into.
    target: AtomicU32,
    /// Calls made from here lately, at [`recent_places`] of their address; none
    /// that was folded.
    calls: [AtomicU32; RECENT],
    /// Events here lately: the address in the lower half, if it fits there,
    /// and the stack in the upper.
    events: [AtomicU64; RECENT],
}

impl Node {
    /// The stack of an event at `pc` here, if it happened lately.
    #[inline]
    fn recent_event(&self, pc: u64) -> Option<StackId> {
        recent_places(pc).into_iter().find_map(|place| {
            let last = self.events[place].load(Ordering::Acquire);
            (last as u32 as u64 == pc).then_some(StackId((last >> 32) as u32))
        })
    }

    /// The stack of an event at `pc` here, if it happened before.
    #[inline]
    pub fn known_event(&self, pc: u64) -> Option<StackId> {
        let recent = self.recent_event(pc);
        recent.or_else(|| found_event(id_of(self), pc))
    }

    /// The stack in a call at `pc` here, if it was made lately.
    #[inline]
    fn recent_call(&self, pc: u64) -> Option<StackId> {
        recent_places(pc).into_iter().find_map(|place| {
            let last = self.calls[place].load(Ordering::Acquire);
            let same = NODES.get(last as usize).pc.load(Ordering::Relaxed) == pc;
            same.then_some(StackId(last))
        })
    }

    fn remember_event(&self, pc: u64, event: StackId) {
        let [place, other] = recent_places(pc);
        self.events[other].store(
            self.events[place].load(Ordering::Acquire),
            Ordering::Release,
        );
        self.events[place].store(pc | (event.0 as u64) << 32, Ordering::Release);
    }

    fn remember_call(&self, pc: u64, call: StackId) {
        let [place, other] = recent_places(pc);
        self.calls[other].store(self.calls[place].load(Ordering::Acquire), Ordering::Release);
        self.calls[place].store(call.0, Ordering::Release);
    }
}

const RECENT: usize = 4;
const _: () = assert!(size_of::<Node>() == 64 && offset_of!(Node, pc) == 0);
const _: () = assert!(offset_of!(Node, calls) == 16 && offset_of!(Node, events) == 32);

/// Where something at `pc` is remembered: what comes later takes the first
/// place, and the second from what was there.
#[inline]
fn recent_places(pc: u64) -> [usize; 2] {
    let place = (pc >> 3) as usize % RECENT;
    [place, place ^ 1]
}

/// Something that happened at an address of a function.
struct Event {
    pc: AtomicU64,
    parent: AtomicU32,
}

/// Set in the number of a stack that ends in an event.
const EVENT: u32 = STACK_LIMIT / 2;

/// Whether no stack has this number.
pub const fn is_none(number: u32) -> bool {
    number >= NODE_LIMIT as u32 && number < EVENT
}

struct Table {
    mask: usize,
    slots: usize,
}

// SAFETY: zero is a valid Node.
static NODES: Region<Node> = unsafe { Region::new(NODE_LIMIT) };
// SAFETY: zero is a valid Event.
static EVENTS: Region<Event> = unsafe { Region::new(EVENT_LIMIT) };
/// Nodes in use.
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Events in use.
static EVENT_COUNT: AtomicU32 = AtomicU32::new(0);
/// The table's address and the logarithm of its size share one word, so that
/// a reader sees both of one table.
static TABLE: AtomicUsize = AtomicUsize::new(0);
static ADDING: Lock<()> = Lock::new(());
static FOLDED: AtomicU32 = AtomicU32::new(0);
static CUT_OFF: AtomicU32 = AtomicU32::new(0);

/// Reserves the address space and makes the root.
pub fn reserve() -> bool {
    if !NODES.reserve() || !NODES.ensure(1) || !EVENTS.reserve() {
        return false;
    }
    COUNT.store(2, Ordering::Relaxed);
    NODES
        .get(CUT.0 as usize)
        .target
        .store(CUT.0, Ordering::Relaxed);
    let slots = sys::map_zeroed(FIRST_TABLE * 4) as usize;
    TABLE.store(
        slots | FIRST_TABLE.trailing_zeros() as usize,
        Ordering::Release,
    );
    slots != 0
}

/// Contexts that were folded, and contexts that were cut off, so far.
pub fn counters() -> (u32, u32) {
    (
        FOLDED.load(Ordering::Relaxed),
        CUT_OFF.load(Ordering::Relaxed),
    )
}

/// The stack inside a call made at `pc` (a return address) on `parent`.
pub fn call(parent: StackId, pc: u64) -> StackId {
    known_call(parent, pc).unwrap_or_else(|| {
        let id = add_call(parent, pc);
        remember(parent, pc, id);
        id
    })
}

/// As [`call`], if it was made before.
#[inline]
pub fn known_call(parent: StackId, pc: u64) -> Option<StackId> {
    let recent = NODES.get(parent.0 as usize).recent_call(pc);
    recent.or_else(|| {
        let id = find(table(), parent, pc, 0)?;
        remember(parent, pc, id);
        Some(id)
    })
}

/// Remembers a call where it was made, unless it was folded.
#[inline]
fn remember(parent: StackId, pc: u64, id: StackId) {
    let node = NODES.get(id.0 as usize);
    let own = node.parent.load(Ordering::Relaxed) == parent.0;
    if own && node.pc.load(Ordering::Relaxed) == pc {
        NODES.get(parent.0 as usize).remember_call(pc, id);
    }
}

/// The stack of an event at `pc` on `parent`: never folded.
#[inline]
pub fn event(parent: StackId, pc: u64) -> StackId {
    let node = NODES.get(parent.0 as usize);
    if let Some(id) = node.recent_event(pc) {
        return id;
    }
    let id = find(table(), parent, pc, EVENT).unwrap_or_else(|| add_event(parent, pc));
    if pc >> 32 == 0 {
        node.remember_event(pc, id);
    }
    id
}

/// As [`event`], if it happened before.
#[inline]
pub fn known_event(parent: StackId, pc: u64) -> Option<StackId> {
    NODES.get(parent.0 as usize).known_event(pc)
}

/// As [`known_event`], where it did not happen lately.
#[inline(never)]
fn found_event(parent: StackId, pc: u64) -> Option<StackId> {
    let id = find(table(), parent, pc, EVENT)?;
    if pc >> 32 == 0 {
        NODES.get(parent.0 as usize).remember_event(pc, id);
    }
    Some(id)
}

/// The node of a stack, at an address that stays.
#[inline]
pub fn node(stack: StackId) -> *const Node {
    NODES.pointer(stack.0 as usize)
}

/// The stack of a node.
#[inline]
pub fn id_of(node: *const Node) -> StackId {
    StackId(((node as usize - nodes()) / size_of::<Node>()) as u32)
}

/// The address of the root's node; that of stack `n` is `n` nodes further.
#[inline]
pub fn nodes() -> usize {
    NODES.pointer(0) as usize
}

/// The addresses of a stack, innermost first.
pub fn addresses(stack: StackId) -> Vec<u64> {
    let mut pcs = Vec::new();
    let mut id = stack.0;
    if id & EVENT != 0 {
        let (pc, parent) = key(id);
        pcs.push(pc);
        id = parent;
    }
    while id > CUT.0 {
        let node = NODES.get(id as usize);
        pcs.push(node.pc.load(Ordering::Relaxed));
        id = node.parent.load(Ordering::Relaxed);
    }
    pcs
}

fn table() -> Table {
    let word = TABLE.load(Ordering::Acquire);
    Table {
        mask: (1 << (word & (sys::PAGE - 1))) - 1,
        slots: word & !(sys::PAGE - 1),
    }
}

impl Table {
    #[inline]
    fn slot(&self, index: usize) -> &AtomicU32 {
        // SAFETY: the index is masked to the table's size, and tables are never
        // unmapped.
        unsafe { &*((self.slots + (index & self.mask) * 4) as *const AtomicU32) }
    }
}

/// The address and the parent of a node or an event.
#[inline]
fn key(id: u32) -> (u64, u32) {
    let (pc, parent) = if id & EVENT != 0 {
        let event = EVENTS.get((id - EVENT) as usize);
        (&event.pc, &event.parent)
    } else {
        let node = NODES.get(id as usize);
        (&node.pc, &node.parent)
    };
    (pc.load(Ordering::Relaxed), parent.load(Ordering::Relaxed))
}

#[inline]
fn hash(parent: u32, pc: u64, kind: u32) -> usize {
    let mixed = (pc ^ ((parent | kind) as u64) << 36).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32) as usize
}

/// The stack of a call (`kind` 0) or an [`EVENT`] that is in the table.
fn find(table: Table, parent: StackId, pc: u64, kind: u32) -> Option<StackId> {
    let mut index = hash(parent.0, pc, kind);
    loop {
        let id = table.slot(index).load(Ordering::Acquire);
        if id == 0 {
            return None;
        }
        if id & EVENT == kind && key(id) == (pc, parent.0) {
            return Some(match kind {
                EVENT => StackId(id),
                _ => StackId(NODES.get(id as usize).target.load(Ordering::Relaxed)),
            });
        }
        index += 1;
    }
}

#[cold]
#[inline(never)]
fn add_call(parent: StackId, pc: u64) -> StackId {
    let _adding = ADDING.lock();
    if let Some(id) = find(table(), parent, pc, 0) {
        return id;
    }
    let count = COUNT.load(Ordering::Relaxed);
    let (parent, fold) = if count >= CONTEXT_LIMIT {
        CUT_OFF.fetch_add(1, Ordering::Relaxed);
        if let Some(id) = find(table(), CUT, pc, 0) {
            return id;
        }
        (CUT, None)
    } else {
        (parent, fold_target(parent, pc, repeats_allowed(count)))
    };
    if count as usize >= NODE_LIMIT || !NODES.ensure(count as usize) {
        return CUT;
    }
    if fold.is_some() {
        FOLDED.fetch_add(1, Ordering::Relaxed);
    }
    let target = fold.map_or(count, |target| target.0);
    let node = NODES.get(count as usize);
    node.pc.store(pc, Ordering::Relaxed);
    node.parent.store(parent.0, Ordering::Relaxed);
    node.target.store(target, Ordering::Relaxed);
    COUNT.store(count + 1, Ordering::Relaxed);
    publish(count);
    StackId(target)
}

#[cold]
#[inline(never)]
fn add_event(mut parent: StackId, pc: u64) -> StackId {
    let _adding = ADDING.lock();
    if let Some(id) = find(table(), parent, pc, EVENT) {
        return id;
    }
    let count = EVENT_COUNT.load(Ordering::Relaxed);
    if count >= EVENT_CONTEXT_LIMIT {
        CUT_OFF.fetch_add(1, Ordering::Relaxed);
        parent = CUT;
        if let Some(id) = find(table(), parent, pc, EVENT) {
            return id;
        }
    }
    if count as usize >= EVENT_LIMIT || !EVENTS.ensure(count as usize) {
        return CUT;
    }
    let event = EVENTS.get(count as usize);
    event.pc.store(pc, Ordering::Relaxed);
    event.parent.store(parent.0, Ordering::Relaxed);
    EVENT_COUNT.store(count + 1, Ordering::Relaxed);
    publish(EVENT | count);
    StackId(EVENT | count)
}

/// Puts a new number into the table.
fn publish(id: u32) {
    let used = COUNT.load(Ordering::Relaxed) + EVENT_COUNT.load(Ordering::Relaxed);
    let mut current = table();
    if used as usize * 2 > current.mask {
        current = enlarge(current);
    }
    place(&current, id);
}

fn place(table: &Table, id: u32) {
    let (pc, parent) = key(id);
    let mut index = hash(parent, pc, id & EVENT);
    while table.slot(index).load(Ordering::Relaxed) != 0 {
        index += 1;
    }
    table.slot(index).store(id, Ordering::Release);
}

fn enlarge(old: Table) -> Table {
    let size = (old.mask + 1) * 2;
    let slots = sys::map_zeroed(size * 4) as usize;
    if slots == 0 {
        crate::fatal("gosan: out of memory for the table of stacks");
    }
    let new = Table {
        mask: size - 1,
        slots,
    };
    for i in 0..=old.mask {
        let id = old.slot(i).load(Ordering::Relaxed);
        if id != 0 {
            place(&new, id);
        }
    }
    TABLE.store(slots | size.trailing_zeros() as usize, Ordering::Release);
    // SAFETY: the old table is a mapping of ours; a reader that still holds it
    // finds only zeros, which sends it here, under the lock.
    unsafe { sys::discard(old.slots, (old.mask + 1) * 4) };
    new
}

/// The nearest node above that is a call at `pc`, if there are `allowed`.
fn fold_target(parent: StackId, pc: u64, allowed: usize) -> Option<StackId> {
    let mut nearest = None;
    let mut seen = 0;
    let mut id = parent.0;
    for _ in 0..LOOK_UP {
        if id <= CUT.0 {
            break;
        }
        let node = NODES.get(id as usize);
        if node.pc.load(Ordering::Relaxed) == pc {
            nearest = nearest.or(Some(StackId(id)));
            seen += 1;
            if seen >= allowed {
                return nearest;
            }
        }
        id = node.parent.load(Ordering::Relaxed);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_numbers_and_recursion_is_folded() {
        crate::test_support::reserve();
        let main = call(ROOT, 0x1000);
        let a = call(main, 0x2000);
        assert_eq!(call(main, 0x2000), a);
        assert_ne!(call(a, 0x2000), a);
        assert_eq!(addresses(event(a, 0x3000)), [0x3000, 0x2000, 0x1000]);
        let mut deep = a;
        for _ in 0..10_000 {
            deep = call(deep, 0x4000);
        }
        assert_eq!(
            addresses(deep).iter().filter(|pc| **pc == 0x4000).count(),
            64
        );
        // Enough nodes for the table to grow several times; all are found again.
        for pc in 0..20_000 {
            assert_eq!(addresses(event(a, 0x10_0000 + pc))[0], 0x10_0000 + pc);
        }
        for pc in 0..20_000 {
            assert_eq!(event(a, 0x10_0000 + pc), event(a, 0x10_0000 + pc));
        }
    }
}
