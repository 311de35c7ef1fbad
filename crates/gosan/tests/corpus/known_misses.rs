//! `corpus/known_misses.txt`: races that somebody is known not to see.
//!
//! A known miss is asserted like everything else. When a runner begins to find
//! the race, the line has become wrong and its test fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::runner::Runner;

/// Who misses which test.
pub struct KnownMisses {
    by_test: BTreeMap<String, Vec<Runner>>,
}

impl KnownMisses {
    /// Reads lines of the form `stock,gosan primitives/slice/TestRaceX reason`.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut by_test = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("{}:{}: not understood: {line}", path.display(), number + 1);
            let mut words = line.split_whitespace();
            let who = words.next().ok_or_else(wrong)?;
            let test = words.next().ok_or_else(wrong)?;
            words.next().ok_or_else(wrong)?;
            let runners: Option<Vec<_>> = who.split(',').map(Runner::from_name).collect();
            by_test.insert(format!("corpus/{test}"), runners.ok_or_else(wrong)?);
        }
        Ok(Self { by_test })
    }

    /// Says whether this runner is known to miss the race of this test.
    pub fn names(&self, runner: Runner, package: &str, test: &str) -> bool {
        self.by_test
            .get(&format!("{package}/{test}"))
            .is_some_and(|runners| runners.contains(&runner))
    }

    /// Refuses lines about tests that do not exist: they would assert nothing.
    pub fn check_names(&self, tests: &BTreeSet<String>) -> Result<(), String> {
        match self.by_test.keys().find(|test| !tests.contains(*test)) {
            Some(test) => Err(format!("known_misses.txt: there is no test {test}")),
            None => Ok(()),
        }
    }
}
