//! A map of slots to times as a persistent tree: the clock of a program with many
//! goroutines.
//!
//! A flat array per goroutine would need n² entries for n goroutines.  The nodes
//! of a tree are shared between all clocks that agree on them, in the manner of
//! Bagwell's tries: handing a clock over copies one pointer, and setting an entry
//! copies the nodes on one path.
//!
//! Joining two trees walks only where they differ: nodes that are the same in
//! memory are skipped whole, and where one side has nothing to add the other
//! side's node is taken as it is, which keeps the sharing.
//!
//! [`crate::clock`] has the tests of both forms.

use crate::clock::{Slot, Time};
use alloc::sync::Arc;

const LEAF_BITS: u32 = 5;
/// The entries of a leaf.
pub const LEAF: usize = 1 << LEAF_BITS;
const FAN_BITS: u32 = 4;
const FAN: usize = 1 << FAN_BITS;

enum Node {
    Leaf([Time; LEAF]),
    Fork([Option<Arc<Node>>; FAN]),
}

impl Clone for Node {
    fn clone(&self) -> Node {
        match self {
            Node::Leaf(times) => Node::Leaf(*times),
            Node::Fork(kids) => Node::Fork(kids.clone()),
        }
    }
}

/// What is known of every slot.
#[derive(Clone, Default)]
pub struct Tree {
    root: Option<Arc<Node>>,
    /// Levels of forks above the leaves.
    height: u32,
}

/// The slots that a tree of this height can hold, as a power of two.
const fn span_bits(height: u32) -> u32 {
    LEAF_BITS + height * FAN_BITS
}

fn path_index(slot: Slot, height: u32) -> usize {
    (slot >> span_bits(height - 1)) as usize & (FAN - 1)
}

enum Joined {
    /// Both sides know the same.
    Equal,
    /// The left side knows more.
    Left,
    /// The right side knows more.
    Right,
    /// Each knows something that the other does not.
    New(Arc<Node>),
}

/// Of two nodes with the same content, the one that everybody takes: clocks
/// that were put together apart come to share their nodes, and later joins
/// skip these.
fn common<'a>(a: &'a Arc<Node>, b: &'a Arc<Node>) -> &'a Arc<Node> {
    if Arc::as_ptr(a) <= Arc::as_ptr(b) {
        a
    } else {
        b
    }
}

impl Tree {
    /// One that has none.
    pub const fn new() -> Tree {
        Tree {
            root: None,
            height: 0,
        }
    }

    /// One that has these times of the first slots.
    pub fn of_first(times: &[Time; LEAF]) -> Tree {
        let known = times.iter().any(|time| *time != 0);
        Tree {
            root: known.then(|| Arc::new(Node::Leaf(*times))),
            height: 0,
        }
    }

    /// The last time of `slot` that is known, 0 where none is.
    #[inline]
    pub fn get(&self, slot: Slot) -> Time {
        let Some(root) = &self.root else { return 0 };
        let mut height = self.height;
        if slot >> span_bits(height) != 0 {
            return 0;
        }
        let mut node = root;
        loop {
            match &**node {
                Node::Leaf(times) => return times[slot as usize & (LEAF - 1)],
                Node::Fork(kids) => match &kids[path_index(slot, height)] {
                    Some(kid) => node = kid,
                    None => return 0,
                },
            }
            height -= 1;
        }
    }

    /// Learns that `slot` has reached `time`.  True where that was news.
    pub fn advance(&mut self, slot: Slot, time: Time) -> bool {
        if self.get(slot) >= time {
            return false;
        }
        self.grow_to(slot);
        let mut height = self.height;
        let mut place = &mut self.root;
        loop {
            let node = place.get_or_insert_with(|| Arc::new(empty_node(height)));
            match Arc::make_mut(node) {
                Node::Leaf(times) => {
                    times[slot as usize & (LEAF - 1)] = time;
                    return true;
                }
                Node::Fork(kids) => {
                    place = &mut kids[path_index(slot, height)];
                    height -= 1;
                }
            }
        }
    }

    /// Learns everything that `other` knows.  True where any of it was news.
    pub fn join(&mut self, other: &Tree) -> bool {
        let Some(theirs) = &other.root else {
            return false;
        };
        let Some(mine) = &self.root else {
            *self = other.clone();
            return true;
        };
        if Arc::ptr_eq(mine, theirs) {
            return false;
        }
        if self.height < other.height {
            // The other tree grew for a slot that this one has no place for, so
            // there is news.  Its nodes are taken as they are.
            let lower = core::mem::replace(self, other.clone());
            self.join_lower(&lower);
            return true;
        }
        self.join_lower(other)
    }

    /// As [`Tree::join`], where `other` is known to hold all of `base`: only what
    /// this clock has beyond `base` is looked at.  What is no news may be taken
    /// for news.
    pub fn join_beyond(&mut self, base: &Tree, other: &Tree) -> bool {
        let (Some(mine), Some(old), Some(theirs)) = (&self.root, &base.root, &other.root) else {
            return self.join(other);
        };
        if self.height != base.height || self.height != other.height {
            return self.join(other);
        }
        let (joined, news) = match join_nodes_beyond(mine, old, theirs) {
            Joined::Left | Joined::Equal => return false,
            Joined::Right => (theirs.clone(), true),
            Joined::New(node) => (node, true),
        };
        self.root = Some(joined);
        news
    }

    /// As [`Tree::join`], where this tree holds all of `base`: only what `other` has
    /// beyond `base` is looked at.
    pub fn join_from_beyond(&mut self, base: &Tree, other: &Tree) {
        let (Some(mine), Some(old), Some(theirs)) = (&self.root, &base.root, &other.root) else {
            self.join(other);
            return;
        };
        if self.height != base.height || self.height != other.height {
            self.join(other);
            return;
        }
        match join_nodes_from_beyond(mine, old, theirs) {
            Joined::Left | Joined::Equal => {}
            Joined::Right => self.root = other.root.clone(),
            Joined::New(node) => self.root = Some(node),
        }
    }

    /// Whether the two are one tree in memory, and so equal.
    #[inline]
    pub fn same_tree(&self, other: &Tree) -> bool {
        match (&self.root, &other.root) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Calls `f` with every entry that is not 0, in the order of the slots.
    pub fn for_each(&self, mut f: impl FnMut(Slot, Time)) {
        if let Some(root) = &self.root {
            visit(root, self.height, 0, &mut f);
        }
    }

    /// Joins a clock whose tree is at most as high.  True where it was news.
    fn join_lower(&mut self, other: &Tree) -> bool {
        let Some(theirs) = &other.root else {
            return false;
        };
        // The lower tree holds the lowest slots: it joins the leftmost subtree.
        let (joined, news) = match self.leftmost(other.height) {
            None => (theirs.clone(), true),
            Some(mine) => match join_nodes(mine, theirs) {
                Joined::Left => return false,
                Joined::Equal if core::ptr::eq(common(mine, theirs), mine) => return false,
                Joined::Equal => (theirs.clone(), false),
                Joined::Right => (theirs.clone(), true),
                Joined::New(node) => (node, true),
            },
        };
        let mut height = self.height;
        let mut place = &mut self.root;
        while height > other.height {
            let node = place.get_or_insert_with(|| Arc::new(empty_node(height)));
            match Arc::make_mut(node) {
                Node::Fork(kids) => place = &mut kids[0],
                Node::Leaf(_) => unreachable!("a leaf above height 0"),
            }
            height -= 1;
        }
        *place = Some(joined);
        news
    }

    /// The leftmost subtree of a height, at most this tree's own.
    fn leftmost(&self, height: u32) -> Option<&Arc<Node>> {
        let mut node = self.root.as_ref()?;
        for _ in height..self.height {
            match &**node {
                Node::Fork(kids) => node = kids[0].as_ref()?,
                Node::Leaf(_) => return None,
            }
        }
        Some(node)
    }

    fn grow_to(&mut self, slot: Slot) {
        while slot >> span_bits(self.height) != 0 {
            self.height += 1;
            if let Some(root) = self.root.take() {
                let mut kids = [const { None }; FAN];
                kids[0] = Some(root);
                self.root = Some(Arc::new(Node::Fork(kids)));
            }
        }
    }
}

fn empty_node(height: u32) -> Node {
    if height == 0 {
        Node::Leaf([0; LEAF])
    } else {
        Node::Fork([const { None }; FAN])
    }
}

fn visit(node: &Node, height: u32, base: Slot, f: &mut impl FnMut(Slot, Time)) {
    match node {
        Node::Leaf(times) => {
            for (i, time) in times.iter().enumerate() {
                if *time != 0 {
                    f(base + i as Slot, *time);
                }
            }
        }
        Node::Fork(kids) => {
            for (i, kid) in kids.iter().enumerate() {
                if let Some(kid) = kid {
                    visit(
                        kid,
                        height - 1,
                        base + ((i as Slot) << span_bits(height - 1)),
                        f,
                    );
                }
            }
        }
    }
}

/// Joins two nodes of the same height, of which the right one holds all of
/// `base`.
fn join_nodes_beyond(a: &Arc<Node>, base: &Arc<Node>, b: &Arc<Node>) -> Joined {
    if Arc::ptr_eq(a, b) {
        return Joined::Equal;
    }
    if Arc::ptr_eq(a, base) {
        return Joined::Right;
    }
    match (&**a, &**base, &**b) {
        (Node::Fork(x), Node::Fork(old), Node::Fork(y)) => {
            join_kids(x, y, |i, k, l| match &old[i] {
                Some(base) => join_nodes_beyond(k, base, l),
                None => join_nodes(k, l),
            })
        }
        _ => join_nodes(a, b),
    }
}

/// Joins two nodes of the same height, of which the left one holds all of
/// `base`.
fn join_nodes_from_beyond(a: &Arc<Node>, base: &Arc<Node>, b: &Arc<Node>) -> Joined {
    if Arc::ptr_eq(a, b) {
        return Joined::Equal;
    }
    if Arc::ptr_eq(b, base) {
        return Joined::Left;
    }
    match (&**a, &**base, &**b) {
        (Node::Fork(x), Node::Fork(old), Node::Fork(y)) => {
            join_kids(x, y, |i, k, l| match &old[i] {
                Some(base) => join_nodes_from_beyond(k, base, l),
                None => join_nodes(k, l),
            })
        }
        _ => join_nodes(a, b),
    }
}

/// Joins two nodes of the same height.  Depth is the tree's height, at most 5.
fn join_nodes(a: &Arc<Node>, b: &Arc<Node>) -> Joined {
    if Arc::ptr_eq(a, b) {
        return Joined::Equal;
    }
    match (&**a, &**b) {
        (Node::Leaf(x), Node::Leaf(y)) => {
            let (mut more_left, mut more_right) = (false, false);
            let mut max = *x;
            for (m, t) in max.iter_mut().zip(y) {
                more_left |= *m > *t;
                more_right |= *t > *m;
                *m = (*m).max(*t);
            }
            joined(more_left, more_right, || Node::Leaf(max))
        }
        (Node::Fork(x), Node::Fork(y)) => join_kids(x, y, |_, k, l| join_nodes(k, l)),
        _ => unreachable!("nodes of unequal height"),
    }
}

type Kids = [Option<Arc<Node>>; FAN];

/// Joins what hangs on two forks, each pair in the way that is given.
fn join_kids(x: &Kids, y: &Kids, join: impl Fn(usize, &Arc<Node>, &Arc<Node>) -> Joined) -> Joined {
    let (mut more_left, mut more_right) = (false, false);
    let mut kids = [const { None }; FAN];
    for (i, ((kid, k), l)) in kids.iter_mut().zip(x).zip(y).enumerate() {
        *kid = match (k, l) {
            (None, None) => None,
            (Some(k), None) => {
                more_left = true;
                Some(k.clone())
            }
            (None, Some(l)) => {
                more_right = true;
                Some(l.clone())
            }
            (Some(k), Some(l)) => Some(match join(i, k, l) {
                Joined::Equal => common(k, l).clone(),
                Joined::Left => {
                    more_left = true;
                    k.clone()
                }
                Joined::Right => {
                    more_right = true;
                    l.clone()
                }
                Joined::New(node) => {
                    (more_left, more_right) = (true, true);
                    node
                }
            }),
        };
    }
    joined(more_left, more_right, || Node::Fork(kids))
}

fn joined(more_left: bool, more_right: bool, node: impl FnOnce() -> Node) -> Joined {
    match (more_left, more_right) {
        (false, false) => Joined::Equal,
        (true, false) => Joined::Left,
        (false, true) => Joined::Right,
        (true, true) => Joined::New(Arc::new(node())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handed_over_tree_is_shared() {
        let mut a = Tree::new();
        for slot in 0..1000 {
            a.advance(slot, 1);
        }
        let mut b = Tree::new();
        b.advance(3, 1);
        assert!(b.join(&a));
        assert!(b.same_tree(&a));
        assert!(!b.join(&a));
    }
}
