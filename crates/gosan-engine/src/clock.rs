//! Vector clock as a persistent tree.
//!
//! A clock maps slots (small numbers that name goroutines, see
//! [`crate::goroutine`]) to times.  A flat array per goroutine would need
//! n² entries for n goroutines; here a clock is a tree whose nodes are shared
//! between all clocks that agree on them, in the manner of Bagwell's tries:
//! handing a clock over copies one pointer, and setting an entry copies the
//! nodes on one path.
//!
//! Joining two clocks walks only where they differ: nodes that are the same in
//! memory are skipped whole, and where one side has nothing to add the other
//! side's node is taken as it is, which keeps the sharing.
//!
//! Times are 32 bits; what happens at the end of that range is in
//! [`crate::goroutine`].  A missing entry is time 0, before everything.

use alloc::sync::Arc;

const LEAF_BITS: u32 = 5;
const LEAF: usize = 1 << LEAF_BITS;
const _: () = assert!(LEAF == u32::BITS as usize);
const FAN_BITS: u32 = 4;
const FAN: usize = 1 << FAN_BITS;

/// Names a goroutine in clocks, 0 to 2^24 - 1.
pub type Slot = u32;
/// A time of one slot.
pub type Time = u32;

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
pub struct Clock {
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

/// See [`Clock::leaf_beyond`].
enum Beyond {
    /// No news.
    Nothing,
    /// The leaf that knows all.
    Leaf([Time; LEAF]),
    /// One of the two, or the slot, needs more than a leaf.
    Trees,
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

impl Clock {
    /// A clock that knows nothing.
    pub const fn new() -> Clock {
        Clock {
            root: None,
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
    pub fn join(&mut self, other: &Clock) -> bool {
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

    /// Learns everything that `other` knows, and a time of a slot.  True where any of
    /// it was news; what is told of the slot `own` need not count.
    #[inline]
    pub fn join_and_advance(
        &mut self,
        own: Slot,
        other: &Clock,
        (slot, time): (Slot, Time),
    ) -> bool {
        match self.leaf_beyond(own, other, (slot, time)) {
            Beyond::Nothing => false,
            Beyond::Leaf(joined) => {
                self.root = Some(Arc::new(Node::Leaf(joined)));
                true
            }
            Beyond::Trees => {
                let news = self.join(other);
                self.advance(slot, time) | news
            }
        }
    }

    /// As [`Clock::join_and_advance`], of a clock that is not needed any more: its
    /// memory serves for what is known then, if nobody shares it.
    #[inline]
    pub fn take_and_advance(
        &mut self,
        own: Slot,
        mut other: Clock,
        (slot, time): (Slot, Time),
    ) -> bool {
        match self.leaf_beyond(own, &other, (slot, time)) {
            Beyond::Nothing => false,
            Beyond::Leaf(joined) => {
                match other.root.as_mut().and_then(Arc::get_mut) {
                    Some(node) => {
                        *node = Node::Leaf(joined);
                        self.root = other.root;
                    }
                    None => self.root = Some(Arc::new(Node::Leaf(joined))),
                }
                true
            }
            Beyond::Trees => self.join_and_advance(own, &other, (slot, time)),
        }
    }

    /// What a clock of one leaf becomes by what another one knows and a time of a
    /// slot: few goroutines have no higher trees.
    #[inline(always)]
    fn leaf_beyond(&self, own: Slot, other: &Clock, (slot, time): (Slot, Time)) -> Beyond {
        let (mine, theirs) = match (self.root.as_deref(), other.root.as_deref()) {
            (Some(Node::Leaf(mine)), Some(Node::Leaf(theirs))) => (mine, theirs),
            _ => return Beyond::Trees,
        };
        let Some(known) = mine.get(slot as usize) else {
            return Beyond::Trees;
        };
        let news = news(mine, theirs) & !1u32.checked_shl(own).unwrap_or(0);
        if news == 0 && *known >= time {
            return Beyond::Nothing;
        }
        let mut joined = *mine;
        let mut left = news;
        while left != 0 {
            let slot = left.trailing_zeros() as usize;
            joined[slot] = theirs[slot];
            left &= left - 1;
        }
        let told = &mut joined[slot as usize];
        *told = (*told).max(time);
        Beyond::Leaf(joined)
    }

    /// Whether it has room for a few goroutines only, so that it is joined with another
    /// in one go.
    #[inline]
    pub fn is_small(&self) -> bool {
        self.height == 0
    }

    /// As [`Clock::join`], where `other` is known to hold all of `base`: only what
    /// this clock has beyond `base` is looked at.  What is no news may be taken
    /// for news.
    pub fn join_beyond(&mut self, base: &Clock, other: &Clock) -> bool {
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

    /// Whether `other` holds nothing that this clock does not know.
    pub fn knows_all_of(&self, other: &Clock) -> bool {
        let mut known = true;
        other.for_each(|slot, time| known &= self.get(slot) >= time);
        known
    }

    /// Whether the two are one tree in memory, and so equal.
    #[inline]
    pub fn same_tree(&self, other: &Clock) -> bool {
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
    fn join_lower(&mut self, other: &Clock) -> bool {
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

/// The slots whose times in `theirs` are later than in `mine`, as bits.  Most slots of
/// most clocks were never heard of, or are known alike: these are passed over in pairs.
#[inline(always)]
fn news(mine: &[Time; LEAF], theirs: &[Time; LEAF]) -> u32 {
    let mut news = 0;
    for (at, (known, told)) in mine
        .as_chunks::<2>()
        .0
        .iter()
        .zip(theirs.as_chunks::<2>().0)
        .enumerate()
    {
        let pair = |[a, b]: [Time; 2]| u64::from(a) | u64::from(b) << Time::BITS;
        if pair(*told) != 0 && pair(*told) != pair(*known) {
            let later = u32::from(told[0] > known[0]) | u32::from(told[1] > known[1]) << 1;
            news |= later << (2 * at);
        }
    }
    news
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
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn entries(clock: &Clock) -> BTreeMap<Slot, Time> {
        let mut map = BTreeMap::new();
        clock.for_each(|slot, time| assert!(map.insert(slot, time).is_none()));
        map
    }

    fn slots() -> impl Strategy<Value = Slot> {
        prop_oneof![0..40u32, 0..600u32, 0..20_000u32, 0..(1u32 << 24)]
    }

    #[derive(Clone, Debug)]
    enum Op {
        Advance(usize, Slot, Time),
        Join(usize, usize),
        Copy(usize, usize),
        /// The first learns what the second knows, which has learnt all that
        /// the first once knew.
        Beyond(usize, usize),
        /// The first learns what the second knows, and a time.
        With(usize, usize, Slot, Time),
        /// As before, and the second is emptied.
        Take(usize, usize, Slot, Time),
    }

    fn ops() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => (0..4usize, slots(), 1..50u32).prop_map(|(c, s, t)| Op::Advance(c, s, t)),
            2 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::Join(a, b)),
            1 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::Copy(a, b)),
            2 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::Beyond(a, b)),
            2 => (0..4usize, 0..4usize, slots(), 1..50u32).prop_map(|(a, b, s, t)| Op::With(a, b, s, t)),
            2 => (0..4usize, 0..4usize, slots(), 1..50u32).prop_map(|(a, b, s, t)| Op::Take(a, b, s, t)),
        ]
    }

    #[test]
    fn what_is_told_of_the_own_slot_is_no_news() {
        let (mut mine, mut theirs) = (Clock::new(), Clock::new());
        mine.advance(3, 1);
        theirs.advance(3, 1);
        theirs.advance(7, 5);
        assert!(!mine.join_and_advance(7, &theirs, (3, 1)));
        assert!(mine.join_and_advance(7, &theirs, (3, 2)));
        assert!(mine.join_and_advance(6, &theirs, (8, 1)));
        assert_eq!((mine.get(3), mine.get(7), mine.get(8)), (2, 5, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn behaves_as_a_map_of_maxima(ops in prop::collection::vec(ops(), 1..60)) {
            let mut clocks = [const { Clock::new() }; 4];
            let mut models: [BTreeMap<Slot, Time>; 4] = Default::default();
            let mut bases = [const { Clock::new() }; 4];
            for op in ops {
                match op {
                    Op::Advance(c, slot, time) => {
                        let old = models[c].get(&slot).copied().unwrap_or(0);
                        prop_assert_eq!(clocks[c].advance(slot, time), time > old);
                        models[c].insert(slot, time.max(old));
                    }
                    Op::Join(a, b) => {
                        let other = clocks[b].clone();
                        let before = models[a].clone();
                        for (slot, time) in models[b].clone() {
                            let entry = models[a].entry(slot).or_insert(0);
                            *entry = time.max(*entry);
                        }
                        prop_assert_eq!(clocks[a].join(&other), models[a] != before);
                    }
                    Op::Beyond(a, b) => {
                        let base = bases[a].clone();
                        clocks[b].join(&base);
                        for (slot, time) in entries(&base) {
                            let entry = models[b].entry(slot).or_insert(0);
                            *entry = time.max(*entry);
                        }
                        let other = clocks[b].clone();
                        let before = models[a].clone();
                        for (slot, time) in models[b].clone() {
                            let entry = models[a].entry(slot).or_insert(0);
                            *entry = time.max(*entry);
                        }
                        let news = clocks[a].join_beyond(&base, &other);
                        prop_assert!(news || models[a] == before);
                        bases[a] = clocks[a].clone();
                    }
                    Op::With(a, b, slot, time) | Op::Take(a, b, slot, time) => {
                        const NOBODY: Slot = Slot::MAX;
                        let before = models[a].clone();
                        for (slot, time) in models[b].clone().into_iter().chain([(slot, time)]) {
                            let entry = models[a].entry(slot).or_insert(0);
                            *entry = time.max(*entry);
                        }
                        let told = (slot, time);
                        let news = if let Op::With(..) = op {
                            let other = clocks[b].clone();
                            clocks[a].join_and_advance(NOBODY, &other, told)
                        } else {
                            let other = core::mem::take(&mut clocks[b]);
                            if a == b {
                                clocks[a] = other.clone();
                            } else {
                                models[b].clear();
                            }
                            clocks[a].take_and_advance(NOBODY, other, told)
                        };
                        prop_assert_eq!(news, models[a] != before);
                    }
                    Op::Copy(a, b) => {
                        clocks[a] = clocks[b].clone();
                        models[a] = models[b].clone();
                        bases[a] = clocks[a].clone();
                    }
                }
            }
            for (clock, model) in clocks.iter().zip(&models) {
                prop_assert_eq!(&entries(clock), model);
                for (slot, time) in model {
                    prop_assert_eq!(clock.get(*slot), *time);
                }
            }
        }
    }

    #[test]
    fn a_handed_over_clock_is_shared() {
        let mut a = Clock::new();
        for slot in 0..1000 {
            a.advance(slot, 1);
        }
        let mut b = Clock::new();
        b.advance(3, 1);
        assert!(b.join(&a));
        assert!(b.same_tree(&a));
        assert!(!b.join(&a));
    }
}
