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

/// The most holds that one which they brought to light is tried with.
const WITH: usize = 8;

/// One such hold in so many is tried without them: they may have nothing to do with it.
const WITHOUT: u32 = 4;

/// How often a goroutine comes to a place.
#[derive(Debug, Clone, Default)]
struct Known {
    /// In rounds that held none of its test; see [`Log::visits`].
    visits: Option<Visits>,
    /// More often, where these were held: a branch was taken, or another goroutine started.
    more: Option<(Visits, Vec<Hold>)>,
}

impl Known {
    fn learn(&mut self, visits: Visits, with: Vec<Hold>) {
        // A round that was disturbed may have ended before it came there again.
        let is_more = |known: Option<Visits>| known.is_none_or(|known| known.count < visits.count);
        if with.is_empty() {
            let last = self.visits.filter(|known| known.count > visits.count);
            self.visits = Some(last.unwrap_or(visits));
        } else if is_more(self.visits) && is_more(self.more.as_ref().map(|more| more.0)) {
            self.more = (with.len() <= WITH).then_some((visits, with));
        }
    }

    /// The visits at which it can be held, when each is, and with which other holds.
    fn stretches(&self, rng: &mut Rng) -> Vec<(u32, Stretch, &[Hold])> {
        let usual = self.visits.map_or(0, |visits| visits.count);
        let (visits, with) = match &self.more {
            Some((visits, with)) if visits.count > usual => (Some(*visits), with.as_slice()),
            _ => (self.visits, [].as_slice()),
        };
        let all = visits.map_or_else(Vec::new, |visits| stretches(&visits, rng));
        all.into_iter()
            .map(|(visit, stretch)| match visit > usual {
                true => (visit, stretch, with),
                false => (visit, stretch, [].as_slice()),
            })
            .collect()
    }
}

/// A hold that can be chosen, and those with which.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    hold: Hold,
    with: &'a [Hold],
}

/// The test that a goroutine works for, a place, and whether it is there again.
type Alike = (Option<u32>, u32, bool);

/// The places that goroutines of one group of tests came to.
#[derive(Debug, Clone, Default)]
pub struct Places {
    known: BTreeMap<Visitor, Known>,
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
        let test_of = |goroutine: &u32| log.tests.get(goroutine);
        for (&visitor, &visits) in &log.visits {
            let test = test_of(&visitor.goroutine);
            let is_with = |hold: &&Hold| test_of(&hold.visitor.goroutine) == test;
            let with = seed.holds.iter().filter(is_with).copied().collect();
            self.known.entry(visitor).or_default().learn(visits, with);
        }
        self.tests_of.extend(&log.tests);
    }

    /// Where each goroutine can be held, by stretches of its way.
    fn candidates(&self, rng: &mut Rng) -> BTreeMap<u32, BTreeMap<Stretch, Vec<Candidate<'_>>>> {
        let mut all: BTreeMap<u32, BTreeMap<Stretch, Vec<Candidate>>> = BTreeMap::new();
        for (&visitor, known) in &self.known {
            for (visit, stretch, with) in known.stretches(rng) {
                let stretches = all.entry(visitor.goroutine).or_default();
                let hold = Hold { visitor, visit };
                let candidates = stretches.entry(stretch).or_default();
                candidates.push(Candidate { hold, with });
            }
        }
        all
    }

    /// What a hold has in common with those of its test's goroutines that do the same: one that
    /// is held alone stands for them all.
    fn alike(&self, hold: &Hold) -> Alike {
        let Visitor { goroutine, place } = hold.visitor;
        let test = self.tests_of.get(&goroutine).copied();
        (test, place, hold.visit > 1)
    }

    /// How often a strategy has held any of those that do the same.
    fn times_of_alike(&self, strategy: usize) -> BTreeMap<Alike, u32> {
        let mut times_of: BTreeMap<_, u32> = BTreeMap::new();
        for ((_, hold), times) in self.held.iter().filter(|((by, _), _)| *by == strategy) {
            *times_of.entry(self.alike(hold)).or_default() += times;
        }
        times_of
    }

    /// A hold for each goroutine, or for one of each test, in the moment where this
    /// strategy held it least; of those that do the same for one, unless `twins` are
    /// wanted, then for all. One that is held alone is held with those every second time it
    /// comes again. `shared` are places of accesses to what others use too: where a goroutine
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
        let of_alike = self.times_of_alike(strategy);
        let times = |at: &Candidate| match is_alone {
            true => of_alike.get(&self.alike(&at.hold)).copied().unwrap_or(0),
            false => self.times(strategy, &at.hold),
        };
        let is_shared = |at: &Candidate| shared.contains(&at.hold.visitor.place);
        let times_in = |stretch: &Stretch, holds: &[Candidate]| {
            let waits = is_alone && !holds.iter().any(is_shared);
            holds.iter().map(times).sum::<u32>() + CAME * (stretch.round + u32::from(waits))
        };
        let mut goroutines: Vec<_> = self.candidates(rng).into_iter().collect();
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
        let mut busy = BTreeSet::new();
        // Holds go on in their order where all wait.
        let (mut before, mut chosen) = (Vec::new(), Vec::new());
        for (goroutine, stretches) in goroutines {
            if busy.contains(&goroutine)
                || is_alone && tests.contains(&self.tests_of.get(&goroutine))
            {
                continue;
            }
            let holds = stretches.values().flatten();
            let places: BTreeSet<u32> = holds.map(|at| at.hold.visitor.place).collect();
            if !twins && !taken.is_disjoint(&places) {
                continue;
            }
            let mut stretches: Vec<_> = stretches.into_iter().collect();
            rng.shuffle(&mut stretches);
            let least = stretches
                .into_iter()
                .min_by_key(|(stretch, holds)| times_in(stretch, holds));
            let Some(candidate) = least.and_then(|(_, holds)| rng.choice(holds)) else {
                continue;
            };
            let is_again = times(&candidate) > 0;
            let Candidate { hold, with } = candidate;
            tests.insert(self.tests_of.get(&goroutine));
            taken.extend(places);
            busy.insert(goroutine);
            chosen.push(hold);
            if is_alone && (twins || is_again && rng.bool()) {
                chosen.extend(self.twins_of(&hold));
            }
            let others = with.iter().map(|hold| hold.visitor.goroutine);
            let can_go_with = others
                .clone()
                .all(|other| other == goroutine || !busy.contains(&other));
            if can_go_with && rng.u32(..WITHOUT) != 0 {
                busy.extend(others);
                before.extend_from_slice(with);
            }
        }
        rng.shuffle(&mut chosen);
        before.append(&mut chosen);
        before.truncate(most);
        for &hold in &before {
            *self.held.entry((strategy, hold)).or_default() += CAME;
        }
        before
    }

    /// The same hold of others of its test, that come there as often.
    fn twins_of(&self, hold: &Hold) -> impl Iterator<Item = Hold> {
        let Hold { visitor, visit } = *hold;
        let test = self.tests_of.get(&visitor.goroutine);
        self.known.iter().filter_map(move |(other, known)| {
            let is_other = other.place == visitor.place && other.goroutine != visitor.goroutine;
            let comes = known.visits.is_some_and(|visits| visits.count >= visit);
            let is_twin = is_other && comes && self.tests_of.get(&other.goroutine) == test;
            is_twin.then_some(Hold {
                visitor: *other,
                visit,
            })
        })
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
        let mut places = Places::default();
        let log = Log {
            visits: visits.iter().map(visit).collect(),
            ..Log::default()
        };
        places.learn(&Seed::new(0, 0), &log);
        places
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

    #[test]
    fn one_that_is_held_alone_stands_for_those_that_do_the_same() {
        let visits: Vec<_> = (7..12)
            .flat_map(|goroutine| [(1, goroutine, ONCE), (2, goroutine, ONCE)])
            .chain([(3, 12, ONCE)])
            .collect();
        let mut places = places(&visits);
        let alone = crate::strategy::index_of("alone").unwrap();
        let mut rng = Rng::with_seed(1);
        let mut places: Vec<u32> = (0..3)
            .map(|_| places.choose(alone, false, &BTreeSet::new(), ANY, &mut rng)[0])
            .map(|hold| hold.visitor.place)
            .collect();
        places.sort_unstable();
        assert_eq!(places, [1, 2, 3]);
    }

    #[test]
    fn all_that_do_the_same_are_held_with_one_if_wanted() {
        let mut places = places(&[(1, 7, ONCE), (1, 8, ONCE), (1, 9, ONCE)]);
        let alone = crate::strategy::index_of("alone").unwrap();
        let mut rng = Rng::with_seed(1);
        let mut number = |twins| {
            let holds = places.choose(alone, twins, &BTreeSet::new(), ANY, &mut rng);
            holds.len()
        };
        assert_eq!([number(false), number(true)], [1, 3]);
    }

    #[test]
    fn what_a_hold_brought_to_light_is_held_with_it() {
        let mut places = places(&[(1, 7, ONCE), (2, 8, ONCE)]);
        let alone = crate::strategy::index_of("alone").unwrap();
        let mut seed = Seed::new(alone, 0);
        let hold = |place, goroutine| Hold {
            visitor: Visitor { goroutine, place },
            visit: 1,
        };
        seed.holds = vec![hold(1, 7)];
        // While that was held, another goroutine started.
        let mut log = Log::default();
        for visitor in [hold(1, 7), hold(2, 8), hold(3, 9)].map(|hold| hold.visitor) {
            log.visits.insert(visitor, ONCE);
        }
        places.learn(&seed, &log);
        let mut rng = Rng::with_seed(1);
        let mut chosen = BTreeSet::new();
        for _ in 0..200 {
            chosen.insert(places.choose(alone, false, &BTreeSet::new(), ANY, &mut rng));
        }
        let with = vec![hold(1, 7), hold(3, 9)];
        assert!(
            chosen.contains(&with) && chosen.contains(&vec![hold(3, 9)]),
            "{chosen:?}"
        );
        assert!(chosen.contains(&vec![hold(2, 8)]), "that came without");
    }
}
