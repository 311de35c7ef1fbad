//! Tests of one program that run together, and what has been tried with them.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;

use crate::chooser::{self, Earnings};
use crate::log::{Hold, Log, Order};
use crate::meetings::Meetings;
use crate::places::Places;
use crate::seed::Seed;
use crate::strategy::Aims;
use crate::turns::{FLIPPED, Turns};
use crate::watch::Patience;

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

/// A run goes through its tests as often as this time allows, or this per cent of the
/// first run's if that is longer, since rounds that fail are run again; but not more often than so.
const WITHIN: Duration = Duration::from_secs(2);
const ROUNDS_OF_BASE: u32 = 70;
const MOST_ROUNDS: u32 = 25;

/// A run that takes this much longer than the first one hangs.
const HANGS: u32 = 6;
const HANGS_AFTER: Duration = Duration::from_secs(15);

/// What a run takes beyond this per cent of the first one's time, later ones save, none
/// of them more than half of its own.
const DUE: u32 = 80;

/// How much of the time that a run may take the tests shall take that are not left
/// out. Runs differ, and the first one of all leaves nothing out.
const AIMED_AT: f64 = 0.95;

/// The most tests that a run leaves out, per mille.
const LEAVES: u32 = 600;

/// Runs without anything new after which a group is given up.
const PATIENCE: u32 = 25;

/// An order is news only as long as it is more than one in so many.
const FEW: usize = 50;

/// The most that all rounds of a run may name. A variable of the environment has room
/// for no more.
const AIMS_OF_RUN: usize = 4 * FLIPPED;

/// One round in so many holds also those that do the same, all of them.
const TWINS: u32 = 3;

/// A test of a group, and what it took in the first run.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    /// From its beginning to its end, other tests beside it or not.
    took: Duration,
    /// Its share of the time that all took.
    share: Duration,
}

/// Tests that run together.
#[derive(Debug, Clone)]
pub struct Group {
    /// The program's number in the campaign.
    pub program: usize,
    /// `None`: all that `go test` ran.
    pub tests: Option<Vec<String>>,
    members: Vec<Member>,
    /// How many tests that is.
    pub size: usize,
    /// How long they took in the first run.
    pub base: Duration,
    /// How long the program took before and behind them in the first run.
    around: Duration,
    /// How long runs may take if that is longer than their share of `base`.
    floor: Duration,
    /// Runs begun, the first included.
    pub runs: u32,
    /// Runs since something new came.
    pub idle: u32,
    /// Strategies met.
    pub met: Vec<usize>,
    turns: Turns,
    places: Places,
    meetings: Meetings,
    /// How long a round of all its tests takes under schedules, about; zero before the first.
    round: Duration,
    /// How much longer its runs took than they may.
    owes: Duration,
    /// How many rounds the last run had; 0 before the first.
    last_rounds: u32,
    /// Whether its tests do not go together with another round in one process.
    is_once: bool,
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
        let ended = worth.iter().map(|test| (&test.name, test.took));
        let unfinished = log.unfinished.iter().map(|name| (name, Duration::ZERO));
        let members: Vec<Member> = ended
            .chain(unfinished)
            .map(|(name, took)| Member {
                name: name.clone(),
                took,
                share: part_of_whole(log, took),
            })
            .collect();
        let base = members.iter().map(|member| member.share).sum();
        let first = Seed::new(0, 0);
        let (mut places, mut meetings) = (Places::default(), Meetings::default());
        places.learn(&first, log);
        meetings.learn(&first.holds, log);
        Some(Self {
            program,
            size: members.len(),
            tests: (!all).then(|| names(&members)),
            base,
            around: log.around(),
            floor: match base * ROUNDS_OF_BASE / 100 < WITHIN {
                true => WITHIN,
                // What is split off from it shall not take more than it did there.
                false => Duration::ZERO,
            },
            members,
            runs: 1,
            idle: 0,
            met: vec![0],
            turns: Turns::of_first_run(log, known),
            places,
            meetings,
            round: Duration::ZERO,
            owes: Duration::ZERO,
            last_rounds: 0,
            is_once: false,
        })
    }

    /// Orders seen.
    pub fn orders(&self) -> &BTreeSet<Order> {
        self.turns.seen()
    }

    /// How much longer delays may make each test.
    pub fn allow(&self) -> Duration {
        let size = u32::try_from(self.size).unwrap_or(u32::MAX).max(1);
        let whole = (self.base / SHARE).max(NOT_LONG.min(EACH * size));
        whole.min(MOST * size).max(ALLOW_ONE) / size
    }

    /// What a run may take, for a user who gives the tests `timeout`.
    pub fn patience(&self, timeout: Option<Duration>) -> Patience {
        let allow = self.allow();
        let added = allow * (u32::try_from(self.size).unwrap_or(u32::MAX) + 1);
        let hangs = self.base * HANGS + added + self.within() + HANGS_AFTER;
        let took = |member: &Member| (member.name.clone(), member.took + allow);
        Patience {
            limit: Some(match timeout {
                Some(timeout) => hangs.min(timeout + added * 2 + self.within()),
                None => hangs,
            }),
            tests: self.members.iter().map(took).collect(),
            around: self.around + allow,
            ..Patience::default()
        }
    }

    /// How long the rounds of a run may take.
    pub fn within(&self) -> Duration {
        let share = self.base * ROUNDS_OF_BASE / 100;
        (share - self.owes.min(share / 2)).max(self.floor)
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

    /// How long a run should take in all.
    fn due(&self) -> Duration {
        (self.base * DUE / 100).max(self.floor)
    }

    /// Notes how long a run took in all, with the rounds that were done once more.
    pub fn has_taken(&mut self, all: Duration) {
        self.owes = (self.owes + all).saturating_sub(self.due());
    }

    /// Whether its runs took longer than they may by another run.
    pub fn is_late(&self) -> bool {
        self.owes > self.due()
    }

    /// Per mille of its tests that the rounds of the next run leave out, since all would take
    /// longer than it may.
    pub fn leave(&self) -> u32 {
        let may = self.within().as_secs_f64() * AIMED_AT;
        let over = 1.0 - may / self.round.as_secs_f64().max(f64::MIN_POSITIVE);
        ((over * 1000.0) as u32).min(LEAVES)
    }

    /// Notes how many rounds a run had that left out so many tests, and how long it took.
    pub fn had_rounds(&mut self, rounds: usize, took: Duration, leave: u32) {
        self.last_rounds = u32::try_from(rounds).unwrap_or(MOST_ROUNDS);
        self.round = match rounds {
            // Strategies differ, so the runs before count too.
            1 => {
                let all = took * 1000 / (1000 - leave.min(LEAVES));
                let before = Some(self.round).filter(|round| !round.is_zero());
                (before.unwrap_or(all) + all) / 2
            }
            // There was time left. It may have been just enough to leave none out.
            _ => self.round - self.round / 8,
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
        let worth = self.turns.worth_a_turn();
        let can_aim = |aims| match aims {
            Aims::None | Aims::Places | Aims::Place => true,
            Aims::Orders => !worth.is_empty(),
            Aims::Meetings => self.meetings.are_open(),
        };
        let strategy = chooser::next(earnings, &self.met, can_aim, rng);
        self.met.push(strategy);
        let turn = self.met.len() as u32;
        // Rounds that follow each other go through the places of small maps.
        let mut seed = Seed::new(strategy, rng.u32(..) & !7 | turn & 7);
        match seed.strategy().aims {
            Aims::None => {}
            Aims::Orders => seed.orders = self.turns.choose(worth, most, rng),
            Aims::Places | Aims::Place => {
                let twins = rng.u32(..TWINS) == 0;
                let mut shared = self.turns.shared_places();
                shared.extend(self.meetings.places());
                seed.holds = self.places.choose(strategy, twins, &shared, most, rng);
            }
            Aims::Meetings => seed.holds = self.meetings.choose(most, rng),
        }
        seed
    }

    /// Notes what a round has brought, and tells whether that was anything new.
    pub fn learn(&mut self, seed: &Seed, log: &Log, new_races: usize) -> bool {
        self.places.learn(seed, log);
        self.meetings.learn(&seed.holds, log);
        if log.unfinished.is_empty() && log.ended.len() < self.size {
            self.take_back(&out_of_reach(seed, log));
        }
        let before = self.turns.seen().len();
        let new_orders = self.turns.learn(log);
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
        let is_wanted = |member: &Member| tests.contains(&member.name);
        let (apart, left): (Vec<_>, Vec<_>) = self.members.iter().cloned().partition(is_wanted);
        if left.is_empty() || apart.is_empty() {
            return None;
        }
        let apart = self.clone().with_tests(apart);
        *self = self.clone().with_tests(left);
        Some(apart)
    }

    /// Makes as if the round of this seed, the last one that was planned, had not been.
    pub fn take_back_round(&mut self, seed: &Seed) {
        self.met.pop();
        if seed.strategy().aims == Aims::Orders {
            self.turns.take_back_round();
        }
        self.take_back(seed);
    }

    /// Makes as if nothing had been aimed at that the seed names.
    fn take_back(&mut self, seed: &Seed) {
        match seed.strategy().aims {
            Aims::None => {}
            Aims::Orders => self.turns.take_back(&seed.orders),
            Aims::Places | Aims::Place => self.places.take_back(seed.strategy, &seed.holds),
            Aims::Meetings => self.meetings.take_back(&seed.holds),
        }
    }

    fn with_tests(self, members: Vec<Member>) -> Self {
        let base: Duration = members.iter().map(|member| member.share).sum();
        let part = base.as_secs_f64() / self.base.as_secs_f64().max(f64::MIN_POSITIVE);
        Self {
            size: members.len(),
            tests: Some(names(&members)),
            base,
            owes: self.owes.mul_f64(part.min(1.0)),
            round: self.round.mul_f64(part.min(1.0)),
            members,
            ..self
        }
    }
}

/// What a seed aimed at in tests that were not in the round.
fn out_of_reach(seed: &Seed, log: &Log) -> Seed {
    let goroutines: BTreeSet<u32> = log.visits.keys().map(|v| v.goroutine).collect();
    let places: BTreeSet<u32> = log.visits.keys().map(|v| v.place).collect();
    let mut away = seed.clone();
    away.orders
        .retain(|order| !places.contains(&order.earlier) && !places.contains(&order.later));
    let is_away = |hold: &Hold| !goroutines.contains(&hold.visitor.goroutine);
    away.holds.retain(is_away);
    away
}

fn names(members: &[Member]) -> Vec<String> {
    members.iter().map(|member| member.name.clone()).collect()
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
    use crate::log::{Ended, Visitor, Visits};
    use crate::places::CAME;

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
        let patience = one.patience(Some(Duration::from_secs(1)));
        assert!(patience.limit.unwrap() < Duration::from_secs(3) + WITHIN);
    }

    #[test]
    fn runs_that_took_too_long_are_made_up_for() {
        let mut log = log(&[("A", 1)], 0);
        log.ended[0].took = Duration::from_secs(10);
        let mut group = Group::of_first_run(0, &log, BTreeSet::new()).unwrap();
        let whole = group.within();
        group.has_taken(Duration::from_secs(10));
        assert!(!group.is_late());
        let due = Duration::from_millis(8000);
        assert_eq!(group.within(), whole - (Duration::from_secs(10) - due));
        group.has_taken(Duration::from_secs(30));
        assert!(group.is_late());
        assert_eq!(group.within(), whole / 2);
        for _ in 0..4 {
            group.has_taken(whole / 2);
        }
        assert!(!group.is_late());
    }

    #[test]
    fn what_is_split_off_from_long_tests_takes_no_longer_than_it_did_there() {
        let tests = |took| {
            let mut log = log(&[("A", 1), ("B", 1)], 0);
            log.ended[1].took = Duration::from_millis(took);
            let mut group = Group::of_first_run(0, &log, BTreeSet::new()).unwrap();
            let apart = group.split_off(&["A".to_owned()]).unwrap();
            (group.within(), apart.within())
        };
        let (left, apart) = tests(100);
        assert_eq!((left, apart), (WITHIN, WITHIN));
        let (left, apart) = tests(10_000);
        assert_eq!(left, Duration::from_millis(7_000));
        assert_eq!(apart, Duration::from_millis(70));
    }

    #[test]
    fn tests_side_by_side_count_by_the_clock() {
        let mut log = log(&[("A", 1), ("B", 1), ("C", 0), ("D", 0)], 0);
        log.whole = Duration::from_millis(200);
        let group = Group::of_first_run(0, &log, BTreeSet::new()).unwrap();
        assert_eq!(group.base, Duration::from_millis(100));
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
            group.had_rounds(last, Duration::ZERO, 0);
            group.is_once = once;
            group.next_run(&Earnings::default(), &mut rng).len()
        };
        assert_eq!(rounds(0, false), MOST_ROUNDS as usize);
        assert_eq!(rounds(20, false), MOST_ROUNDS as usize);
        assert_eq!(rounds(20, true), 1);
        assert_eq!(rounds(1, false), 2);
    }

    #[test]
    fn what_takes_too_long_leaves_tests_out() {
        let mut group = group(&[("A", 1)], 0).unwrap();
        group.base = Duration::from_secs(9) * 100 / ROUNDS_OF_BASE;
        let mut leaves = |rounds, seconds| {
            let leave = group.leave();
            group.had_rounds(rounds, Duration::from_secs(seconds), leave);
            group.leave()
        };
        assert_eq!(leaves(1, 8), 0);
        assert_eq!(leaves(1, 12), 145, "ten in the mean");
        let later = leaves(1, 12);
        assert!(later > 145, "all would take more than twelve");
        assert!(leaves(2, 10) < later);
        leaves(1, 90);
        assert_eq!(leaves(1, 90), LEAVES);
        group.has_taken(Duration::from_secs(15));
        group.round = Duration::from_secs(10);
        assert!(group.leave() > 145, "what it owes it saves");
    }

    #[test]
    fn what_a_run_takes_too_long_later_ones_save() {
        let mut group = group(&[("A", 1), ("B", 1)], 0).unwrap();
        group.base = Duration::from_secs(100);
        let within = |group: &Group| group.within().as_secs();
        group.has_taken(Duration::from_secs(85));
        assert_eq!(within(&group), 65);
        group.has_taken(Duration::from_secs(85));
        assert_eq!(within(&group), 60);
        group.has_taken(Duration::from_secs(300));
        assert_eq!(within(&group), 35, "half of it at most");
        for _ in 0..3 {
            group.has_taken(Duration::ZERO);
        }
        assert_eq!(within(&group), 70, "paid back");
    }

    #[test]
    fn what_was_not_in_a_round_counts_as_not_tried() {
        let mut whole = log(&[("A", 1), ("B", 1)], 0);
        let once = Visits {
            first: 1,
            last: 1,
            count: 1,
        };
        let visitor = |place, goroutine| Visitor { goroutine, place };
        let (here, away) = (visitor(1, 7), visitor(2, 8));
        whole.visits.extend([(here, once), (away, once)]);
        let mut group = Group::of_first_run(0, &whole, BTreeSet::new()).unwrap();
        let mut rng = Rng::with_seed(1);
        let stall = crate::strategy::index_of("stall").unwrap();
        let mut seed = Seed::new(stall, 0);
        let shared = BTreeSet::new();
        seed.holds = group
            .places
            .choose(stall, false, &shared, FLIPPED, &mut rng);
        assert_eq!(seed.holds.len(), 2);
        let mut short = log(&[("A", 1)], 0);
        short.visits.insert(here, once);
        // Also for those that were planned for several rounds.
        for _ in 0..3 {
            group.learn(&seed, &short, 0);
        }
        let times = |visitor| group.places.times(stall, &Hold { visitor, visit: 1 });
        assert_eq!((times(here), times(away)), (CAME, 0));
    }

    #[test]
    fn rounds_that_were_not_run_are_given_back() {
        let order = Order {
            earlier: 1,
            later: 99,
        };
        let known = BTreeSet::from([order]);
        let mut group = Group::of_first_run(0, &log(&[("A", 1)], 0), known).unwrap();
        let mut rng = Rng::with_seed(1);
        let seeds = group.next_run(&Earnings::default(), &mut rng);
        let flips = seeds.iter().filter(|seed| !seed.orders.is_empty()).count();
        assert!(flips > 0 && group.turns.times(&order) as usize == flips);
        for seed in seeds.iter().rev() {
            group.take_back_round(seed);
        }
        assert_eq!(group.turns.times(&order), 0);
        assert_eq!(group.met, [0], "the rotation begins anew");
    }
}
