//! `cargo xtask matrix`: every supported Go judges gosan.

use std::time::{Duration, Instant};

use anyhow::Result;
use camino::Utf8Path;

use crate::go::{Go, find, install, versions};
use crate::process;
use crate::race_suite;
use crate::tally::{self, Tally};
use crate::workspace::{self, Profile};

const CORPUS_LIMIT: Duration = Duration::from_secs(30 * 60);

/// A row of the table that is printed at the end.
struct Row {
    version: String,
    suite: String,
    judged: String,
    corpus: String,
    seconds: u64,
    ok: bool,
}

pub fn run(typed: &[String]) -> Result<bool> {
    let wanted: Vec<String> = if typed.is_empty() {
        let all = versions::SUPPORTED.iter();
        all.map(|supported| supported.patch.to_owned()).collect()
    } else {
        let resolved = typed.iter().map(|version| versions::resolve(version));
        resolved.collect::<Result<_>>()?
    };
    let gosan = workspace::build_gosan(Profile::Dev)?;
    let mut rows = Vec::new();
    for version in wanted {
        println!("==> Go {version}");
        let started = Instant::now();
        let mut row = row(&version, &gosan).unwrap_or_else(|error| {
            println!("{error:#}");
            Row {
                version: version.clone(),
                suite: "not run".to_owned(),
                judged: "not run".to_owned(),
                corpus: "not run".to_owned(),
                seconds: 0,
                ok: false,
            }
        });
        row.seconds = started.elapsed().as_secs();
        rows.push(row);
    }
    print_table(&rows);
    Ok(rows.iter().all(|row| row.ok))
}

fn row(version: &str, gosan: &Utf8Path) -> Result<Row> {
    let go = install::install(version)?;
    find::check_c_compiler(&go)?;
    let suite = race_suite::run(gosan, &go)?;
    print_notes(&suite.tally);
    let corpus = corpus(&go)?;
    print_notes(&corpus);
    Ok(Row {
        version: version.to_owned(),
        judged: suite.judged.map_or_else(
            || "no count".to_owned(),
            |judged| format!("{} of {}", judged.right, judged.total),
        ),
        ok: suite.tally.success() && corpus.success(),
        suite: suite.tally.to_string(),
        corpus: corpus.to_string(),
        seconds: 0,
    })
}

/// Runs the corpus's harness with `go`.
fn corpus(go: &Go) -> Result<Tally> {
    let mut command = workspace::cargo();
    go.use_in(&mut command);
    command.args(["test", "--package", "gosan", "--test", "corpus"]);
    let outcome = process::capture(&mut command, CORPUS_LIMIT)?;
    let mut tally = Tally::default();
    for counts in outcome.stdout.lines().filter_map(tally::of_cargo_line) {
        tally.add(&counts);
    }
    if !outcome.success() {
        tally.failed = tally.failed.max(1);
        tally.notes.push(failures(&outcome.stdout, &outcome.stderr));
    }
    Ok(tally)
}

/// What a harness says of its failures, without the tests that passed.  Where it
/// did not come that far, everything is of interest.
fn failures(stdout: &str, stderr: &str) -> String {
    match stdout.split_once("\nfailures:\n") {
        Some((_, told)) => told.trim().to_owned(),
        None => format!("{stdout}{stderr}"),
    }
}

fn print_notes(tally: &Tally) {
    for note in &tally.notes {
        println!("{note}");
    }
}

fn print_table(rows: &[Row]) {
    let cells: Vec<[String; 6]> = std::iter::once([
        "Go".to_owned(),
        "runtime/race".to_owned(),
        "testdata".to_owned(),
        "corpus".to_owned(),
        "seconds".to_owned(),
        String::new(),
    ])
    .chain(rows.iter().map(|row| {
        [
            row.version.clone(),
            row.suite.clone(),
            row.judged.clone(),
            row.corpus.clone(),
            row.seconds.to_string(),
            if row.ok { "ok" } else { "FAILED" }.to_owned(),
        ]
    }))
    .collect();
    println!();
    for line in table(&cells) {
        println!("{line}");
    }
}

/// Pads each column to its widest cell.
fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_failures_are_told() {
        let harness = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b ----\nno report\n";
        assert_eq!(failures(harness, "noise"), "---- b ----\nno report");
        assert_eq!(failures("", "does not compile"), "does not compile");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let cell = |text: &str| text.to_owned();
        let rows = [[cell("Go"), cell("verdict")], [cell("1.24.11"), cell("ok")]];
        assert_eq!(table(&rows), ["Go       verdict", "1.24.11  ok"]);
    }
}
