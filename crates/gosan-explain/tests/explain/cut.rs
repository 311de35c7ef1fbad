//! Logs of which the beginning, the end, or a line in the middle is missing.
//! What is cut off may be lost. Nothing else may come of it.

use std::collections::BTreeSet;

use crate::fixtures::{self, Fixture};
use crate::random::Random;
use crate::run::verdicts_of;

/// So many places are tried in each log.
const PLACES: usize = 15;

/// What may still be said when what says more is cut off: a response's header is
/// a map, a request's body is a reader, and the bodies of two subtests are literals of one function.
const WEAKER: &[(&str, &str)] = &[
    ("GS0201", "GS0101"),
    ("GS0203", "GS0101"),
    ("GS0205", "GS1003"),
    ("GS1102", "GS0304"),
];

fn is_weaker(code: &str, whole: &BTreeSet<&str>) -> bool {
    WEAKER
        .iter()
        .any(|(strong, weak)| *weak == code && whole.contains(strong))
}

fn codes(text: &str) -> BTreeSet<&'static str> {
    verdicts_of(text)
        .iter()
        .map(|verdict| verdict.code)
        .collect()
}

/// What is found in the rest is something of what was found in the whole, or a
/// problem without a diagnosis.
fn check(fixture: &Fixture, whole: &BTreeSet<&'static str>, rest: &str, what: &str) {
    let found = codes(rest);
    let invented: Vec<_> = found
        .iter()
        .filter(|code| **code != "none" && !whole.contains(*code) && !is_weaker(code, whole))
        .collect();
    assert!(
        invented.is_empty(),
        "{}, {what}: {invented:?} is not in the whole, {whole:?}:\n{rest}",
        fixture.title()
    );
}

#[test]
fn a_cut_log_holds_no_more() {
    for (index, fixture) in fixtures::all().iter().enumerate() {
        let whole = codes(&fixture.text);
        let mut random = Random::new(index as u64);
        let text = fixture.text.as_bytes();
        for _ in 0..PLACES {
            let at = random.below(text.len());
            let as_text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            check(
                fixture,
                &whole,
                &as_text(&text[..at]),
                &format!("the first {at} bytes"),
            );
            check(
                fixture,
                &whole,
                &as_text(&text[at..]),
                &format!("without the first {at} bytes"),
            );
        }
    }
}

#[test]
fn every_line_can_be_missing() {
    for fixture in fixtures::all()
        .iter()
        .filter(|fixture| fixture.text.len() < 4000)
    {
        let whole = codes(&fixture.text);
        let lines: Vec<&str> = fixture.text.lines().collect();
        for missing in 0..lines.len() {
            let rest = [&lines[..missing], &lines[missing + 1..]]
                .concat()
                .join("\n");
            check(
                fixture,
                &whole,
                &rest,
                &format!("without line {}", missing + 1),
            );
        }
    }
}
