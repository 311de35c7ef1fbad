//! What each log holds, whatever Go it is of: the source is not at hand.

use std::collections::BTreeSet;

use crate::fixtures::{self, Fixture};
use crate::run::{explained, verdicts_of};
use gosan_explain::Sources;

/// What logs of this name hold. Which of several is found is chance; `none` is
/// a second race on the value behind a map's key, which only the source tells
/// from any other variable.
const KINDS: &[(&str, &[&str])] = &[
    ("race", &["GS0101", "GS0102", "none"]),
    ("map-writes", &["GS0101"]),
    ("map-writes-system", &["GS0101"]),
    ("map-read", &["GS0102"]),
    ("map-iteration", &["GS0103"]),
    ("deadlock", &["GS1204"]),
    ("leak-profile1", &["GS1201"]),
    ("leak-profile2", &["GS1201"]),
    ("leak-sigquit", &["GS1201"]),
    ("lock-leak", &["GS1202"]),
    ("wait-leak", &["GS1203"]),
    ("lock-order", &["GS1202"]),
    ("send-closed", &["GS0801"]),
    ("close-closed", &["GS0802"]),
    ("unlock", &["GS0507"]),
    ("runlock", &["GS0507"]),
    ("waitgroup-negative", &["GS0703"]),
    ("waitgroup-reused", &["GS0702"]),
    ("waitgroup-add", &["GS0701"]),
    ("superfluous", &["GS0206"]),
    ("panic-serving", &["none"]),
    ("other-panic", &["none"]),
    (
        "test-race",
        &["GS0101", "GS0102", "GS0304", "GS1003", "none"],
    ),
    ("test-race-json", &["GS0101", "GS0102", "GS0304", "none"]),
    ("test-log-after", &["GS1101"]),
    ("test-timeout", &["GS1204"]),
    ("test-setenv", &["GS0903"]),
    ("records", &["GS0101", "GS0102", "none"]),
    ("go1.4-race", &["GS0101"]),
    ("go1.12-map-writes", &["GS0101"]),
    ("go1.12-leak-sigquit", &["GS1201"]),
    ("go1.12-lock-leak", &["GS1202"]),
    ("go1.9-windows-race", &["GS0101"]),
    ("go1.16-large-argument", &["GS1004"]),
    ("go1.21-log-after-test", &["GS1101"]),
];

/// What is left to say of the examples of these pages without their source:
/// something less sure, or nothing. Of the others, their own code.
const PAGES: &[(&str, &[&str])] = &[
    ("GS0101", &["GS0101", "GS0102"]),
    ("GS0204", &["none"]),
    ("GS0301", &["GS0304"]),
    ("GS0302", &["GS0304"]),
    ("GS0303", &["GS0304"]),
    ("GS0401", &["GS0304", "GS0401"]),
    ("GS0402", &["GS0304"]),
    ("GS0403", &["none"]),
    ("GS0501", &["none"]),
    ("GS0502", &["none"]),
    ("GS0503", &["none"]),
    ("GS0504", &["none"]),
    ("GS0505", &["none"]),
    ("GS0506", &["GS0802"]),
    ("GS0508", &["none"]),
    ("GS0602", &["none"]),
    ("GS0702", &["GS0701", "GS0702"]),
    ("GS0803", &["none"]),
    ("GS0901", &["none"]),
    ("GS0902", &["none"]),
    ("GS0905", &["none"]),
    ("GS1001", &["none"]),
    ("GS1002", &["GS0304"]),
    ("GS1004", &["GS0304"]),
    ("GS1205", &["GS1202"]),
];

/// The codes that may be found in a log.
fn expected(fixture: &Fixture) -> Vec<&str> {
    let table = if fixture.group == "pages" {
        PAGES
    } else {
        KINDS
    };
    let known = table.iter().find(|(name, _)| *name == fixture.name);
    match known {
        Some((_, codes)) => codes.to_vec(),
        None if fixture.group == "pages" => vec![&fixture.name],
        None => panic!("nothing is expected of {}", fixture.title()),
    }
}

#[test]
fn every_log_gets_its_codes() {
    for fixture in fixtures::all() {
        let expected = expected(fixture);
        let found: BTreeSet<_> = verdicts_of(&fixture.text)
            .iter()
            .map(|verdict| verdict.code)
            .collect();
        assert!(
            !found.is_empty(),
            "nothing was found in {}",
            fixture.title()
        );
        let something = expected == ["none"] || found.iter().any(|code| *code != "none");
        assert!(something, "{}: no diagnosis", fixture.title());
        assert!(
            found.iter().all(|code| expected.contains(code)),
            "{}: {found:?}, expected {expected:?}",
            fixture.title()
        );
    }
}

#[test]
fn every_kind_is_there_of_every_go() {
    let groups: BTreeSet<_> = fixtures::all()
        .iter()
        .map(|fixture| fixture.group.as_str())
        .collect();
    let versions = ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];
    for version in versions {
        assert!(
            groups.contains(format!("go{version}").as_str()),
            "{version}"
        );
    }
    for (kind, _) in KINDS {
        let of_no_go = fixtures::all()
            .iter()
            .any(|fixture| !fixture.group.starts_with("go1.") && fixture.name == *kind);
        if !of_no_go || *kind == "race" {
            fixtures::of_every_go(kind);
        }
    }
}

#[test]
fn repetition_is_counted() {
    for fixture in fixtures::all() {
        let once = explained(&fixture.text, &Sources::none());
        let often = format!("{}\nrestarted\n", fixture.text).repeat(5);
        let often = explained(&often, &Sources::none());
        let title = fixture.title();
        assert_eq!(often.findings.len(), once.findings.len(), "{title}");
        for (one, five) in once.findings.iter().zip(&often.findings) {
            assert_eq!(five.occurrences, 5 * one.occurrences, "{title}");
        }
    }
}

#[test]
fn records_count_what_was_seen_again() {
    let explanation = explained(&fixtures::of("gosan", "records").text, &Sources::none());
    let mut counts: Vec<_> = explanation
        .findings
        .iter()
        .map(|finding| finding.occurrences)
        .collect();
    counts.sort_unstable();
    // The race on the value behind the key was repeated, those on the map were not.
    assert_eq!(counts, [1, 1, 2]);
}
