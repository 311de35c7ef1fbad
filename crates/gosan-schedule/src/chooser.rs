//! Gives runs to the strategies that earn them.
//!
//! A group of tests first meets every strategy once, and one that learns from
//! other runs more than once, the best earners first: that is the rotation.
//! Afterwards every second one is of the rotation again, as those that learn go on to
//! what they have not tried yet, and the other is drawn by Thompson sampling: from
//! what each has earned so far, a rate is drawn at random, as likely as the earnings
//! make it, and the highest rate wins. One draw in eight is of any strategy: what
//! found nothing so far may be all that finds the next.
//!
//! Earnings are kept in gosan's cache from one command to the next. Old ones
//! fade, so that a habit of one code base is not held for ever.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::strategy::{self, Aims, PLAIN, ROTATION, STRATEGIES};

/// Runs of one strategy that are remembered. Beyond it, all fade by half.
const MEMORY: f64 = 400.0;

/// One draw in so many is of any strategy, whatever it has earned.
const ANY: u32 = 8;

/// What a strategy has earned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Earned {
    pub runs: f64,
    /// Races that no earlier run of the same command had found.
    pub races: f64,
}

/// What all have earned, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Earnings {
    by_name: BTreeMap<String, Earned>,
}

impl Earnings {
    /// What was kept in the file. One that is not there, or not readable, is
    /// like a new beginning.
    pub fn load(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Keeps them, whole or not at all.
    pub fn store(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self).expect("earnings are plain data");
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&temporary, text)?;
        fs::rename(&temporary, path)
    }

    pub fn of(&self, strategy: usize) -> Earned {
        let name = STRATEGIES[strategy].name;
        self.by_name.get(name).copied().unwrap_or_default()
    }

    /// Notes a run and the new races that it found.
    pub fn add(&mut self, strategy: usize, races: usize) {
        let name = STRATEGIES[strategy].name.to_owned();
        let earned = self.by_name.entry(name).or_default();
        earned.runs += 1.0;
        // Many races of one run tell little more than one.
        earned.races += (races as f64).sqrt();
        if earned.runs > MEMORY {
            for earned in self.by_name.values_mut() {
                earned.runs /= 2.0;
                earned.races /= 2.0;
            }
        }
    }

    /// How early a strategy comes in a rotation. In steps, since who comes early
    /// finds what others would have found too, and a few runs without a race say
    /// nothing: only much better ones overtake the rotation's order.
    fn rank(&self, strategy: usize) -> f64 {
        const STEPS: f64 = 5.0;
        let Earned { runs, races } = self.of(strategy);
        (STEPS * (races + 2.0) / (runs + 20.0)).floor()
    }

    fn drawn_rate(&self, strategy: usize, rng: &mut Rng) -> f64 {
        let Earned { runs, races } = self.of(strategy);
        let found = gamma(races + 0.5, rng);
        let missed = gamma((runs - races).max(0.0) + 4.5, rng);
        found / (found + missed)
    }
}

/// Which strategy a group of tests meets next, after those that it has met.
/// `can_aim` says whether there is something that a strategy could aim at.
pub fn next(
    earnings: &Earnings,
    met: &[usize],
    can_aim: impl Fn(Aims) -> bool,
    rng: &mut Rng,
) -> usize {
    let is_open = |&at: &usize| {
        let strategy = &STRATEGIES[at];
        strategy.name != PLAIN && can_aim(strategy.aims)
    };
    let open: Vec<usize> = (0..STRATEGIES.len()).filter(is_open).collect();
    let highest = |rates: Vec<(usize, f64)>| {
        // The first of equals: the order of the rotation.
        let best = rates
            .into_iter()
            .reduce(|a, b| if b.1 > a.1 { b } else { a });
        best.map_or(0, |(at, _)| at)
    };
    let fresh: Vec<(usize, f64)> = left_of_rotation(met)
        .into_iter()
        .filter(|at| open.contains(at))
        .map(|at| (at, earnings.rank(at)))
        .collect();
    if !fresh.is_empty() {
        return highest(fresh);
    }
    let named = ROTATION.into_iter().filter_map(strategy::index_of);
    let mut again = named.cycle().skip(met.len() / 2 % ROTATION.len());
    if met.len().is_multiple_of(2)
        && let Some(at) = again
            .by_ref()
            .take(ROTATION.len())
            .find(|at| open.contains(at))
    {
        return at;
    }
    if rng.u32(..ANY) == 0 {
        return open[rng.usize(..open.len())];
    }
    let drawn = open.iter().map(|&at| (at, earnings.drawn_rate(at, rng)));
    highest(drawn.collect())
}

/// What is still to come of the rotation after those that were met.
fn left_of_rotation(met: &[usize]) -> Vec<usize> {
    let named = ROTATION.into_iter().filter_map(strategy::index_of);
    let all = 0..STRATEGIES.len();
    let others = all.filter(|&at| !ROTATION.contains(&STRATEGIES[at].name));
    let mut met = met.to_vec();
    let mut left: Vec<usize> = named.chain(others).collect();
    left.retain(|at| match met.iter().position(|met| met == at) {
        Some(place) => {
            met.swap_remove(place);
            false
        }
        None => true,
    });
    left
}

/// A gamma-distributed number (Marsaglia and Tsang, "A simple method for
/// generating gamma variables", 2000). Two make a beta-distributed one.
fn gamma(shape: f64, rng: &mut Rng) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, rng) * rng.f64().max(1e-12).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && rng.f64().max(1e-12).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

fn normal(rng: &mut Rng) -> f64 {
    let angle = std::f64::consts::TAU * rng.f64();
    (-2.0 * rng.f64().max(1e-12).ln()).sqrt() * angle.cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::index_of;

    #[test]
    fn the_rotation_comes_first_and_then_the_rest_of_the_table() {
        let mut rng = Rng::with_seed(1);
        let mut met = vec![0];
        for name in ROTATION {
            let at = next(&Earnings::default(), &met, |_| true, &mut rng);
            assert_eq!(STRATEGIES[at].name, name);
            met.push(at);
        }
        let rest = STRATEGIES.iter().map(|strategy| strategy.name);
        for name in rest.filter(|name| *name != PLAIN && !ROTATION.contains(name)) {
            let at = next(&Earnings::default(), &met, |_| true, &mut rng);
            assert_eq!(STRATEGIES[at].name, name);
            met.push(at);
        }
        let without = next(&Earnings::default(), &[0], |_| true, &mut rng);
        assert_eq!(
            without, 1,
            "the rotation's order as long as nothing is known"
        );
        let mut idle = Earnings::default();
        (0..40).for_each(|_| idle.add(1, 0));
        assert_eq!(
            next(&idle, &[0], |_| true, &mut rng),
            1,
            "nor by a few runs"
        );
    }

    #[test]
    fn earners_come_first_and_more_often() {
        let mut earnings = Earnings::default();
        let good = index_of("parent").unwrap();
        for at in 0..STRATEGIES.len() {
            for run in 0..50 {
                earnings.add(at, usize::from(at == good && run % 2 == 0));
            }
        }
        let mut rng = Rng::with_seed(7);
        assert_eq!(next(&earnings, &[0], |_| true, &mut rng), good);
        let met = left_of_rotation(&[]);
        let drawn = (0..200).filter(|_| next(&earnings, &met, |_| true, &mut rng) == good);
        assert!(drawn.count() > 150);
    }

    #[test]
    fn nobody_is_given_up() {
        let mut earnings = Earnings::default();
        for at in 0..STRATEGIES.len() {
            for run in 0..30 {
                earnings.add(at, usize::from(at == 1 && run % 3 == 0));
            }
        }
        let mut rng = Rng::with_seed(3);
        let met = left_of_rotation(&[]);
        let mut drawn: Vec<usize> = (0..3000)
            .map(|_| next(&earnings, &met, |_| true, &mut rng))
            .collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert!(drawn.len() > STRATEGIES.len() / 2, "{drawn:?}");
        assert!(!drawn.contains(&0), "the first run is not repeated");
    }

    #[test]
    fn are_kept_and_fade() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("earnings.json");
        let mut earnings = Earnings::load(&path);
        for _ in 0..1000 {
            earnings.add(2, 1);
        }
        assert!(earnings.of(2).runs <= MEMORY);
        earnings.store(&path).unwrap();
        assert_eq!(Earnings::load(&path), earnings);
        fs::write(&path, "{").unwrap();
        assert_eq!(Earnings::load(&path), Earnings::default());
    }
}
