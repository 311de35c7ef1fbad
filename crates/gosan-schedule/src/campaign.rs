//! The whole of what `--schedules` does with kept programs: runs until the runs
//! or the time are used up, or nothing new comes.
//!
//! Groups of tests take turns, those with the fewest runs first. As many
//! programs run at a time as `go test` would run, and never one of them twice:
//! tests of one package may use the same port or file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::again::Again;
use crate::chooser::Earnings;
use crate::group::Group;
use crate::log::{Log, Order};
use crate::program::Program;
use crate::race::{Race, Report};
use crate::run::{self, Ending, Job, Outcome};
use crate::seed::Seed;

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
    /// Runs of the program beside these, for a round that failed without a race.
    pub again: u32,
    /// Rounds of tests under one schedule, of which a run has one or a few.
    pub rounds: u32,
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
    /// No test of the first run starts a goroutine, so no schedule can change one.
    NothingToDo,
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
    again: u32,
    rounds: u32,
    error: Option<io::Error>,
}

/// What a run of a group has brought.
struct Run {
    rounds: Vec<Outcome>,
    /// Per mille of the tests that they left out.
    leave: u32,
    /// How long they took, those that were done once more not counted.
    took: Duration,
    /// How long all of it took.
    whole: Duration,
    /// How many rounds were done once more by themselves.
    again: u32,
    /// Tests that failed in a later round only, those of each such round.
    not_twice: Vec<Vec<String>>,
}

/// A new finding, and what helps to find it again.
struct Fresh {
    /// Its place among the findings.
    place: usize,
    seed: Seed,
    report: Report,
    failed: Vec<String>,
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
            let mut group = Group::of_first_run(at, &log, known);
            if let Some(group) = group.as_mut().filter(|_| program.repeats()) {
                group.runs_once();
            }
            groups.extend(group);
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
            again: 0,
            rounds: 0,
            error: None,
        });
        let changed = Condvar::new();
        (self.watch)(&self.totals(&lock(&state)));
        std::thread::scope(|scope| {
            for worker in 0..self.plan.at_once.max(1) {
                let (state, changed) = (&state, &changed);
                scope.spawn(move || {
                    let work = AssertUnwindSafe(|| self.work(worker, state, changed));
                    if let Err(panic) = catch_unwind(work) {
                        // The others would wait for its run for ever.
                        lock(state).error = Some(io::Error::other("a worker has failed"));
                        changed.notify_all();
                        resume_unwind(panic);
                    }
                });
            }
        });
        let state = state.into_inner().unwrap_or_else(|e| e.into_inner());
        if let Some(error) = state.error {
            return Err(error);
        }
        let reason = self.reason(&state);
        let mut orders = vec![BTreeSet::new(); self.programs.len()];
        for group in &state.groups {
            orders[group.program].extend(group.orders());
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

    pub(crate) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.plan.deadline.is_some_and(|end| Instant::now() >= end)
    }

    fn reason(&self, state: &State) -> Reason {
        if self.stop.load(Ordering::Relaxed) {
            return Reason::Stopped;
        }
        if state.groups.is_empty() {
            return Reason::NothingToDo;
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
            again: state.again,
            rounds: state.rounds,
            left: left.sum(),
            races: state.findings.len(),
            orders: state.groups.iter().map(|group| group.orders().len()).sum(),
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
            let seeds = state_ref.groups[at].next_run(state_ref.earnings, &mut state_ref.rng);
            let group = state_ref.groups[at].clone();
            state_ref.busy[group.program] = true;
            drop(guard);
            let done = self.run_group(&group, &seeds, &scratch);
            guard = lock(state);
            let fresh = match done {
                Ok(done) => self.take_in_run(&mut guard, at, &seeds, done),
                Err(error) => {
                    guard.error = Some(error);
                    Vec::new()
                }
            };
            drop(guard);
            for Fresh {
                place,
                seed,
                report,
                failed,
            } in fresh
            {
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

    /// Does a run of a group. A test may fail in a later round because it had run in
    /// the same process before, so such a round is done once more by itself, for the
    /// tests that failed, and only what comes of that counts.
    fn run_group(&self, group: &Group, seeds: &[Seed], scratch: &Path) -> io::Result<Run> {
        let job = Job {
            seeds,
            within: group.within(),
            leave: group.leave(),
            ..self.job(group, group.tests.as_deref(), seeds, group.allow())
        };
        let begun = Instant::now();
        let mut run = Run {
            rounds: run::run(&job, scratch, self.stop)?,
            leave: job.leave,
            took: begun.elapsed(),
            whole: Duration::ZERO,
            again: 0,
            not_twice: Vec::new(),
        };
        for at in 1..run.rounds.len() {
            let (before, later) = run.rounds.split_at_mut(at);
            let round = &mut later[0];
            if self.is_over() || !self.is_strange(round, before) {
                continue;
            }
            let failed = self.unexplained(round, before);
            let unfinished = round.log.unfinished.iter();
            let tests: Vec<String> = failed.chain(unfinished).cloned().collect();
            let mut alone = run::run(
                &Job {
                    seeds: &seeds[at..=at],
                    tests: match tests.is_empty() {
                        true => job.tests,
                        false => Some(&tests),
                    },
                    leave: 0,
                    ..job.clone()
                },
                scratch,
                self.stop,
            )?;
            let Some(mut alone) = alone.pop() else {
                continue;
            };
            run.again += 1;
            if !self.is_strange(&alone, &[]) {
                run.not_twice.push(tests);
            }
            alone.reports.append(&mut round.reports);
            *round = alone;
        }
        run.whole = begun.elapsed();
        Ok(run)
    }

    /// Whether a round ended as neither a race nor what came before it explains.
    fn is_strange(&self, round: &Outcome, before: &[Outcome]) -> bool {
        match round.ending {
            Ending::Passed | Ending::Stopped => false,
            Ending::Crashed | Ending::TimedOut => round.reports.is_empty(),
            Ending::Failed if round.failed.is_empty() => round.reports.is_empty(),
            Ending::Failed => self.unexplained(round, before).next().is_some(),
        }
    }

    /// The tests that failed in a round, but for those that always do, that failed in a round
    /// before, or during which a race was detected: it may be one that another test left behind.
    fn unexplained<'b>(
        &'b self,
        round: &'b Outcome,
        before: &'b [Outcome],
    ) -> impl Iterator<Item = &'b String> {
        let failed_before = |test: &String| before.iter().any(|round| round.failed.contains(test));
        round.failed.iter().filter(move |test| {
            !(self.failing.contains(*test) || round.raced.contains(*test) || failed_before(test))
        })
    }

    /// A run of some of a group's tests, or all that it has, for one round.
    pub(crate) fn job<'b>(
        &'b self,
        group: &Group,
        tests: Option<&'b [String]>,
        seeds: &'b [Seed],
        allow: Duration,
    ) -> Job<'b> {
        let program = &self.programs[group.program];
        Job {
            program,
            tests,
            seeds,
            within: Duration::ZERO,
            leave: 0,
            allow,
            patience: group.patience(program.timeout()),
        }
    }

    /// Notes what a run has brought. Returns the new findings.
    fn take_in_run(&self, state: &mut State, at: usize, seeds: &[Seed], run: Run) -> Vec<Fresh> {
        for seed in seeds.iter().skip(run.rounds.len()).rev() {
            state.groups[at].take_back_round(seed);
        }
        state.groups[at].had_rounds(run.rounds.len(), run.took, run.leave);
        state.groups[at].has_taken(run.whole);
        let mut fresh = Vec::new();
        let mut is_news = false;
        state.runs += 1;
        state.again += run.again;
        for (seed, round) in seeds.iter().zip(run.rounds) {
            state.rounds += 1;
            is_news |= self.take_in(state, at, seed, round, &mut fresh);
        }
        state.groups[at].note_news(is_news);
        for tests in run.not_twice {
            match state.groups[at].split_off(&tests) {
                Some(mut apart) => {
                    apart.runs_once();
                    state.groups.push(apart);
                }
                None => state.groups[at].runs_once(),
            }
        }
        fresh
    }

    /// Notes what a round has brought, and tells whether that was anything new.
    fn take_in(
        &self,
        state: &mut State,
        at: usize,
        seed: &Seed,
        outcome: Outcome,
        fresh: &mut Vec<Fresh>,
    ) -> bool {
        if outcome.ending == Ending::Stopped && outcome.reports.is_empty() {
            return false;
        }
        let program = state.groups[at].program;
        let known = state.findings.len();
        for report in &outcome.reports {
            if state.known.insert(report.race.clone()) {
                fresh.push(Fresh {
                    place: state.findings.len(),
                    seed: seed.clone(),
                    report: report.clone(),
                    failed: outcome.failed.clone(),
                });
                state.findings.push(Finding {
                    race: report.race.clone(),
                    text: report.text.clone(),
                    program,
                    seed: seed.clone(),
                    again: None,
                });
            }
        }
        let new_races = state.findings.len() - known;
        state.earnings.add(seed.strategy, new_races);
        let group = &mut state.groups[at];
        let is_new = group.learn(seed, &outcome.log, new_races);
        let mut hurt = outcome.failed.clone();
        hurt.extend(outcome.log.unfinished.iter().cloned());
        hurt.sort();
        hurt.dedup();
        if matches!(outcome.ending, Ending::Crashed | Ending::TimedOut) {
            let apart = group.split_off(&outcome.log.unfinished);
            if apart.is_some() {
                group.take_back_round(seed);
                // The others get the run that was cut short, if there is time for it.
                group.runs -= u32::from(!group.is_late());
            }
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
        is_new
    }
}

/// A worker that panicked has lost its run, and nothing else.
fn lock<'a, 'e>(state: &'a Mutex<State<'e>>) -> MutexGuard<'a, State<'e>> {
    state.lock().unwrap_or_else(|error| error.into_inner())
}
