//! Vector clock: what is known of every goroutine's time.
//!
//! A clock maps slots (small numbers that name goroutines, see
//! [`crate::goroutine`]) to times.  It has one of two forms:
//!
//! - *few*: an array of the first slots' times, which is copied and joined in place,
//!   with no memory of its own.  All clocks of a program that has few goroutines at a
//!   time are of this form;
//! - *many*: a tree that shares its nodes with others ([`crate::tree`]).  A clock that
//!   hears of a later slot becomes one, and stays one.
//!
//! Times are 32 bits; what happens at the end of that range is in
//! [`crate::goroutine`].  A missing entry is time 0, before everything.

use crate::tree::{LEAF, Tree};

/// Names a goroutine in clocks, 0 to 2^24 - 1.
pub type Slot = u32;
/// A time of one slot.
pub type Time = u32;

/// The slots that a clock of few knows of.
pub const FEW: usize = LEAF;
const _: () = assert!(FEW == u32::BITS as usize);

/// What is known of every slot.
#[derive(Clone)]
pub enum Clock {
    /// The times of the first slots; nothing is known of others.
    Few([Time; FEW]),
    /// Of any slots.
    Many(Tree),
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

impl Clock {
    /// A clock that knows nothing.
    pub const fn new() -> Clock {
        Clock::Few([0; FEW])
    }

    /// The last time of `slot` that is known, 0 where none is.
    #[inline]
    pub fn get(&self, slot: Slot) -> Time {
        match self {
            Clock::Few(times) => times.get(slot as usize).copied().unwrap_or(0),
            Clock::Many(tree) => tree.get(slot),
        }
    }

    /// Learns that `slot` has reached `time`.  True where that was news.
    #[inline]
    pub fn advance(&mut self, slot: Slot, time: Time) -> bool {
        match self {
            Clock::Few(times) => match times.get_mut(slot as usize) {
                Some(known) => {
                    let news = *known < time;
                    *known = (*known).max(time);
                    news
                }
                None if time == 0 => false,
                None => self.make_many().advance(slot, time),
            },
            Clock::Many(tree) => tree.advance(slot, time),
        }
    }

    /// Learns everything that `other` knows.  True where any of it was news; what is
    /// told of the slot `own` need not count.
    pub fn join(&mut self, own: Slot, other: &Clock) -> bool {
        match (&mut *self, other) {
            (Clock::Few(mine), Clock::Few(theirs)) => join_few(mine, own, theirs),
            (Clock::Many(mine), Clock::Many(theirs)) => mine.join(theirs),
            (Clock::Few(mine), Clock::Many(theirs)) => {
                // Mostly it is told all that it knows, and shares the tree then.
                let mut known = (0..).zip(mine.iter());
                if known.all(|(slot, time)| theirs.get(slot) >= *time) {
                    *self = Clock::Many(theirs.clone());
                    return true;
                }
                self.make_many().join(theirs)
            }
            (Clock::Many(mine), Clock::Few(theirs)) => {
                let told = (0..).zip(theirs).filter(|(_, time)| **time != 0);
                told.fold(false, |news, (slot, time)| mine.advance(slot, *time) | news)
            }
        }
    }

    /// As [`Clock::join`], and learns a time of a slot, where both clocks are of few
    /// and the slot is one of these.  `None` where they are not.
    #[inline]
    pub fn join_if_few(
        &mut self,
        own: Slot,
        other: &Clock,
        (slot, time): (Slot, Time),
    ) -> Option<bool> {
        let (Clock::Few(mine), Clock::Few(theirs)) = (self, other) else {
            return None;
        };
        let known = mine.get_mut(slot as usize)?;
        let news = *known < time;
        *known = (*known).max(time);
        Some(join_few(mine, own, theirs) | news)
    }

    /// As [`Clock::join`], where `other` is known to hold all of `base`: of trees, only
    /// what this clock has beyond `base` is looked at.  What is no news may be taken
    /// for news.
    pub fn join_beyond(&mut self, own: Slot, base: &Tree, other: &Clock) -> bool {
        match (&mut *self, other) {
            (Clock::Many(mine), Clock::Many(theirs)) => mine.join_beyond(base, theirs),
            _ => self.join(own, other),
        }
    }

    /// As [`Clock::join`], where this clock is known to hold all of `base`: of trees,
    /// only what `other` has beyond `base` is looked at.
    pub fn join_from_beyond(&mut self, base: &Tree, other: &Clock) {
        match (&mut *self, other) {
            (Clock::Many(mine), Clock::Many(theirs)) => mine.join_from_beyond(base, theirs),
            _ => {
                self.join(Slot::MAX, other);
            }
        }
    }

    /// Becomes the same as `other`.
    #[inline]
    pub fn copy_from(&mut self, other: &Clock) {
        match (&mut *self, other) {
            (Clock::Few(mine), Clock::Few(theirs)) => *mine = *theirs,
            (Clock::Many(mine), Clock::Many(theirs)) if mine.same_tree(theirs) => {}
            _ => *self = other.clone(),
        }
    }

    /// Whether it is a clock of few.
    #[inline]
    pub fn is_few(&self) -> bool {
        matches!(self, Clock::Few(_))
    }

    /// Whether the two are of many, and one tree in memory.
    #[inline]
    pub fn is_same_tree(&self, other: &Clock) -> bool {
        match (self, other) {
            (Clock::Many(mine), Clock::Many(theirs)) => mine.same_tree(theirs),
            _ => false,
        }
    }

    /// Whether the two are seen at once to know the same.
    #[inline]
    pub fn is_same(&self, other: &Clock) -> bool {
        match (self, other) {
            (Clock::Few(mine), Clock::Few(theirs)) => mine == theirs,
            _ => self.is_same_tree(other),
        }
    }

    /// Calls `f` with every entry that is not 0, in the order of the slots.
    pub fn for_each(&self, mut f: impl FnMut(Slot, Time)) {
        match self {
            Clock::Few(times) => (0..)
                .zip(times)
                .filter(|(_, time)| **time != 0)
                .for_each(|(slot, time)| f(slot, *time)),
            Clock::Many(tree) => tree.for_each(f),
        }
    }

    #[cold]
    #[inline(never)]
    fn make_many(&mut self) -> &mut Tree {
        if let Clock::Few(times) = self {
            *self = Clock::Many(Tree::of_first(times));
        }
        match self {
            Clock::Many(tree) => tree,
            Clock::Few(_) => unreachable!("it was just made a tree"),
        }
    }
}

/// Most slots were never heard of, or are known alike: these are passed over in pairs.
#[inline(always)]
fn join_few(mine: &mut [Time; FEW], own: Slot, theirs: &[Time; FEW]) -> bool {
    let pair = |[a, b]: [Time; 2]| u64::from(a) | u64::from(b) << Time::BITS;
    let pairs = mine.as_chunks_mut::<2>().0.iter_mut();
    let mut news = 0u32;
    for (at, (known, told)) in pairs.zip(theirs.as_chunks::<2>().0).enumerate() {
        if pair(*told) != 0 && pair(*told) != pair(*known) {
            let later = u32::from(told[0] > known[0]) | u32::from(told[1] > known[1]) << 1;
            news |= later << (2 * at);
            *known = [known[0].max(told[0]), known[1].max(told[1])];
        }
    }
    news & !1u32.checked_shl(own).unwrap_or(0) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    const NOBODY: Slot = Slot::MAX;

    fn entries(clock: &Clock) -> BTreeMap<Slot, Time> {
        let mut map = BTreeMap::new();
        clock.for_each(|slot, time| assert!(map.insert(slot, time).is_none()));
        map
    }

    fn tree_of(clock: &Clock) -> Tree {
        match clock {
            Clock::Few(times) => Tree::of_first(times),
            Clock::Many(tree) => tree.clone(),
        }
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
        /// The first, which has learnt all that the second once knew, learns what
        /// that one knows now.
        FromBeyond(usize, usize),
    }

    fn ops() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => (0..4usize, slots(), 1..50u32).prop_map(|(c, s, t)| Op::Advance(c, s, t)),
            2 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::Join(a, b)),
            1 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::Copy(a, b)),
            2 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::Beyond(a, b)),
            2 => (0..4usize, 0..4usize).prop_map(|(a, b)| Op::FromBeyond(a, b)),
        ]
    }

    #[test]
    fn what_is_told_of_the_own_slot_is_no_news() {
        let (mut mine, mut theirs) = (Clock::new(), Clock::new());
        mine.advance(3, 1);
        theirs.advance(3, 1);
        theirs.advance(7, 5);
        assert!(mine.clone().join(6, &theirs));
        assert!(!mine.join(7, &theirs));
        assert_eq!((mine.get(3), mine.get(7)), (1, 5));
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
                        prop_assert_eq!(clocks[a].join(NOBODY, &other), models[a] != before);
                    }
                    Op::Beyond(a, b) => {
                        let base = bases[a].clone();
                        clocks[b].join(NOBODY, &base);
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
                        let news = clocks[a].join_beyond(NOBODY, &tree_of(&base), &other);
                        prop_assert!(news || models[a] == before);
                        bases[a] = clocks[a].clone();
                    }
                    Op::FromBeyond(a, b) => {
                        let base = bases[b].clone();
                        clocks[a].join(NOBODY, &base);
                        let all = entries(&base).into_iter().chain(models[b].clone());
                        for (slot, time) in all.collect::<Vec<_>>() {
                            let entry = models[a].entry(slot).or_insert(0);
                            *entry = time.max(*entry);
                        }
                        let other = clocks[b].clone();
                        clocks[a].join_from_beyond(&tree_of(&base), &other);
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
}
