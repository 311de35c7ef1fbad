//! Tests of one program that run together, and what has been tried with them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;

use crate::chooser::{self, Earnings};
use crate::log::{Hold, Log, Moment, Order, Visitor, Visits};
use crate::seed::Seed;
use crate::strategy::{Aims, STRATEGIES};

/// How much longer delays may make a run: by an eighth, but by so much for each
/// test if that is not long in all; and never more for each test.
const SHARE: u32 = 8;
const EACH: Duration = Duration::from_millis(50);
const NOT_LONG: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_millis(250);

/// How much longer they may make a first run, unless an eighth of it is more.
pub const ALLOW_AT_FIRST: Duration = Duration::from_secs(1);

/// How much longer they may always make a run.
pub const ALLOW_ONE: Duration = Duration::from_millis(300);

/// A run goes through its tests as often as this time allows, which is that of the
/// first run if that is longer; but not more often than so.
const WITHIN: Duration = Duration::from_secs(2);
const MOST_ROUNDS: u32 = 10;

/// A run that takes this much longer than the first one hangs.
const HANGS: u32 = 6;
const HANGS_AFTER: Duration = Duration::from_secs(15);

/// A run that does nothing for so much longer than the first one took has come to a stop.
const IDLES: u32 = 3;
const IDLES_AFTER: Duration = Duration::from_secs(3);

/// How much of the time that a run may take the tests shall take that are not left
/// out. Runs differ, and the first one of all leaves nothing out.
const AIMED_AT: f64 = 0.95;

/// The most tests that a run leaves out, per mille.
const LEAVES: u32 = 400;

/// Runs without anything new after which a group is given up.
const PATIENCE: u32 = 25;

/// An order is news only as long as it is more than one in so many.
const FEW: usize = 50;

/// The most orders that one run tries to turn round. The hooks have room for no
/// more.
pub const FLIPPED: usize = 1024;

/// The most that all rounds of a run may name. A variable of the environment has room
/// for no more.
const AIMS_OF_RUN: usize = 4 * FLIPPED;

/// Runs that try to turn one order round.
const TURNS: u32 = 3;

/// What a round counts for in which a goroutine came to where it was to be held.
const CAME: u32 = 2;

/// Rounds that try to make the same accesses meet.
const MEETINGS: u32 = 4;

/// One round in so many holds also those that do the same, all of them.
const TWINS: u32 = 3;

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

/// Tests that run together.
#[derive(Debug, Clone)]
pub struct Group {
    /// The program's number in the campaign.
    pub program: usize,
    /// `None`: all that `go test` ran.
    pub tests: Option<Vec<String>>,
    /// Their names, and how long each took in the first run.
    names: Vec<(String, Duration)>,
    /// How many tests that is.
    pub size: usize,
    /// How long they took in the first run.
    pub base: Duration,
    /// Runs begun, the first included.
    pub runs: u32,
    /// Runs since something new came.
    pub idle: u32,
    /// Strategies met.
    pub met: Vec<usize>,
    /// Orders seen.
    pub orders: BTreeSet<Order>,
    /// See [`Log::visits`].
    visits: BTreeMap<Visitor, Visits>,
    meetings: BTreeMap<[Hold; 2], Meeting>,
    /// How often a strategy held a goroutine: [`CAME`] for each round in which it
    /// came there, and half as much for the others.
    held: BTreeMap<(usize, Hold), u32>,
    /// Runs that have turned orders round.
    turns: usize,
    /// How many runs have tried to turn an order round.
    turned: BTreeMap<Order, u32>,
    /// Per mille of its tests that a round leaves out.
    pub leave: u32,
    /// How many rounds the last run had; 0 before the first.
    last_rounds: u32,
    /// Whether its tests do not go together with another round in one process.
    is_once: bool,
    /// See [`Log::tests`].
    tests_of: BTreeMap<u32, u32>,
    /// See [`Log::moments`].
    moments: BTreeMap<Order, Moment>,
}

impl Group {
    /// The tests of a first run that are worth more runs: those that start
    /// goroutines. `known` are orders of earlier commands.
    pub fn of_first_run(program: usize, log: &Log, known: BTreeSet<Order>) -> Option<Self> {
        // Goroutines that no test has started may meet any test.
        let is_worth = |goroutines| goroutines > 0 || log.strays > 0;
        let worth: Vec<_> = log
            .ended
            .iter()
            .filter(|test| is_worth(test.goroutines))
            .collect();
        let all = worth.len() == log.ended.len() && log.unfinished.is_empty();
        if worth.is_empty() && log.unfinished.is_empty() {
            return None;
        }
        let names: Vec<(String, Duration)> = worth
            .iter()
            .map(|test| (test.name.clone(), part_of_whole(log, test.took)))
            .chain(
                log.unfinished
                    .iter()
                    .map(|name| (name.clone(), Duration::ZERO)),
            )
            .collect();
        let mut orders = log.orders.clone();
        orders.extend(known);
        Some(Self {
            program,
            size: names.len(),
            tests: (!all).then(|| only_names(&names)),
            base: names.iter().map(|(_, took)| *took).sum(),
            names,
            runs: 1,
            idle: 0,
            met: vec![0],
            orders,
            visits: log.visits.clone(),
            meetings: log
                .meetings
                .iter()
                .map(|&m| (m, Meeting::default()))
                .collect(),
            held: BTreeMap::new(),
            turns: 0,
            turned: BTreeMap::new(),
            leave: 0,
            last_rounds: 0,
            is_once: false,
            moments: log.moments.clone(),
            tests_of: log.tests.clone(),
        })
    }

    /// How much longer delays may make each test.
    pub fn allow(&self) -> Duration {
        let size = u32::try_from(self.size).unwrap_or(u32::MAX).max(1);
        let whole = (self.base / SHARE).max(NOT_LONG.min(EACH * size));
        whole.min(MOST * size).max(ALLOW_ONE) / size
    }

    /// How long a run may take, for a user who gives the tests `timeout`.
    pub fn limit(&self, timeout: Option<Duration>) -> Option<Duration> {
        let added = self.allow() * (u32::try_from(self.size).unwrap_or(u32::MAX) + 1);
        let hangs = self.base * HANGS + added + self.within() + HANGS_AFTER;
        Some(match timeout {
            Some(timeout) => hangs.min(timeout + added * 2 + self.within()),
            None => hangs,
        })
    }

    /// How long a run may do nothing: if its tests wait for each other for ever, that
    /// need not take as long as a slow machine does.
    pub fn idle(&self) -> Duration {
        self.base * IDLES + self.within() + IDLES_AFTER
    }

    /// How long the rounds of a run may take.
    pub fn within(&self) -> Duration {
        self.base.max(WITHIN)
    }

    /// How many rounds the next run may have. The hooks know how much time is left,
    /// and end it earlier.
    fn rounds(&self) -> u32 {
        match self.last_rounds {
            _ if self.is_once => 1,
            0 => MOST_ROUNDS,
            rounds => (2 * rounds).min(MOST_ROUNDS),
        }
    }

    /// Notes how many rounds a run had, and how long it took. Where it took longer than
    /// it may, the next one leaves out as many tests.
    pub fn had_rounds(&mut self, rounds: usize, took: Duration) {
        self.last_rounds = u32::try_from(rounds).unwrap_or(MOST_ROUNDS);
        let whole = took.as_secs_f64() * 1000.0 / f64::from(1000 - self.leave);
        let may = self.within().as_secs_f64() * AIMED_AT;
        let over = 1.0 - may / whole.max(f64::MIN_POSITIVE);
        self.leave = match rounds {
            1 => ((over * 1000.0) as u32).min(LEAVES),
            // There was time left. It may have been just enough to leave none out.
            _ => self.leave - self.leave / 8,
        };
    }

    /// From now on a run has one round.
    pub fn runs_once(&mut self) {
        self.is_once = true;
    }

    /// What the rounds of the next run do.
    pub fn next_run(&mut self, earnings: &Earnings, rng: &mut Rng) -> Vec<Seed> {
        self.runs += 1;
        let rounds = self.rounds();
        (0..rounds)
            .map(|_| self.next_seed(earnings, FLIPPED.min(AIMS_OF_RUN / rounds as usize), rng))
            .collect()
    }

    /// What the next round does, with so many orders at most.
    pub fn next_seed(&mut self, earnings: &Earnings, most: usize, rng: &mut Rng) -> Seed {
        let worth = self.orders_worth_a_turn();
        let can_aim = |aims| match aims {
            Aims::None | Aims::Places | Aims::Place => true,
            Aims::Orders => !worth.is_empty(),
            Aims::Meetings => self.meetings.values().any(Meeting::is_open),
        };
        let strategy = chooser::next(earnings, &self.met, can_aim, rng);
        self.met.push(strategy);
        let turn = self.met.len() as u32;
        // Rounds that follow each other go through the places of small maps.
        let mut seed = Seed::new(strategy, rng.u32(..) & !7 | turn & 7);
        match seed.strategy().aims {
            Aims::None => {}
            Aims::Orders => seed.orders = self.orders_to_turn(worth, most, rng),
            Aims::Places | Aims::Place => {
                let twins = rng.u32(..TWINS) == 0;
                seed.holds = self.holds(strategy, twins, most, rng);
            }
            Aims::Meetings => seed.holds = self.meet(most, rng),
        }
        seed
    }

    /// Orders that may be worth to be turned round, and were not often. Of
    /// synchronisation these are what was seen one way round only. Accesses that
    /// were seen both ways may still have kept others apart, while one of them
    /// was under way.
    fn orders_worth_a_turn(&self) -> Vec<Order> {
        let orders = self.orders.iter().copied();
        orders
            .filter(|order| order.is_of_accesses() || order.is_open(&self.orders))
            .filter(|order| self.turned.get(order).is_none_or(|&turns| turns < TURNS))
            .collect()
    }

    /// Some of these orders, those first that were tried least. A goroutine that waits at two moments is overtaken at
    /// the first only, so each shall wait at one: the first time at the last
    /// moment that has an open order, then at the one before that, and so on. For
    /// orders of earlier commands it is not known which these are.
    fn orders_to_turn(&mut self, mut worth: Vec<Order>, most: usize, rng: &mut Rng) -> Vec<Order> {
        rng.shuffle(&mut worth);
        worth.sort_by_key(|order| self.turned.get(order).copied());
        let turn = self.turns;
        self.turns += 1;
        // The moments of each goroutine, and whether an order of it is open.
        let mut moments: BTreeMap<u32, BTreeMap<u32, bool>> = BTreeMap::new();
        for order in &worth {
            if let Some(Moment { goroutine, when }) = self.moments.get(order) {
                let moments = moments.entry(*goroutine).or_default();
                *moments.entry(*when).or_default() |= order.is_open(&self.orders);
            }
        }
        let in_turn = |moments: BTreeMap<u32, bool>| {
            let mut moments: Vec<(bool, u32)> = moments.into_iter().map(|(w, o)| (o, w)).collect();
            moments.sort_unstable_by_key(|&moment| Reverse(moment));
            moments[turn % moments.len()].1
        };
        let chosen: BTreeMap<u32, u32> = moments
            .into_iter()
            .map(|(goroutine, moments)| (goroutine, in_turn(moments)))
            .collect();
        let half = worth.len().div_ceil(2);
        let is_chosen = |at: usize, order: &Order| match self.moments.get(order) {
            Some(Moment { goroutine, when }) => chosen[goroutine] == *when,
            None => at < half,
        };
        let places = worth.iter().enumerate();
        let in_turn = places.filter(|&(at, order)| is_chosen(at, order));
        let mut orders: Vec<Order> = in_turn.map(|(_, order)| *order).collect();
        orders.truncate(most);
        for &order in &orders {
            *self.turned.entry(order).or_default() += 1;
        }
        orders
    }

    /// A hold for each goroutine, or for one of each test, in the moment where this
    /// strategy held it least; of those that do the same for one, unless `twins` are
    /// wanted.
    fn holds(&mut self, strategy: usize, twins: bool, most: usize, rng: &mut Rng) -> Vec<Hold> {
        let is_alone = STRATEGIES[strategy].aims == Aims::Place;
        let mut all: BTreeMap<u32, BTreeMap<Stretch, Vec<Hold>>> = BTreeMap::new();
        for (&visitor, visits) in &self.visits {
            for (visit, stretch) in stretches(visits, rng) {
                let stretches = all.entry(visitor.goroutine).or_default();
                let hold = Hold { visitor, visit };
                stretches.entry(stretch).or_default().push(hold);
            }
        }
        let times = |hold: &Hold| self.held.get(&(strategy, *hold)).copied().unwrap_or(0);
        // Where a goroutine is held alone, it is first at accesses to what others use too.
        let shared: BTreeSet<u32> = match is_alone {
            true => self.shared_places(),
            false => BTreeSet::new(),
        };
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

    /// The places of accesses to words that were seen in two goroutines.
    fn shared_places(&self) -> BTreeSet<u32> {
        let accesses = self.orders.iter().filter(|order| order.is_of_accesses());
        accesses
            .flat_map(|order| [order.earlier, order.later])
            .collect()
    }

    /// Meetings that were tried least, one at a time for each goroutine.
    fn meet(&mut self, most: usize, rng: &mut Rng) -> Vec<Hold> {
        let open = self.meetings.iter_mut().filter(|(_, m)| m.is_open());
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

    /// Notes what a round has brought, and tells whether that was anything new.
    pub fn learn(&mut self, seed: &Seed, log: &Log, new_races: usize) -> bool {
        if matches!(seed.strategy().aims, Aims::Places | Aims::Place) {
            for hold in &seed.holds {
                let visits = log.visits.get(&hold.visitor);
                let came = visits.is_some_and(|visits| visits.count >= hold.visit);
                let held = self.held.get_mut(&(seed.strategy, *hold));
                if let Some(held) = held.filter(|_| !came) {
                    *held = held.saturating_sub(CAME / 2);
                }
            }
        }
        if log.unfinished.is_empty() && log.ended.len() < self.size {
            self.take_back(&self.out_of_reach(seed, log));
        }
        let before = self.orders.len();
        self.orders.extend(&log.orders);
        for &pair in &log.meetings {
            let tests = pair.map(|hold| log.tests.get(&hold.visitor.goroutine));
            let is_with = |hold: &&Hold| {
                tests.contains(&log.tests.get(&hold.visitor.goroutine)) && !pair.contains(hold)
            };
            self.meetings.entry(pair).or_insert_with(|| Meeting {
                tries: 0,
                with: seed.holds.iter().filter(is_with).copied().collect(),
            });
        }
        for (&visitor, &visits) in &log.visits {
            // A round that was disturbed may have ended before it came there again.
            let known = self.visits.entry(visitor).or_insert(visits);
            if known.count <= visits.count {
                *known = visits;
            }
        }
        self.moments.extend(&log.moments);
        self.tests_of.extend(&log.tests);
        let new_orders = self.orders.len() - before;
        new_races > 0 || new_orders > before / FEW
    }

    /// Notes whether any round of a run has brought something new.
    pub fn note_news(&mut self, is_news: bool) {
        self.idle = match is_news {
            true => 0,
            false => self.idle + 1,
        };
    }

    /// Whether nothing new has come for long enough.
    pub fn is_exhausted(&self) -> bool {
        self.idle >= PATIENCE
    }

    /// Takes tests out that do not go together with the others, and gives them a
    /// group of their own.
    pub fn split_off(&mut self, tests: &[String]) -> Option<Self> {
        let is_wanted = |(name, _): &(String, Duration)| tests.contains(name);
        let (apart, left): (Vec<_>, Vec<_>) = self.names.iter().cloned().partition(is_wanted);
        if left.is_empty() || apart.is_empty() {
            return None;
        }
        let apart = self.clone().with_tests(apart);
        *self = self.clone().with_tests(left);
        Some(apart)
    }

    /// What a seed aimed at in tests that were not in the round.
    fn out_of_reach(&self, seed: &Seed, log: &Log) -> Seed {
        let goroutines: BTreeSet<u32> = log.visits.keys().map(|v| v.goroutine).collect();
        let places: BTreeSet<u32> = log.visits.keys().map(|v| v.place).collect();
        let mut away = seed.clone();
        away.orders
            .retain(|order| !places.contains(&order.earlier) && !places.contains(&order.later));
        let is_away = |hold: &Hold| !goroutines.contains(&hold.visitor.goroutine);
        away.holds.retain(is_away);
        away
    }

    /// Makes as if the round of this seed, the last one that was planned, had not been.
    pub fn take_back_round(&mut self, seed: &Seed) {
        self.met.pop();
        self.turns -= usize::from(seed.strategy().aims == Aims::Orders);
        self.take_back(seed);
    }

    /// Makes as if nothing had been aimed at that the seed names.
    fn take_back(&mut self, seed: &Seed) {
        for order in &seed.orders {
            if let Some(turned) = self.turned.get_mut(order) {
                *turned = turned.saturating_sub(1);
            }
        }
        if seed.strategy().aims == Aims::Meetings {
            let holds: BTreeSet<&Hold> = seed.holds.iter().collect();
            for (pair, meeting) in &mut self.meetings {
                if pair.iter().all(|hold| holds.contains(hold)) {
                    meeting.tries = meeting.tries.saturating_sub(1);
                }
            }
            return;
        }
        for hold in &seed.holds {
            if let Some(held) = self.held.get_mut(&(seed.strategy, *hold)) {
                *held = held.saturating_sub(CAME);
            }
        }
    }

    fn with_tests(self, names: Vec<(String, Duration)>) -> Self {
        Self {
            size: names.len(),
            tests: Some(only_names(&names)),
            base: names.iter().map(|(_, took)| *took).sum(),
            names,
            ..self
        }
    }
}

fn only_names(tests: &[(String, Duration)]) -> Vec<String> {
    tests.iter().map(|(name, _)| name.clone()).collect()
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

/// How long tests take that took so long in sum, without delays. Tests that run side
/// by side take longer in sum than by the clock.
fn part_of_whole(log: &Log, sum: Duration) -> Duration {
    let all: Duration = log.ended.iter().map(|test| test.took).sum();
    if log.whole.is_zero() || all.is_zero() {
        return sum;
    }
    let whole = log.whole.saturating_sub(log.delayed);
    whole.mul_f64(sum.as_secs_f64() / all.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Ended;

    fn log(tests: &[(&str, u64)], strays: u64) -> Log {
        let ended = |&(name, goroutines): &(&str, u64)| Ended {
            name: name.to_owned(),
            goroutines,
            took: Duration::from_millis(100),
        };
        Log {
            ended: tests.iter().map(ended).collect(),
            strays,
            ..Log::default()
        }
    }

    fn group(tests: &[(&str, u64)], strays: u64) -> Option<Group> {
        Group::of_first_run(0, &log(tests, strays), BTreeSet::new())
    }

    #[test]
    fn tests_without_goroutines_are_not_paid_for_again() {
        let group = group(&[("A", 0), ("B", 2), ("C", 1)], 0).unwrap();
        assert_eq!(group.tests.unwrap(), ["B", "C"]);
        assert!(self::group(&[("A", 0)], 0).is_none());
        let all = self::group(&[("A", 0), ("B", 0)], 1).unwrap();
        assert_eq!(all.tests, None);
        assert_eq!(all.size, 2);
    }

    #[test]
    fn delays_may_add_a_bounded_time() {
        let many: Vec<_> = (0..1000).map(|_| ("A", 1)).collect();
        let group = group(&many, 0).unwrap();
        assert!(group.allow() * 1000 <= group.base / 8);
        let few = self::group(&[("A", 1); 10], 0).unwrap();
        assert_eq!(few.allow(), Duration::from_millis(50));
        let one = self::group(&[("A", 1)], 0).unwrap();
        assert_eq!(one.allow(), ALLOW_ONE);
        let limit = one.limit(Some(Duration::from_secs(1)));
        assert!(limit.unwrap() < Duration::from_secs(3) + WITHIN);
    }

    #[test]
    fn tests_side_by_side_count_by_the_clock() {
        let mut log = log(&[("A", 1), ("B", 1), ("C", 0), ("D", 0)], 0);
        log.whole = Duration::from_millis(200);
        let group = Group::of_first_run(0, &log, BTreeSet::new()).unwrap();
        assert_eq!(group.base, Duration::from_millis(100));
    }

    #[test]
    fn each_open_order_is_turned_round_a_few_times() {
        let mut group = group(&[("A", 1)], 0).unwrap();
        for earlier in 0..10 {
            group.orders.insert(Order { earlier, later: 99 });
        }
        group.orders.insert(Order {
            earlier: 99,
            later: 0,
        });
        let mut rng = Rng::with_seed(1);
        let mut turned = Vec::new();
        for _ in 0..200 {
            let seed = group.next_seed(&Earnings::default(), FLIPPED, &mut rng);
            let turns = seed.strategy().aims == Aims::Orders;
            assert_eq!(seed.orders.is_empty(), !turns);
            turned.extend(seed.orders.iter().map(|order| order.earlier));
        }
        // Two runs turn all round before any comes again; 0 is not open.
        let mut first: Vec<u32> = turned[..9].to_vec();
        first.sort_unstable();
        assert_eq!(first, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(turned.len(), 9 * TURNS as usize);
    }

    const ACCESS: u32 = 1 << 31;

    #[test]
    fn a_goroutine_waits_in_one_moment_the_last_open_one_first() {
        let mut group = group(&[("A", 1)], 0).unwrap();
        let order = |earlier| Order {
            earlier: ACCESS | earlier,
            later: ACCESS | 99,
        };
        for when in 1..=4 {
            // Two accesses of each moment.
            for place in [when, when + 10] {
                group.orders.insert(order(place));
                let goroutine = 7;
                group
                    .moments
                    .insert(order(place), Moment { goroutine, when });
            }
        }
        // The last ones were seen both ways.
        group
            .orders
            .extend([order(4), order(14)].map(Order::reversed));
        let mut rng = Rng::with_seed(1);
        let mut turns = Vec::new();
        for _ in 0..4 {
            let worth = group.orders_worth_a_turn();
            let orders = group.orders_to_turn(worth, FLIPPED, &mut rng);
            let known = orders.iter().filter(|o| group.moments.contains_key(o));
            let mut places: Vec<u32> = known.map(|order| order.earlier & !ACCESS).collect();
            places.sort_unstable();
            turns.push(places);
        }
        assert_eq!(turns, [[3, 13], [2, 12], [1, 11], [4, 14]]);
    }

    #[test]
    fn each_goroutine_is_held_where_it_was_held_least() {
        let mut group = group(&[("A", 1)], 0).unwrap();
        for (place, goroutine, first, last, count) in [
            (1, 7, 1, 1, 1),
            (2, 7, 1, 1, 1),
            (3, 7, 2, 4, 3),
            (4, 8, 1, 1, 1),
        ] {
            let visits = Visits { first, last, count };
            group.visits.insert(Visitor { goroutine, place }, visits);
        }
        let mut rng = Rng::with_seed(1);
        let mut of_seven = Vec::new();
        for _ in 0..4 {
            let mut holds = group.holds(0, false, FLIPPED, &mut rng);
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
        let mut group = group(&[("A", 1)], 0).unwrap();
        let visits = Visits {
            first: 1,
            last: 1,
            count: 1,
        };
        for (goroutine, place) in [(7, 1), (8, 1), (9, 2)] {
            group.visits.insert(Visitor { goroutine, place }, visits);
        }
        let mut rng = Rng::with_seed(1);
        let mut held = BTreeSet::new();
        for _ in 0..20 {
            let holds = group.holds(0, false, FLIPPED, &mut rng);
            assert_eq!(holds.len(), 2, "{holds:?}");
            held.extend(holds.iter().map(|hold| hold.visitor.goroutine));
        }
        assert_eq!(held, BTreeSet::from([7, 8, 9]));
    }

    #[test]
    fn gives_up_when_nothing_new_comes() {
        let seed = Seed::new(0, 0);
        let mut group = group(&[("A", 1)], 0).unwrap();
        for _ in 0..PATIENCE {
            assert!(!group.is_exhausted());
            let is_news = group.learn(&seed, &log(&[], 0), 0);
            group.note_news(is_news);
        }
        assert!(group.is_exhausted());
        let is_news = group.learn(&seed, &log(&[], 0), 1);
        group.note_news(is_news);
        assert!(!group.is_exhausted());
    }

    #[test]
    fn a_test_that_ends_the_program_runs_by_itself() {
        let mut group = group(&[("A", 1), ("B", 1), ("C", 0)], 0).unwrap();
        let apart = group.split_off(&["B".to_owned()]).unwrap();
        assert_eq!(group.tests.as_deref().unwrap(), ["A"]);
        assert_eq!(apart.tests.as_deref().unwrap(), ["B"]);
        assert!(group.split_off(&["A".to_owned()]).is_none());
        let mut all = self::group(&[("A", 1), ("B", 1)], 0).unwrap();
        assert_eq!(all.tests, None);
        all.split_off(&["B".to_owned()]).unwrap();
        assert_eq!(all.tests.unwrap(), ["A"]);
    }

    #[test]
    fn a_run_has_as_many_rounds_as_the_last_one_and_as_many_more() {
        let mut rng = Rng::with_seed(1);
        let mut rounds = |last, once| {
            let mut group = group(&[("A", 1)], 0).unwrap();
            group.had_rounds(last, Duration::ZERO);
            group.is_once = once;
            group.next_run(&Earnings::default(), &mut rng).len()
        };
        assert_eq!(rounds(0, false), MOST_ROUNDS as usize);
        assert_eq!(rounds(9, false), MOST_ROUNDS as usize);
        assert_eq!(rounds(9, true), 1);
        assert_eq!(rounds(1, false), 2);
    }

    #[test]
    fn what_takes_too_long_leaves_tests_out() {
        let mut group = group(&[("A", 1)], 0).unwrap();
        group.base = Duration::from_secs(9);
        let mut leaves = |rounds, seconds| {
            group.had_rounds(rounds, Duration::from_secs(seconds));
            group.leave
        };
        assert_eq!(leaves(1, 8), 0);
        assert_eq!(leaves(1, 10), 145);
        assert_eq!(leaves(1, 10), 268, "all would take more than ten");
        assert_eq!(leaves(1, 90), LEAVES);
        assert_eq!(leaves(2, 10), LEAVES - LEAVES / 8);
    }

    #[test]
    fn what_was_not_in_a_round_counts_as_not_tried() {
        let mut group = group(&[("A", 1), ("B", 1)], 0).unwrap();
        for (place, goroutine) in [(1, 7), (2, 8)] {
            let visits = Visits {
                first: 1,
                last: 1,
                count: 1,
            };
            group.visits.insert(Visitor { goroutine, place }, visits);
        }
        let mut rng = Rng::with_seed(1);
        let stall = crate::strategy::index_of("stall").unwrap();
        let mut seed = Seed::new(stall, 0);
        seed.holds = group.holds(stall, false, FLIPPED, &mut rng);
        assert_eq!(seed.holds.len(), 2);
        let mut short = log(&[("A", 1)], 0);
        let (&visitor, &visits) = group.visits.iter().next().unwrap();
        short.visits.insert(visitor, visits);
        // Also for those that were planned for several rounds.
        for _ in 0..3 {
            group.learn(&seed, &short, 0);
        }
        let held = |group: &Group, goroutine: u32| {
            let mut held = group.held.iter();
            held.find(|((_, hold), _)| hold.visitor.goroutine == goroutine)
                .map(|(_, held)| *held)
        };
        assert_eq!(held(&group, visitor.goroutine), Some(CAME));
        assert_eq!(held(&group, 15 - visitor.goroutine), Some(0));
    }

    #[test]
    fn rounds_that_were_not_run_are_given_back() {
        let mut group = group(&[("A", 1)], 0).unwrap();
        let order = Order {
            earlier: 1,
            later: 99,
        };
        group.orders.insert(order);
        let mut rng = Rng::with_seed(1);
        let seeds = group.next_run(&Earnings::default(), &mut rng);
        let flips = seeds.iter().filter(|seed| !seed.orders.is_empty()).count();
        assert!(flips > 0 && group.turned[&order] as usize == flips);
        for seed in seeds.iter().rev() {
            group.take_back_round(seed);
        }
        assert_eq!((group.turns, group.turned[&order]), (0, 0));
        assert_eq!(group.met, [0], "the rotation begins anew");
    }
}
