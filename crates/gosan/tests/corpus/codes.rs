//! `corpus/codes.txt`: what lies behind each race, and whether gosan says so.
//!
//! The output of each test goes through `gosan explain`, with the source at
//! hand. A program without a race must leave nothing to explain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gosan_explain::{Sources, explain};

use crate::modules::Expectation;

/// The codes that the reports of each test must and may get.
pub struct Codes {
    by_test: BTreeMap<String, Vec<String>>,
}

impl Codes {
    /// Reads lines of the form `primitives/slice/TestRaceX GS0401 GS0304`.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut by_test = BTreeMap::new();
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_whitespace().map(str::to_owned);
            let (Some(test), codes) = (words.next(), words.collect::<Vec<_>>()) else {
                continue;
            };
            if codes.is_empty() {
                return Err(format!("{}: {test} has no code", path.display()));
            }
            by_test.insert(full_name(&test), codes);
        }
        Ok(Self { by_test })
    }

    /// Refuses lines about tests that do not exist: they would assert nothing.
    pub fn check_names(&self, tests: &BTreeSet<String>, skipped: &[String]) -> Result<(), String> {
        let gone = self.by_test.keys().find(|test| {
            !tests.contains(*test) && !skipped.iter().any(|module| test.starts_with(module))
        });
        match gone {
            Some(test) => Err(format!("codes.txt: there is no test {test}")),
            None => Ok(()),
        }
    }

    /// Compares what gosan says is behind a test's reports with what is.
    pub fn judge(&self, test: &str, expects: Expectation, output: &str) -> Result<(), String> {
        let explanation = explain(output.as_bytes(), &Sources::new(), |_| {})
            .map_err(|error| format!("{test}: {error}"))?;
        let found: Vec<&str> = explanation
            .findings
            .iter()
            .map(|finding| {
                let diagnosed = finding.diagnosed.as_ref();
                diagnosed.map_or("none", |found| found.diagnosis.code)
            })
            .collect();
        if expects == Expectation::NoRace {
            return if found.is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "explained as {found:?}, and nothing is wrong\n{output}"
                ))
            };
        }
        let known = self.by_test.get(test).ok_or_else(|| {
            format!(
                "corpus/codes.txt has no line for it: read the program, and add the code of what is \
                 behind its race; gosan says {found:?}"
            )
        })?;
        let main = found.iter().any(|code| *code == known[0]);
        let others = found
            .iter()
            .all(|code| known.iter().any(|known| known == code));
        if main && others {
            Ok(())
        } else {
            Err(format!(
                "explained as {found:?}, and is {known:?}\n{output}"
            ))
        }
    }
}

fn full_name(test: &str) -> String {
    if test.starts_with("examples/") {
        test.to_owned()
    } else {
        format!("corpus/{test}")
    }
}
