//! Pairs of accesses that no lock keeps apart, and which of them the next round makes meet.
//!
//! Locks held as in Eraser (Savage and others, SOSP 1997): see docs/design/schedules.md. A
//! pair is a suspicion, and only a race that happens is told.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::log::{Hold, Log};

/// Rounds that try to make the same accesses meet.
const MEETINGS: u32 = 4;

/// The pairs of one group of tests.
#[derive(Debug, Clone, Default)]
pub struct Meetings(BTreeMap<[Hold; 2], Meeting>);

/// Two accesses that could meet.
#[derive(Debug, Clone, Default)]
struct Meeting {
    /// In how many rounds they were tried to be made to.
    tries: u32,
    /// The holds under which they were seen first, as they may not come to be without.
    with: Vec<Hold>,
}

impl Meeting {
    fn is_open(&self) -> bool {
        self.tries < MEETINGS
    }
}

impl Meetings {
    /// Takes in the pairs of a round in which these goroutines were held.
    pub fn learn(&mut self, holds: &[Hold], log: &Log) {
        for &pair in &log.meetings {
            let tests = pair.map(|hold| log.tests.get(&hold.visitor.goroutine));
            let is_with = |hold: &&Hold| {
                tests.contains(&log.tests.get(&hold.visitor.goroutine)) && !pair.contains(hold)
            };
            self.0.entry(pair).or_insert_with(|| Meeting {
                tries: 0,
                with: holds.iter().filter(is_with).copied().collect(),
            });
        }
    }

    /// Where goroutines can be held for them.
    pub fn places(&self) -> impl Iterator<Item = u32> {
        self.0.keys().flatten().map(|hold| hold.visitor.place)
    }

    /// Whether any is to be tried.
    pub fn are_open(&self) -> bool {
        self.0.values().any(Meeting::is_open)
    }

    /// The holds of those that were tried least, one pair at a time for each goroutine.
    pub fn choose(&mut self, most: usize, rng: &mut Rng) -> Vec<Hold> {
        let open = self.0.iter_mut().filter(|(_, m)| m.is_open());
        let mut open: Vec<([Hold; 2], &mut Meeting)> = open.map(|(&at, m)| (at, m)).collect();
        rng.shuffle(&mut open);
        open.sort_by_key(|(_, meeting)| meeting.tries);
        let mut busy = BTreeSet::new();
        // Holds go on in their order where all wait.
        let (mut before, mut holds) = (Vec::new(), Vec::new());
        for (mut pair, meeting) in open {
            let all = meeting.with.iter().chain(&pair);
            let goroutines: BTreeSet<u32> = all.map(|hold| hold.visitor.goroutine).collect();
            let number = before.len() + holds.len() + meeting.with.len() + pair.len();
            if number > most || !busy.is_disjoint(&goroutines) {
                continue;
            }
            busy.extend(goroutines);
            before.extend(&meeting.with);
            if meeting.tries % 2 == 1 {
                pair.reverse();
            }
            holds.extend(pair);
            meeting.tries += 1;
        }
        before.append(&mut holds);
        before
    }

    /// Makes as if the pairs that these holds make meet had not been tried.
    pub fn take_back(&mut self, holds: &[Hold]) {
        let holds: BTreeSet<&Hold> = holds.iter().collect();
        for (pair, meeting) in &mut self.0 {
            if pair.iter().all(|hold| holds.contains(hold)) {
                meeting.tries = meeting.tries.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Visitor;

    fn hold(goroutine: u32, place: u32) -> Hold {
        let visitor = Visitor { goroutine, place };
        Hold { visitor, visit: 1 }
    }

    #[test]
    fn a_pair_is_tried_both_ways_with_what_brought_it_to_light() {
        let mut meetings = Meetings::default();
        let (pair, before) = ([hold(1, 10), hold(2, 20)], hold(3, 30));
        let log = Log {
            meetings: BTreeSet::from([pair]),
            tests: [(1, 5), (2, 5), (3, 5), (4, 6)].into(),
            ..Log::default()
        };
        meetings.learn(&[before, hold(4, 40)], &log);
        let mut rng = Rng::with_seed(1);
        let mut choose = || meetings.choose(9, &mut rng);
        assert_eq!(choose(), [before, pair[0], pair[1]]);
        assert_eq!(choose(), [before, pair[1], pair[0]]);
        choose();
        choose();
        assert_eq!(choose(), [], "four times is enough");
        meetings.take_back(&pair);
        assert!(meetings.are_open());
    }
}
