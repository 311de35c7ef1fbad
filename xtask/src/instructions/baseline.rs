//! The committed counts, and how far a count may be from them.

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{Added, table};
use crate::go::Go;
use crate::quote::Quote;
use crate::tally::Tally;
use crate::workspace;

/// Another release of the compilers places a few instructions differently.
const TOLERANCE: f64 = 0.05;
const TOLERATED: i64 = 2;

/// The page that shows the baseline.
const TABLE: Quote = Quote {
    page: "docs/design/performance.md",
    command: "cargo xtask instructions --stock --bless",
};

/// The file's content.
#[derive(Serialize, Deserialize)]
pub struct Baseline {
    /// The Go that it was counted with, as 1.26: Go's own code differs.
    pub go: String,
    gosan: Vec<Added>,
    /// For comparison; nothing is judged by it.
    stock: Option<Vec<Added>>,
}

fn file() -> Utf8PathBuf {
    workspace::root().join("bench/events/instructions.json")
}

fn minor(go: &Go) -> String {
    format!("{}.{}", go.version.major, go.version.minor)
}

impl Baseline {
    pub fn new(go: &Go, gosan: Vec<Added>, stock: Option<Vec<Added>>) -> Baseline {
        Baseline {
            go: minor(go),
            gosan,
            stock,
        }
    }

    pub fn read() -> Result<Baseline> {
        let file = file();
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        serde_json::from_str(&text).with_context(|| format!("{file} is no baseline"))
    }

    /// Writes the file, and the table into its page.  Stock's earlier figures
    /// stay where it was not counted.
    pub fn write(mut self) -> Result<()> {
        if self.stock.is_none()
            && let Ok(earlier) = Baseline::read()
        {
            self.stock = earlier.stock;
        }
        let file = file();
        let mut text = serde_json::to_string_pretty(&self)?;
        text.push('\n');
        fs::write(&file, text).with_context(|| format!("cannot write {file}"))?;
        TABLE.put(&self.table())?;
        println!("Written to {file} and {}.", TABLE.page);
        Ok(())
    }

    fn table(&self) -> String {
        table(&self.gosan, self.stock.as_deref())
    }

    pub fn is_of(&self, go: &Go) -> bool {
        self.go == minor(go)
    }

    /// Each kind of event is one test.
    pub fn judge(&self, added: &[Added]) -> Tally {
        let mut tally = Tally::default();
        for event in added {
            let known = self.gosan.iter().find(|known| known.name == event.name);
            match known.map(|known| known.instructions) {
                Some(before) if event.instructions <= most(before) => {
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
        for known in &self.gosan {
            if !added.iter().any(|event| event.name == known.name) {
                tally.failed += 1;
                let note = format!("{}: was not counted", known.name);
                tally.notes.push(note);
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
            gosan: vec![event("read", 10), event("lock", 200)],
            stock: None,
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

    #[test]
    fn the_page_shows_the_committed_counts() {
        let baseline = Baseline::read().expect("the committed baseline");
        assert!(TABLE.shows(&baseline.table()), "another table");
    }
}
