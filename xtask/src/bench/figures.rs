//! From single runs to figures: medians, ratios with their spread, means.
//!
//! The runs of one round follow each other, so they see the same machine: ratios
//! are taken within a round, and the median of the rounds is the figure.

use serde::{Deserialize, Serialize};

use super::measure::Usage;

/// One round of a row: a run of each variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Round {
    pub plain: Usage,
    pub stock: Usage,
    /// One for each gosan that was asked for.
    pub gosan: Vec<Usage>,
}

/// A ratio of gosan to stock: its median and what lies around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// A spread wider than this part of its median says little.
const WIDE: f64 = 0.35;

impl Ratio {
    fn of(mut values: Vec<f64>) -> Option<Ratio> {
        values.sort_by(f64::total_cmp);
        Some(Ratio {
            median: median(&values)?,
            low: *values.first()?,
            high: *values.last()?,
        })
    }

    pub fn is_wide(self) -> bool {
        self.high - self.low > WIDE * self.median.abs().max(0.1)
    }
}

/// A variant's medians, and the first two as multiples of the plain program's.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Medians {
    pub wall: f64,
    pub processor: f64,
    pub peak: f64,
}

impl Medians {
    pub fn of<'a>(runs: impl Iterator<Item = &'a Usage> + Clone) -> Medians {
        let middle = |value: fn(&Usage) -> f64| {
            let mut values: Vec<f64> = runs.clone().map(value).collect();
            values.sort_by(f64::total_cmp);
            median(&values).unwrap_or(0.0)
        };
        Medians {
            wall: middle(|usage| usage.wall),
            processor: middle(|usage| usage.processor),
            peak: middle(|usage| usage.peak as f64),
        }
    }
}

/// How one gosan compares with stock on one row.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Comparison {
    pub medians: Medians,
    pub processor: Ratio,
    pub wall: Ratio,
    /// None where stock adds next to nothing.
    pub memory: Option<Ratio>,
}

/// Less added memory than this is no base for a ratio.
const LEAST_ADDED: f64 = 1e6;

/// Compares gosan number `index` with stock; None when nothing was run.
pub fn compare(rounds: &[Round], index: usize) -> Option<Comparison> {
    let ratios = |value: fn(&Usage) -> f64| {
        let of_round = |round: &Round| value(&round.gosan[index]) / value(&round.stock).max(1e-6);
        Ratio::of(rounds.iter().map(of_round).collect())
    };
    let added = |round: &Round| {
        let plain = round.plain.peak as f64;
        let stock = round.stock.peak as f64 - plain;
        let gosan = round.gosan[index].peak as f64 - plain;
        (stock >= LEAST_ADDED).then(|| gosan / stock)
    };
    Some(Comparison {
        medians: Medians::of(rounds.iter().map(|round| &round.gosan[index])),
        processor: ratios(|usage| usage.processor)?,
        wall: ratios(|usage| usage.wall)?,
        memory: Ratio::of(rounds.iter().filter_map(added).collect()),
    })
}

/// The middle of sorted values.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted[sorted.len() / 2 - 1] + upper) / 2.0)
}

/// The geometric mean; None of nothing.
pub fn geometric_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value.max(1e-6).ln();
        count += 1;
    }
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn usage(processor: f64, peak: u64) -> Usage {
        Usage {
            wall: processor + 1.0,
            processor,
            peak: peak * 1_000_000,
        }
    }

    pub fn round(plain: (f64, u64), stock: (f64, u64), gosan: (f64, u64)) -> Round {
        Round {
            plain: usage(plain.0, plain.1),
            stock: usage(stock.0, stock.1),
            gosan: vec![usage(gosan.0, gosan.1)],
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was twice as slow in the second round.
        let rounds = [
            round((0.1, 10), (1.0, 30), (0.4, 15)),
            round((0.2, 10), (2.0, 30), (0.8, 15)),
        ];
        let comparison = compare(&rounds, 0).expect("two rounds");
        assert_eq!(comparison.processor.median, 0.4);
        assert_eq!(comparison.processor.low, comparison.processor.high);
        assert!(!comparison.processor.is_wide());
    }

    #[test]
    fn memory_is_what_is_added_to_the_plain_program() {
        let rounds = [round((1.0, 100), (1.0, 300), (1.0, 150))];
        let memory = compare(&rounds, 0).and_then(|comparison| comparison.memory);
        assert_eq!(memory.map(|memory| memory.median), Some(0.25));
        let nothing_added = [round((1.0, 100), (1.0, 100), (1.0, 150))];
        let comparison = compare(&nothing_added, 0).expect("a round");
        assert_eq!(comparison.memory, None);
    }

    #[test]
    fn medians_and_means() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(median(&[]), None);
        assert_eq!(geometric_mean([0.25, 1.0].into_iter()), Some(0.5));
        assert_eq!(geometric_mean([].into_iter()), None);
        let wide = Ratio::of(vec![0.3, 0.5, 0.6]).expect("three");
        assert!(wide.is_wide());
    }
}
