//! The committed counts, and how far a count may be from them.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::Added;
use crate::go::Go;
use crate::tally::Tally;
use crate::workspace;

/// Another release of the compilers places a few instructions differently.
const TOLERANCE: f64 = 0.05;
const TOLERATED: i64 = 2;

/// The file's content.
#[derive(Serialize, Deserialize)]
pub struct Baseline {
    /// The Go that it was counted with, as 1.26: Go's own code differs.
    pub go: String,
    /// Instructions that one event adds.
    instructions: BTreeMap<String, i64>,
}

fn file() -> Utf8PathBuf {
    workspace::root().join("bench/events/instructions.json")
}

fn minor(go: &Go) -> String {
    format!("{}.{}", go.version.major, go.version.minor)
}

impl Baseline {
    pub fn read() -> Result<Baseline> {
        let file = file();
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        serde_json::from_str(&text).with_context(|| format!("{file} is no baseline"))
    }

    pub fn write(go: &Go, added: &[Added]) -> Result<()> {
        let of = |event: &Added| (event.name.clone(), event.instructions);
        let baseline = Baseline {
            go: minor(go),
            instructions: added.iter().map(of).collect(),
        };
        let file = file();
        let mut text = serde_json::to_string_pretty(&baseline)?;
        text.push('\n');
        fs::write(&file, text).with_context(|| format!("cannot write {file}"))?;
        println!("Written to {file}.");
        Ok(())
    }

    pub fn is_of(&self, go: &Go) -> bool {
        self.go == minor(go)
    }

    /// Each kind of event is one test.
    pub fn judge(&self, added: &[Added]) -> Tally {
        let mut tally = Tally::default();
        for event in added {
            match self.instructions.get(&event.name) {
                Some(&before) if event.instructions <= most(before) => {
                    tally.passed += 1;
                    if event.instructions < least(before) {
                        tally.notes.push(format!(
                            "{}: {} instructions, {before} before; `cargo xtask instructions \
                             --bless` keeps it so",
                            event.name, event.instructions
                        ));
                    }
                }
                Some(before) => {
                    tally.failed += 1;
                    tally.notes.push(format!(
                        "{}: {} instructions, {before} before",
                        event.name, event.instructions
                    ));
                }
                None => {
                    tally.failed += 1;
                    let name = &event.name;
                    tally.notes.push(format!("{name}: not in the baseline"));
                }
            }
        }
        for name in self.instructions.keys() {
            if !added.iter().any(|event| event.name == *name) {
                tally.failed += 1;
                tally.notes.push(format!("{name}: was not counted"));
            }
        }
        tally
    }
}

fn room(before: i64) -> i64 {
    TOLERATED.max((before as f64 * TOLERANCE) as i64)
}

fn most(before: i64) -> i64 {
    before + room(before)
}

fn least(before: i64) -> i64 {
    before - room(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, instructions: i64) -> Added {
        Added {
            name: name.to_owned(),
            instructions,
            calls: 1,
            pushes: 0,
            lines: 1,
            functions: Vec::new(),
        }
    }

    fn judged(events: &[Added]) -> Tally {
        let baseline = Baseline {
            go: "1.26".to_owned(),
            instructions: [("read".to_owned(), 10), ("lock".to_owned(), 200)].into(),
        };
        baseline.judge(events)
    }

    #[test]
    fn a_little_more_is_tolerated() {
        let tally = judged(&[event("read", 12), event("lock", 210)]);
        assert_eq!((tally.passed, tally.failed), (2, 0));
        assert!(tally.notes.is_empty());
    }

    #[test]
    fn more_than_that_fails_and_less_is_told() {
        let tally = judged(&[event("read", 13), event("lock", 150)]);
        assert_eq!((tally.passed, tally.failed), (1, 1));
        assert_eq!(tally.notes[0], "read: 13 instructions, 10 before");
        assert!(tally.notes[1].contains("--bless"), "{:?}", tally.notes);
    }

    #[test]
    fn kinds_that_come_or_go_fail() {
        let tally = judged(&[event("read", 10), event("write", 10)]);
        assert_eq!((tally.passed, tally.failed), (1, 2));
    }
}
