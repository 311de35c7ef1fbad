//! A goroutine's own time: when it advances, what it knows, whom it tells.
//!
//! Vector clocks after Mattern and Fidge, with epochs as in FastTrack
//! (Flanagan and Freund, PLDI 2009).  Deviations:
//!
//! - Time advances lazily.  A release *publishes* the present time; only when
//!   the goroutine then records an access, or learns something, does a new time
//!   begin.  So a goroutine that locks and unlocks without touching memory
//!   stands still, and every published time has one fixed content.
//! - A goroutine is named in clocks by a *slot*, which is used again.
//!
//! # Why a slot may be used again
//!
//! Let goroutine A own slot `s` and end at time `a`.  B may get `s`, with all
//! its times greater than `a`, in two cases:
//!
//! 1. **B's creator knows `(s, a)`.**  Then everything A did happens before
//!    B's start.  Whoever learns a time of B learns it by a chain of releases
//!    from B, so it also happens after all of A; an entry for B in slot `s`
//!    thus says the truth about A's times too.  No ordering is invented.  And
//!    whoever knew `(s, x)` with `x <= a` still does, since entries only grow:
//!    none is lost.
//! 2. **No record of A is left** in any word ([`Slot`] reclaim in the runtime).
//!    Entries of `s` are only ever compared with the times in records.  Those
//!    are now all B's, greater than `a`; an old entry for A is below all of
//!    them and orders nothing.  An entry for B claims things about A, but
//!    nothing is left to ask it.  What A *knew* is another matter: a lock that
//!    A released last still hands A's knowledge over, and must do so also to
//!    one who knows B.  [`Era`] sees to that.
//!
//! # Knowing times without clocks
//!
//! A finalizer runs after all that happened until now, so its goroutine learns
//! the present time of every slot ([`Goroutine::learn`]), but not what each of
//! them knew.  For those times it does not hold that whoever knows the time
//! knows the clock.  So an [`Era`] ends after they were read, nobody infers a
//! clock from a time across eras, and a goroutine begins a new time before it
//! publishes for the first time in an era: what is published in an era is never
//! a time that was learnt in this way before.
//!
//! # The end of a slot's time
//!
//! Times have 32 bits.  Before they run out the goroutine moves to another
//! slot ([`Goroutine::move_to`]): it is then its own successor under case 1.

use crate::clock::{Clock, Slot, Time};
use crate::sync_clock::{Era, SyncClock};
use crate::tree::Tree;

/// The last time that a slot can reach.
pub const LAST_TIME: Time = Time::MAX;

/// A goroutine as the happens-before relation sees it.
pub struct Goroutine {
    slot: Slot,
    time: Time,
    /// The present time was handed to somebody.
    published: bool,
    /// The last era in which it handed a time over.  All that it publishes in
    /// that era was begun in it.
    published_in: Era,
    clock: Clock,
    base: Base,
}

/// Knowledge that others may have: whoever knows this time of this slot knows
/// all of this clock.  It is what the goroutine knew when it last handed its
/// knowledge over, what its creator knew when it was started, or what somebody
/// knew who told it all that it knows.
///
/// An acquire from somebody who knows the base has to look only at what was
/// learnt beyond it, and so has a release to such a one.  Without that, 100,000
/// goroutines that meet at one mutex or WaitGroup would walk all that the others have
/// changed since, each of them.
struct Base {
    clock: Tree,
    slot: Slot,
    time: Time,
    /// As for the short way of an acquire.
    era: Era,
}

impl Base {
    const NONE: Base = Base {
        clock: Tree::new(),
        slot: 0,
        time: Time::MAX,
        era: Era(0),
    };
}

impl Goroutine {
    /// The first goroutine of a program, which knows nothing.
    pub const fn first(slot: Slot, time: Time) -> Goroutine {
        Goroutine {
            slot,
            time,
            published: false,
            published_in: Era(0),
            clock: Clock::new(),
            base: Base::NONE,
        }
    }

    /// Starts a goroutine that knows what this one knows now.  `time` must be
    /// above every time that `slot` had: see the module's text.
    pub fn start(&mut self, slot: Slot, time: Time, era: Era) -> Goroutine {
        self.publish(era);
        let mut clock = self.clock.clone();
        clock.advance(self.slot, self.time);
        let base = match &clock {
            Clock::Few(_) => Base::NONE,
            Clock::Many(tree) => Base {
                clock: tree.clone(),
                slot: self.slot,
                time: self.time,
                era,
            },
        };
        Goroutine {
            slot,
            time,
            published: false,
            published_in: era,
            clock,
            base,
        }
    }

    /// The slot that names it in clocks.
    #[inline]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Its present time.
    #[inline]
    pub fn time(&self) -> Time {
        self.time
    }

    /// Whether the next record must begin a new time.
    #[inline]
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// Whether what is recorded now may still carry the segment of `time`.
    #[inline]
    pub fn records_at(&self, time: Time) -> bool {
        !self.published && self.time == time
    }

    /// Whether its slot has hardly any times left: [`Goroutine::move_to`] must
    /// come before more than one event.  An event takes at most three.
    #[inline]
    pub fn is_at_end_of_slot(&self) -> bool {
        self.time >= LAST_TIME - 4
    }

    /// Goes on under another slot, whose times so far are all below `time`.
    pub fn move_to(&mut self, slot: Slot, time: Time) {
        self.clock.advance(self.slot, LAST_TIME);
        self.slot = slot;
        self.time = time;
        self.published = false;
        self.base = Base::NONE;
    }

    /// Begins a new time if the present one was published, so that what is
    /// recorded now is not taken for known.  The present time afterwards.
    #[inline]
    pub fn time_for_record(&mut self) -> Time {
        self.begin_if_published();
        self.time
    }

    /// Whether what happened at `time` of `slot` happens before now.
    #[inline]
    pub fn knows(&self, slot: Slot, time: Time) -> bool {
        slot == self.slot || self.clock.get(slot) >= time
    }

    /// Learns all that was released to `sync`.
    pub fn acquire(&mut self, sync: &SyncClock, era: Era) {
        if self.learns_nothing_from(sync, era) {
            return;
        }
        let news = match self.learn_if_few(sync) {
            Some(news) => news,
            None => {
                let news = if self.base_is_known_to(sync, era) {
                    let base = &self.base.clock;
                    self.clock.join_beyond(self.slot, base, &sync.clock)
                } else {
                    self.clock.join(self.slot, &sync.clock)
                };
                let took_all =
                    sync.plain && sync.era == era && self.clock.is_same_tree(&sync.clock);
                let (slot, time) = self.told_by(sync);
                let news = self.clock.advance(slot, time) | news;
                if let (true, Clock::Many(tree)) = (took_all, &self.clock) {
                    self.base = Base {
                        clock: tree.clone(),
                        slot: sync.by,
                        time: sync.at,
                        era,
                    };
                }
                news
            }
        };
        if news {
            self.begin_if_published();
        }
    }

    /// As [`Goroutine::acquire`], where that takes and frees no memory; false where it
    /// would.
    #[inline]
    pub fn acquire_plainly(&mut self, sync: &SyncClock, era: Era) -> bool {
        if self.learns_nothing_from(sync, era) {
            return true;
        }
        let news = self.learn_if_few(sync);
        if news == Some(true) {
            self.begin_if_published();
        }
        news.is_some()
    }

    /// Learns what was released, where clocks are small.  Whether that was news.
    #[inline]
    fn learn_if_few(&mut self, sync: &SyncClock) -> Option<bool> {
        let told = self.told_by(sync);
        self.clock.join_if_few(self.slot, &sync.clock, told)
    }

    /// Whose time a release tells, beside the clock; 0 of its own, which is no news.
    #[inline]
    fn told_by(&self, sync: &SyncClock) -> (Slot, Time) {
        let is_own = sync.by == self.slot;
        (sync.by, if is_own { 0 } else { sync.at })
    }

    /// Hands over all that it knows, in place of what was there.
    pub fn release(&mut self, sync: &mut SyncClock, era: Era) {
        self.publish(era);
        sync.clock.copy_from(&self.clock);
        self.sign(sync, era);
    }

    /// As [`Goroutine::release`], where that takes and frees no memory.  False where it
    /// would; then nothing has changed.
    #[inline]
    pub fn release_plainly(&mut self, sync: &mut SyncClock, era: Era) -> bool {
        let copied = match (&self.clock, &mut sync.clock) {
            (Clock::Few(mine), Clock::Few(theirs)) => {
                *theirs = *mine;
                true
            }
            (Clock::Many(mine), Clock::Many(theirs)) => {
                mine.same_tree(theirs) && mine.same_tree(&self.base.clock)
            }
            _ => false,
        };
        if copied {
            self.publish_plainly(era);
            self.sign(sync, era);
        }
        copied
    }

    /// All that is in the sync object is what it knows now.
    #[inline]
    fn sign(&self, sync: &mut SyncClock, era: Era) {
        (sync.by, sync.at, sync.plain) = (self.slot, self.time, true);
        sync.era = era;
    }

    /// Hands over all that it knows, beside what was there.
    pub fn release_merge(&mut self, sync: &mut SyncClock, era: Era) {
        if self.learns_nothing_from(sync, era) {
            return self.release(sync, era);
        }
        let knows_base = self.base_is_known_to(sync, era);
        sync.clock.advance(sync.by, sync.at);
        if knows_base {
            sync.clock.join_from_beyond(&self.base.clock, &self.clock);
        } else {
            sync.clock.join(Slot::MAX, &self.clock);
        }
        self.publish(era);
        self.sign(sync, era);
        sync.plain = sync.clock.is_same(&self.clock);
    }

    /// As [`Goroutine::release_merge`], where that takes and frees no memory.  False
    /// where it would; then nothing has changed.
    #[inline]
    pub fn release_merge_plainly(&mut self, sync: &mut SyncClock, era: Era) -> bool {
        if self.learns_nothing_from(sync, era) {
            return self.release_plainly(sync, era);
        }
        let told = (sync.by, sync.at);
        let merged = sync.clock.join_if_few(Slot::MAX, &self.clock, told);
        if merged.is_none() {
            return false;
        }
        self.publish_plainly(era);
        self.sign(sync, era);
        sync.plain = sync.clock.is_same(&self.clock);
        true
    }

    /// Hands over what it knew before, and learns what was there: the two
    /// sides of a channel's buffer slot.
    pub fn release_and_acquire_previous(&mut self, sync: &mut SyncClock, era: Era) {
        let mut previous = SyncClock::new();
        core::mem::swap(sync, &mut previous);
        self.release(sync, era);
        self.acquire(&previous, era);
    }

    /// As [`Goroutine::release_and_acquire_previous`], where that takes and frees no
    /// memory.  False where it would; then nothing has changed.
    #[inline]
    pub fn exchange_plainly(&mut self, sync: &mut SyncClock, era: Era) -> bool {
        if self.learns_nothing_from(sync, era) {
            return self.release_plainly(sync, era);
        }
        let told = self.told_by(sync);
        let Clock::Few(before) = self.clock else {
            return false;
        };
        let Some(news) = self.clock.join_if_few(self.slot, &sync.clock, told) else {
            return false;
        };
        // What it knew before is handed over, at a time that was before.
        if let Clock::Few(theirs) = &mut sync.clock {
            *theirs = before;
        }
        self.publish_plainly(era);
        self.sign(sync, era);
        if news {
            self.begin();
        }
        true
    }

    /// Learns what was there and hands over all of it: an atomic
    /// read-modify-write.
    pub fn acquire_and_release(&mut self, sync: &mut SyncClock, era: Era) {
        self.acquire(sync, era);
        self.release(sync, era);
    }

    /// Learns that `slot` has reached `time`, but not what it knew then: an era
    /// must end between the reading of that time and the next release.
    pub fn learn(&mut self, slot: Slot, time: Time) {
        if slot != self.slot && self.clock.advance(slot, time) {
            self.begin_if_published();
        }
    }

    /// Whether an acquire would teach it nothing, as far as that is seen without
    /// walking clocks.
    #[inline]
    pub fn learns_nothing_from(&self, sync: &SyncClock, era: Era) -> bool {
        sync.is_empty() || self.knows_release(sync, era)
    }

    /// The short way of an acquire: see [`crate::sync_clock`].
    #[inline]
    fn knows_release(&self, sync: &SyncClock, era: Era) -> bool {
        sync.plain && sync.era == era && self.knows(sync.by, sync.at)
    }

    /// Whether what was released to `sync` holds all of the base.
    fn base_is_known_to(&self, sync: &SyncClock, era: Era) -> bool {
        let Base { slot, time, .. } = self.base;
        self.base.era == era
            && (sync.clock.get(slot) >= time || (sync.by == slot && sync.at >= time))
    }

    #[inline]
    fn publish(&mut self, era: Era) {
        self.publish_plainly(era);
        // A clock of few is joined in one go.
        if let Clock::Many(tree) = &self.clock
            && !self.base.clock.same_tree(tree)
        {
            self.base.clock = tree.clone();
        }
    }

    /// As [`Goroutine::publish`], where the clock is of few, or the base has it.
    #[inline]
    fn publish_plainly(&mut self, era: Era) {
        if self.published_in != era {
            self.published_in = era;
            self.begin();
        }
        self.published = true;
        if !self.clock.is_few() {
            (self.base.slot, self.base.time, self.base.era) = (self.slot, self.time, era);
        }
    }

    #[inline]
    fn begin_if_published(&mut self) {
        if self.published {
            self.begin();
        }
    }

    #[inline]
    fn begin(&mut self) {
        self.time += 1;
        self.published = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Era = Era(1);
    const AFTER: Era = Era(2);

    /// A goroutine at slot 1 that knows time 5 of slot 3.
    fn creator() -> Goroutine {
        let mut creator = Goroutine::first(1, 1);
        creator.learn(3, 5);
        creator
    }

    /// What a goroutine releases that got slot 1 later and knows nothing.
    fn released_by_a_stranger() -> SyncClock {
        let mut stranger = Goroutine::first(1, 9);
        stranger.learn(4, 1);
        let mut sync = SyncClock::new();
        stranger.release(&mut sync, AFTER);
        sync
    }

    #[test]
    fn the_creators_slot_used_by_a_stranger_takes_nothing_away() {
        let mut child = creator().start(2, 1, BEFORE);
        child.acquire(&released_by_a_stranger(), AFTER);
        assert!(child.knows(3, 5) && child.knows(1, 9) && child.knows(4, 1));
    }

    #[test]
    fn what_was_learnt_since_the_release_stays() {
        let mut goroutine = creator();
        let mut sync = SyncClock::new();
        goroutine.release(&mut sync, BEFORE);
        let mut other = Goroutine::first(2, 1);
        other.acquire(&sync, BEFORE);
        other.learn(4, 7);
        other.release(&mut sync, BEFORE);
        goroutine.learn(40, 2);
        goroutine.learn(3, 6);
        goroutine.acquire(&sync, BEFORE);
        for (slot, time) in [(2, 1), (3, 6), (4, 7), (40, 2)] {
            assert!(goroutine.knows(slot, time), "slot {slot}");
        }
    }
}
