//! Places where goroutines can be held, and which of them the next round holds.
//!
//! A hold is a delay as long as it takes, at one visit of one place by one goroutine: see
//! docs/design/schedules.md, which also says what this cannot find.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::log::{Hold, Log, Visitor, Visits};
use crate::seed::Seed;
use crate::strategy::{Aims, STRATEGIES};

/// What a round counts for in which a goroutine came to where it was to be held.
pub(crate) const CAME: u32 = 2;

/// The places that goroutines of one group of tests came to.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// See [`Log::visits`].
    visits: BTreeMap<Visitor, Visits>,
    /// See [`Log::tests`].
    tests_of: BTreeMap<u32, u32>,
    /// How often a strategy held a goroutine: [`CAME`] for each round in which it
    /// came there, and half as much for each in which it did not.
    held: BTreeMap<(usize, Hold), u32>,
}

impl Places {
    /// Takes in what a round under this seed saw.
    pub fn learn(&mut self, seed: &Seed, log: &Log) {
        if seed.strategy().aims.are_places() {
            for hold in &seed.holds {
                let visits = log.visits.get(&hold.visitor);
                let came = visits.is_some_and(|visits| visits.count >= hold.visit);
                let held = self.held.get_mut(&(seed.strategy, *hold));
                if let Some(held) = held.filter(|_| !came) {
                    *held = held.saturating_sub(CAME / 2);
                }
            }
        }
        for (&visitor, &visits) in &log.visits {
            // A round that was disturbed may have ended before it came there again.
            let known = self.visits.entry(visitor).or_insert(visits);
            if known.count <= visits.count {
                *known = visits;
            }
        }
        self.tests_of.extend(&log.tests);
    }

    /// A hold for each goroutine, or for one of each test, in the moment where this
    /// strategy held it least; of those that do the same for one, unless `twins` are
    /// wanted. `shared` are places of accesses to what others use too: where a goroutine
    /// is held alone, it is there first.
    pub fn choose(
        &mut self,
        strategy: usize,
        twins: bool,
        shared: &BTreeSet<u32>,
        most: usize,
        rng: &mut Rng,
    ) -> Vec<Hold> {
        let is_alone = STRATEGIES[strategy].aims == Aims::Place;
        let mut all: BTreeMap<u32, BTreeMap<Stretch, Vec<Hold>>> = BTreeMap::new();
        for (&visitor, visits) in &self.visits {
            for (visit, stretch) in stretches(visits, rng) {
                let stretches = all.entry(visitor.goroutine).or_default();
                let hold = Hold { visitor, visit };
                stretches.entry(stretch).or_default().push(hold);
            }
        }
        let times = |hold: &Hold| self.times(strategy, hold);
        let is_shared = |hold: &Hold| shared.contains(&hold.visitor.place);
        let times_in = |stretch: &Stretch, holds: &[Hold]| {
            let waits = is_alone && !holds.iter().any(is_shared);
            holds.iter().map(times).sum::<u32>() + CAME * (stretch.round + u32::from(waits))
        };
        let mut goroutines: Vec<_> = all.into_iter().collect();
        rng.shuffle(&mut goroutines);
        goroutines.sort_by_cached_key(|(_, stretches)| {
            let times = stretches
                .iter()
                .map(|(stretch, holds)| times_in(stretch, holds));
            times.min()
        });
        // Where one is held, others that do the same must be able to pass.
        let mut taken = BTreeSet::new();
        let mut tests = BTreeSet::new();
        let mut chosen = Vec::new();
        for (goroutine, stretches) in goroutines {
            if is_alone && !tests.insert(self.tests_of.get(&goroutine)) {
                continue;
            }
            let holds = stretches.values().flatten();
            let places: BTreeSet<u32> = holds.map(|hold| hold.visitor.place).collect();
            if !twins && !taken.is_disjoint(&places) {
                continue;
            }
            taken.extend(places);
            let mut stretches: Vec<_> = stretches.into_iter().collect();
            rng.shuffle(&mut stretches);
            let least = stretches
                .into_iter()
                .min_by_key(|(stretch, holds)| times_in(stretch, holds));
            chosen.extend(least.and_then(|(_, holds)| rng.choice(holds)));
        }
        rng.shuffle(&mut chosen);
        chosen.truncate(most);
        for &hold in &chosen {
            *self.held.entry((strategy, hold)).or_default() += CAME;
        }
        chosen
    }

    /// How much a strategy held a goroutine there: [`CAME`] for each round in which it came.
    pub(crate) fn times(&self, strategy: usize, hold: &Hold) -> u32 {
        self.held.get(&(strategy, *hold)).copied().unwrap_or(0)
    }

    /// Makes as if this strategy had not tried these.
    pub fn take_back(&mut self, strategy: usize, holds: &[Hold]) {
        for hold in holds {
            if let Some(held) = self.held.get_mut(&(strategy, *hold)) {
                *held = held.saturating_sub(CAME);
            }
        }
    }
}

/// A stretch of a goroutine's time in which it can be held: a moment, and for those
/// in loops, whose moment is not known, in which round after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    when: u32,
    round: u32,
}

/// The visits of a place at which a goroutine may be held: the first and the last,
/// the ones after the first, and any.
fn stretches(visits: &Visits, rng: &mut Rng) -> Vec<(u32, Stretch)> {
    let stretch = |when, round| Stretch { when, round };
    let mut all = vec![(1, stretch(visits.first, 0))];
    if visits.count > 1 {
        all.push((visits.count, stretch(visits.last, 0)));
    }
    for visit in 2..visits.count.min(4) {
        all.push((visit, stretch(visits.first, visit - 1)));
    }
    if visits.count > 4 {
        all.push((rng.u32(4..visits.count), stretch(visits.first, 3)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: usize = 1024;

    fn places(visits: &[(u32, u32, Visits)]) -> Places {
        let visit = |&(place, goroutine, visits)| (Visitor { goroutine, place }, visits);
        Places {
            visits: visits.iter().map(visit).collect(),
            ..Places::default()
        }
    }

    const ONCE: Visits = Visits {
        first: 1,
        last: 1,
        count: 1,
    };

    #[test]
    fn each_goroutine_is_held_where_it_was_held_least() {
        let thrice = Visits {
            first: 2,
            last: 4,
            count: 3,
        };
        let mut places = places(&[(1, 7, ONCE), (2, 7, ONCE), (3, 7, thrice), (4, 8, ONCE)]);
        let mut rng = Rng::with_seed(1);
        let mut of_seven = Vec::new();
        for _ in 0..4 {
            let mut holds = places.choose(0, false, &BTreeSet::new(), ANY, &mut rng);
            holds.sort_unstable();
            assert_eq!(holds.len(), 2);
            assert_eq!((holds[1].visitor.place, holds[1].visit), (4, 1));
            of_seven.push((holds[0].visitor.place.max(2), holds[0].visit));
        }
        let mut first = of_seven[..3].to_vec();
        first.sort_unstable();
        assert_eq!(
            first,
            [(2, 1), (3, 1), (3, 3)],
            "the last visit, then others"
        );
    }

    #[test]
    fn of_those_that_do_the_same_one_is_held() {
        let mut places = places(&[(1, 7, ONCE), (1, 8, ONCE), (2, 9, ONCE)]);
        let mut rng = Rng::with_seed(1);
        let mut held = BTreeSet::new();
        for _ in 0..20 {
            let holds = places.choose(0, false, &BTreeSet::new(), ANY, &mut rng);
            assert_eq!(holds.len(), 2, "{holds:?}");
            held.extend(holds.iter().map(|hold| hold.visitor.goroutine));
        }
        assert_eq!(held, BTreeSet::from([7, 8, 9]));
    }

    #[test]
    fn one_that_is_held_alone_is_held_at_shared_accesses_first() {
        let mut places = places(&[(1, 7, ONCE), (2, 7, Visits { first: 2, ..ONCE })]);
        let alone = crate::strategy::index_of("alone").unwrap();
        let mut rng = Rng::with_seed(1);
        let mut hold = |shared| {
            let shared = BTreeSet::from([shared]);
            places.choose(alone, false, &shared, ANY, &mut rng)[0]
                .visitor
                .place
        };
        assert_eq!([hold(2), hold(1)], [2, 1]);
    }
}
