//! How often something was found, and how sure that is.

use std::collections::BTreeMap;

/// Found so often in so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate {
    pub found: usize,
    pub of: usize,
}

/// The quantile of the normal distribution for intervals of 95 %.
const Z: f64 = 1.96;

impl Rate {
    pub fn of(runs: &[BTreeMap<String, u32>], kernel: &str) -> Self {
        Self {
            found: runs.iter().filter(|run| run.contains_key(kernel)).count(),
            of: runs.len(),
        }
    }

    /// The same for groups of runs that follow each other.
    pub fn of_groups(runs: &[BTreeMap<String, u32>], kernel: &str, size: usize) -> Self {
        let groups = runs.chunks_exact(size);
        let has =
            |group: &&[BTreeMap<String, u32>]| group.iter().any(|run| run.contains_key(kernel));
        Self {
            of: groups.len(),
            found: groups.filter(has).count(),
        }
    }

    pub fn add(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            of: self.of + other.of,
        }
    }

    pub fn per_cent(self) -> f64 {
        100.0 * self.found as f64 / self.of.max(1) as f64
    }

    /// Wilson's interval of 95 %, in per cent.
    pub fn interval(self) -> (f64, f64) {
        let n = self.of.max(1) as f64;
        let p = self.found as f64 / n;
        let middle = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 100.0 / (1.0 + Z * Z / n);
        (
            ((middle - half) * scale).max(0.0),
            ((middle + half) * scale).min(100.0),
        )
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval();
        write!(f, "{:.1} % ({low:.0}–{high:.0})", self.per_cent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let (low, high) = Rate { found: 10, of: 20 }.interval();
        assert!((low - 29.93).abs() < 0.01 && (high - 70.07).abs() < 0.01);
        let (low, high) = Rate { found: 0, of: 20 }.interval();
        assert!(low == 0.0 && (high - 16.11).abs() < 0.01);
        assert_eq!(Rate { found: 20, of: 20 }.to_string(), "100.0 % (84–100)");
    }

    #[test]
    fn groups_count_once() {
        let run = |hit: bool| {
            let entry = hit.then(|| ("TestA".to_owned(), 1));
            entry.into_iter().collect::<BTreeMap<_, _>>()
        };
        let runs = [true, true, false, false, false].map(run);
        assert_eq!(Rate::of(&runs, "TestA"), Rate { found: 2, of: 5 });
        assert_eq!(Rate::of_groups(&runs, "TestA", 2), Rate { found: 1, of: 2 });
    }
}
