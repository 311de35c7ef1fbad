//! What the documentation shows of the benchmark: the figures and the picture in
//! `docs`, and the table in the README.

use anyhow::{Result, bail};
use camino::Utf8PathBuf;

use super::{Report, draw, logs, rows, table};
use crate::quote::Quote;
use crate::workspace;

const TABLE: Quote = Quote {
    page: "README.md",
    command: "cargo xtask bench --bless",
};

fn figures() -> Utf8PathBuf {
    workspace::root().join("docs/performance.json")
}

fn picture() -> Utf8PathBuf {
    workspace::root().join("docs/performance.svg")
}

/// Puts a report into the pages.  Rows that it does not have stay as they are
/// there: a row is measured within itself.
pub fn bless(mut report: Report) -> Result<()> {
    if report.gosan.len() != 1 {
        bail!("the pages show one gosan, not {}", report.gosan.len());
    }
    // Where it lay is of no interest to a reader.
    report.gosan = vec!["gosan".to_owned()];
    if let Ok(earlier) = Report::read(&figures()) {
        for row in earlier.rows {
            if !report.rows.iter().any(|new| new.row.name == row.row.name) {
                report.rows.push(row);
            }
        }
        for log in earlier.logs {
            if !report.logs.iter().any(|new| new.name == log.name) {
                report.logs.push(log);
            }
        }
        let place = |name: &str| logs::LOGS.iter().position(|log| log.name == name);
        report.logs.sort_by_key(|log| place(&log.name));
        let place = |name: &str| rows::ROWS.iter().position(|row| row.name == name);
        report.rows.sort_by_key(|row| place(row.row.name));
    }
    let rounds = report.rows.iter().map(|row| row.rounds.len()).min();
    report.rounds = rounds.unwrap_or(0) as u32;
    report.write(&figures())?;
    draw(&report, Some(&picture()))?;
    TABLE.put(&table::all(&report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_show_the_committed_figures() {
        let report = Report::read(&figures()).expect("the committed figures");
        assert!(TABLE.shows(&table::all(&report)), "another table");
        let shown = std::fs::read_to_string(picture()).expect("it is there");
        let drawn = super::super::plot::draw(&report, 0);
        assert!(shown == drawn, "docs/performance.svg shows other figures");
    }
}
