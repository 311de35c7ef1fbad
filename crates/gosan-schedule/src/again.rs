//! How surely a race comes again: in one test by itself, under the seed that found it or
//! else under others, so that the command that is named finds it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::campaign::Campaign;
use crate::chooser::Earnings;
use crate::group::{ALLOW_ONE, Group};
use crate::log::{Log, Order};
use crate::race::Report;
use crate::run::{self, Outcome};
use crate::seed::Seed;
use crate::turns::FLIPPED;

/// How often a race is looked for again, unless the user says otherwise.
pub const TRIES: u32 = 10;

/// A race comes again surely enough if that fails no more than once in so many.
const MAY_FAIL: u32 = 5;

/// Other seeds that are tried for a race that does not come again often enough.
const OTHER_SEEDS: u32 = 12;

/// The most that looking for one race again may take.
const AGAIN_LIMIT: Duration = Duration::from_secs(60);

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

impl Campaign<'_> {
    /// Looks how surely a race comes again: in one test by itself, under the
    /// seed that found it or else under others.
    pub(crate) fn look_again(
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
            let outcome = self.run_tests(group, names.as_deref(), seed, scratch);
            outcome
                .is_ok_and(|o| o.is_some_and(|o| o.reports.iter().any(|r| r.race == report.race)))
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
                0 if seed.aims() == 0 => Seed {
                    number: rng.u32(..),
                    ..seed.clone()
                },
                _ => others.next_seed(&Earnings::default(), FLIPPED, &mut rng),
            };
            for test in &tests {
                if has_race(test, &other) && offer(count(test, &other)) {
                    return best;
                }
            }
        }
        best
    }

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
        if seed.aims() == 0 {
            return fewer;
        }
        let plain = Seed::new(0, seed.number);
        let test = [test.clone()];
        if let Ok(Some(outcome)) = self.run_tests(group, Some(&test), &plain, scratch) {
            let Log { orders, visits, .. } = outcome.log;
            let of_orders = orders.iter().flat_map(|o| [o.earlier, o.later]);
            let of_visits = visits.keys().map(|visitor| visitor.place);
            let places: BTreeSet<u32> = of_orders.chain(of_visits).collect();
            let is_met =
                |order: &Order| places.contains(&order.earlier) && places.contains(&order.later);
            fewer.orders.retain(is_met);
            let goroutines: BTreeSet<u32> = visits.keys().map(|v| v.goroutine).collect();
            fewer
                .holds
                .retain(|hold| goroutines.contains(&hold.visitor.goroutine));
        }
        match fewer.aims() {
            0 => seed.clone(),
            _ => fewer,
        }
    }

    /// Runs tests once, under one schedule.
    fn run_tests(
        &self,
        group: &Group,
        tests: Option<&[String]>,
        seed: &Seed,
        scratch: &Path,
    ) -> io::Result<Option<Outcome>> {
        let job = self.job(group, tests, std::slice::from_ref(seed), ALLOW_ONE);
        Ok(run::run(&job, scratch, self.stop)?.pop())
    }
}
