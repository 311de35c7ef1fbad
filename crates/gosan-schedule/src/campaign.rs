//! The whole of what `--schedules` does with kept programs: runs until the runs
//! or the time are used up, or nothing new comes, and how surely each race that
//! was found comes again.
//!
//! Groups of tests take turns, those with the fewest runs first. As many
//! programs run at a time as `go test` would run, and never one of them twice:
//! tests of one package may use the same port or file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::chooser::Earnings;
use crate::group::{ALLOW_ONE, Group};
use crate::log::{Log, Order};
use crate::program::Program;
use crate::race::{Race, Report};
use crate::run::{self, Ending, Job, Outcome};
use crate::seed::Seed;

/// How often a race is looked for again, unless the user says otherwise.
pub const TRIES: u32 = 10;

/// A race comes again surely enough if that fails no more than once in so many.
const MAY_FAIL: u32 = 5;

/// Other seeds that are tried for a race that does not come again often enough.
const OTHER_SEEDS: u32 = 12;

/// The most that looking for one race again may take.
const AGAIN_LIMIT: Duration = Duration::from_secs(60);

/// How much is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Runs of each test, the one of `go test` included.
    pub runs: u32,
    /// When to begin no more runs.
    pub deadline: Option<Instant>,
    /// How often to look whether a race comes again.
    pub find_again: u32,
    /// Programs that run at the same time.
    pub at_once: usize,
    /// Makes the campaign's own choices repeatable.
    pub rng_seed: u64,
}

/// A race that a schedule has brought out.
#[derive(Debug, Clone)]
pub struct Finding {
    pub race: Race,
    pub text: String,
    /// The program's number.
    pub program: usize,
    /// The run that found it.
    pub seed: Seed,
    /// How it comes again. `None`: nobody has looked.
    pub again: Option<Again>,
}

/// How often one test, by itself under one seed, has a race again.
#[derive(Debug, Clone)]
pub struct Again {
    /// `None`: all tests of the run.
    pub test: Option<String>,
    pub seed: Seed,
    pub found: u32,
    pub tries: u32,
}

impl Again {
    pub fn is_enough(&self) -> bool {
        self.tries - self.found <= self.tries / MAY_FAIL
    }
}

/// A run that failed without a race.
#[derive(Debug, Clone)]
pub struct Mishap {
    pub program: usize,
    pub seed: Seed,
    pub ending: Ending,
    /// The tests that failed, or that were running.
    pub tests: Vec<String>,
    pub output: String,
}

/// How far a campaign is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub runs: u32,
    /// Runs that are still planned.
    pub left: u32,
    pub races: usize,
    /// Orders of two operations in which goroutines synchronised.
    pub orders: usize,
}

/// Why a campaign has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// All runs are done.
    Done,
    /// Nothing new had come for long enough.
    NothingNew,
    /// The time is over.
    Budget,
    /// The user wants no more.
    Stopped,
}

/// All that came of a campaign.
#[derive(Debug)]
pub struct Results {
    pub findings: Vec<Finding>,
    pub mishaps: Vec<Mishap>,
    pub totals: Totals,
    pub reason: Reason,
    /// Programs that the hooks were silent in: the schedule did not reach them.
    pub unreached: Vec<usize>,
    /// Orders seen, by program, for later campaigns.
    pub orders: Vec<BTreeSet<Order>>,
}

/// What a campaign begins with.
pub struct Campaign<'a> {
    pub programs: &'a [Program],
    pub plan: Plan,
    /// Races that the first run has told of.
    pub known: BTreeSet<Race>,
    /// Tests that failed in the first run, of whatever program.
    pub failing: BTreeSet<String>,
    /// Orders of earlier commands, by program.
    pub orders: Vec<BTreeSet<Order>>,
    /// Where runs may put files.
    pub scratch: &'a Path,
    /// Set when the user wants no more.
    pub stop: &'a AtomicBool,
    /// Hears of each run.
    pub watch: &'a (dyn Fn(&Totals) + Sync),
}

/// What the workers share.
struct State<'e> {
    groups: Vec<Group>,
    /// Programs that run.
    busy: Vec<bool>,
    earnings: &'e mut Earnings,
    rng: Rng,
    known: BTreeSet<Race>,
    findings: Vec<Finding>,
    mishaps: BTreeMap<(usize, Vec<String>), Mishap>,
    runs: u32,
    error: Option<io::Error>,
}

impl Campaign<'_> {
    /// Does all runs. What strategies earn goes to `earnings`.
    pub fn run(&self, earnings: &mut Earnings) -> io::Result<Results> {
        let mut groups = Vec::new();
        let mut unreached = Vec::new();
        for (at, program) in self.programs.iter().enumerate() {
            let text = std::fs::read(&program.log).unwrap_or_default();
            let log = Log::read(&String::from_utf8_lossy(&text));
            if !log.is_armed {
                unreached.push(at);
            }
            let known = self.orders.get(at).cloned().unwrap_or_default();
            groups.extend(Group::of_first_run(at, &log, known));
        }
        let state = Mutex::new(State {
            groups,
            busy: vec![false; self.programs.len()],
            earnings,
            rng: Rng::with_seed(self.plan.rng_seed),
            known: self.known.clone(),
            findings: Vec::new(),
            mishaps: BTreeMap::new(),
            runs: 0,
            error: None,
        });
        let changed = Condvar::new();
        (self.watch)(&self.totals(&lock(&state)));
        std::thread::scope(|scope| {
            for worker in 0..self.plan.at_once.max(1) {
                let (state, changed) = (&state, &changed);
                scope.spawn(move || self.work(worker, state, changed));
            }
        });
        let state = state.into_inner().unwrap_or_else(|e| e.into_inner());
        if let Some(error) = state.error {
            return Err(error);
        }
        let reason = self.reason(&state);
        let mut orders = vec![BTreeSet::new(); self.programs.len()];
        for group in &state.groups {
            orders[group.program].extend(&group.orders);
        }
        Ok(Results {
            totals: self.totals(&state),
            findings: state.findings,
            mishaps: state.mishaps.into_values().collect(),
            reason,
            unreached,
            orders,
        })
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.plan.deadline.is_some_and(|end| Instant::now() >= end)
    }

    fn reason(&self, state: &State) -> Reason {
        if self.stop.load(Ordering::Relaxed) {
            return Reason::Stopped;
        }
        let wants = |group: &&Group| group.runs < self.plan.runs;
        if !state.groups.iter().any(|group| wants(&group)) {
            Reason::Done
        } else if state.groups.iter().filter(wants).all(Group::is_exhausted) {
            Reason::NothingNew
        } else {
            Reason::Budget
        }
    }

    fn totals(&self, state: &State) -> Totals {
        let open = state.groups.iter().filter(|group| !group.is_exhausted());
        let left = open.map(|group| self.plan.runs.saturating_sub(group.runs));
        Totals {
            runs: state.runs,
            left: left.sum(),
            races: state.findings.len(),
            orders: state.groups.iter().map(|group| group.orders.len()).sum(),
        }
    }

    /// Takes one run after the other until none is left.
    fn work(&self, worker: usize, state: &Mutex<State>, changed: &Condvar) {
        let scratch = self.scratch.join(format!("worker-{worker}"));
        let made = std::fs::create_dir_all(&scratch);
        let mut guard = lock(state);
        if let Err(error) = made {
            guard.error = Some(error);
        }
        loop {
            if self.is_over() || guard.error.is_some() {
                break;
            }
            let wants = |group: &Group| group.runs < self.plan.runs && !group.is_exhausted();
            let least = (0..guard.groups.len())
                .filter(|&at| wants(&guard.groups[at]) && !guard.busy[guard.groups[at].program])
                .min_by_key(|&at| guard.groups[at].runs);
            let Some(at) = least else {
                if guard.groups.iter().any(wants) {
                    // Only programs that run are left; one may bring more.
                    guard = changed.wait(guard).unwrap_or_else(|e| e.into_inner());
                    continue;
                }
                break;
            };
            let state_ref = &mut *guard;
            let seed = state_ref.groups[at].next_seed(state_ref.earnings, &mut state_ref.rng);
            let group = state_ref.groups[at].clone();
            state_ref.busy[group.program] = true;
            drop(guard);
            let outcome = self.run_group(&group, &seed, &scratch);
            guard = lock(state);
            let fresh = match outcome {
                Ok(outcome) => self.take_in(&mut guard, at, &seed, outcome),
                Err(error) => {
                    guard.error = Some(error);
                    Vec::new()
                }
            };
            drop(guard);
            for (place, report, failed) in fresh {
                let again = self.look_again(&group, &seed, &report, &failed, &scratch);
                lock(state).findings[place].again = again;
            }
            guard = lock(state);
            guard.busy[group.program] = false;
            (self.watch)(&self.totals(&guard));
            changed.notify_all();
        }
        changed.notify_all();
    }

    fn run_group(&self, group: &Group, seed: &Seed, scratch: &Path) -> io::Result<Outcome> {
        self.run_tests(group, group.tests.as_deref(), seed, group.allow(), scratch)
    }

    fn run_tests(
        &self,
        group: &Group,
        tests: Option<&[String]>,
        seed: &Seed,
        allow: Duration,
        scratch: &Path,
    ) -> io::Result<Outcome> {
        let program = &self.programs[group.program];
        let job = Job {
            program,
            tests,
            seed,
            allow,
            limit: group.limit(program.timeout()),
        };
        run::run(&job, scratch, self.stop)
    }

    /// Notes what a run has brought. Returns the places of new findings, with
    /// what helps to find them again.
    fn take_in(
        &self,
        state: &mut State,
        at: usize,
        seed: &Seed,
        outcome: Outcome,
    ) -> Vec<(usize, Report, Vec<String>)> {
        if outcome.ending == Ending::Stopped && outcome.reports.is_empty() {
            return Vec::new();
        }
        state.runs += 1;
        let program = state.groups[at].program;
        let mut fresh = Vec::new();
        for report in &outcome.reports {
            if state.known.insert(report.race.clone()) {
                fresh.push((state.findings.len(), report.clone(), outcome.failed.clone()));
                state.findings.push(Finding {
                    race: report.race.clone(),
                    text: report.text.clone(),
                    program,
                    seed: seed.clone(),
                    again: None,
                });
            }
        }
        state.earnings.add(seed.strategy, fresh.len());
        state.groups[at].learn(&outcome.log, fresh.len());
        let mut hurt = outcome.failed.clone();
        hurt.extend(outcome.log.unfinished.iter().cloned());
        hurt.sort();
        hurt.dedup();
        if matches!(outcome.ending, Ending::Crashed | Ending::TimedOut) {
            let apart = state.groups[at].split_off(&outcome.log.unfinished);
            state.groups.extend(apart);
        }
        let is_news = hurt.is_empty() || hurt.iter().any(|test| !self.failing.contains(test));
        if outcome.ending != Ending::Passed && outcome.reports.is_empty() && is_news {
            state
                .mishaps
                .entry((program, hurt.clone()))
                .or_insert_with(|| Mishap {
                    program,
                    seed: seed.clone(),
                    ending: outcome.ending,
                    tests: hurt,
                    output: outcome.output,
                });
        }
        fresh
    }

    /// Looks how surely a race comes again: in one test by itself, under the
    /// seed that found it or else under others.
    fn look_again(
        &self,
        group: &Group,
        seed: &Seed,
        report: &Report,
        failed: &[String],
        scratch: &Path,
    ) -> Option<Again> {
        let wanted = self.plan.find_again;
        if wanted == 0 {
            return None;
        }
        let end = Instant::now() + AGAIN_LIMIT;
        let is_over = || self.is_over() || Instant::now() >= end;
        // The tests that can have it: those in its stacks, those that failed.
        let mut tests: Vec<Option<String>> = Vec::new();
        for name in report.tests.iter().chain(failed) {
            let name = Some(name.clone());
            if !tests.contains(&name) {
                tests.push(name);
            }
        }
        if tests.is_empty() {
            tests.push(None);
        }
        let seed = &self.without_others_orders(group, seed, tests.first(), scratch);
        let has_race = |test: &Option<String>, seed: &Seed| {
            let names: Option<Vec<String>> = match test {
                Some(test) => Some(vec![test.clone()]),
                None => group.tests.clone(),
            };
            let outcome = self.run_tests(group, names.as_deref(), seed, ALLOW_ONE, scratch);
            outcome.is_ok_and(|o| o.reports.iter().any(|r| r.race == report.race))
        };
        let count = |test: &Option<String>, seed: &Seed| {
            let (mut found, mut tries) = (0, 0);
            while tries < wanted && !is_over() {
                found += u32::from(has_race(test, seed));
                tries += 1;
                // It cannot come often enough any more.
                if tries - found > wanted / MAY_FAIL && tries >= wanted / 2 {
                    break;
                }
            }
            (tries > 0).then(|| Again {
                test: test.clone(),
                seed: seed.clone(),
                found,
                tries,
            })
        };
        let mut best: Option<Again> = None;
        let mut offer = |again: Option<Again>| {
            let Some(again) = again else { return false };
            let is_enough = again.is_enough();
            let rate = |a: &Again| f64::from(a.found) / f64::from(a.tries.max(1));
            if best.as_ref().is_none_or(|best| rate(&again) > rate(best)) {
                best = Some(again);
            }
            is_enough
        };
        for test in &tests {
            if offer(count(test, seed)) {
                return best;
            }
        }
        let mut rng = Rng::with_seed(u64::from(seed.number));
        let mut others = group.clone();
        for turn in 0..OTHER_SEEDS {
            if is_over() {
                break;
            }
            let other = match turn % 2 {
                // The same strategy with other lots, or another strategy.
                0 if seed.orders.is_empty() => Seed {
                    number: rng.u32(..),
                    ..seed.clone()
                },
                _ => others.next_seed(&Earnings::default(), &mut rng),
            };
            for test in &tests {
                if has_race(test, &other) && offer(count(test, &other)) {
                    return best;
                }
            }
        }
        best
    }
}

impl Campaign<'_> {
    /// The seed with those of its orders that are met when the test runs by
    /// itself: fewer words for the user, and nothing else changes.
    fn without_others_orders(
        &self,
        group: &Group,
        seed: &Seed,
        test: Option<&Option<String>>,
        scratch: &Path,
    ) -> Seed {
        let mut fewer = seed.clone();
        let Some(Some(test)) = test else { return fewer };
        if seed.orders.is_empty() {
            return fewer;
        }
        let plain = Seed {
            strategy: 0,
            number: seed.number,
            orders: Vec::new(),
        };
        let test = [test.clone()];
        if let Ok(outcome) = self.run_tests(group, Some(&test), &plain, ALLOW_ONE, scratch) {
            let met: BTreeSet<Order> = outcome
                .log
                .orders
                .union(&outcome.log.places)
                .copied()
                .collect();
            let places: BTreeSet<u32> = met.iter().flat_map(|o| [o.earlier, o.later]).collect();
            let is_met = |order: &Order| {
                let order = order.of_first_visitor();
                met.contains(&order)
                    || places.contains(&order.earlier) && places.contains(&order.later)
            };
            fewer.orders.retain(is_met);
        }
        match fewer.orders.is_empty() {
            true => seed.clone(),
            false => fewer,
        }
    }
}

/// A worker that panicked has lost its run, and nothing else.
fn lock<'a, 'e>(state: &'a Mutex<State<'e>>) -> MutexGuard<'a, State<'e>> {
    state.lock().unwrap_or_else(|error| error.into_inner())
}
