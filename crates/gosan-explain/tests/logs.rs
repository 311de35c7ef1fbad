//! Logs of real programs, and what is in them.
//!
//! `tests/logs/go1.21-*.log` is what `tests/logs/shop.go` printed with that Go, a
//! file for each way in which it went wrong. Reports in forms that no Go of today writes
//! stand in `tests/logs/old-*.log`, and `page-*.log` is what the erroneous examples
//! of `docs/codes/` print, read here without their source. Each log is also read decorated, cut, mixed
//! with other lines and repeated, which must not change what is found.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use gosan_explain::{Explanation, Sources, explain};
use proptest::prelude::*;

/// What a log whose name ends so holds, without the source at hand.
const EXPECTED: &[(&str, &[&str])] = &[
    ("race", &["GS0101", "GS0102"]),
    ("map-writes", &["GS0101"]),
    ("map-read", &["GS0102"]),
    ("map-iteration", &["GS0103"]),
    ("deadlock", &["GS1204"]),
    ("leak-profile1", &["GS1201"]),
    ("leak-profile2", &["GS1201"]),
    ("leak-sigquit", &["GS1201"]),
    ("lock-order", &["GS1205", "GS1202"]),
    ("send-closed", &["GS0801"]),
    ("close-closed", &["GS0802"]),
    ("unlock", &["GS0507"]),
    ("waitgroup-negative", &["GS0703"]),
    ("superfluous", &["GS0206"]),
    ("panic-serving", &["none"]),
    ("other-panic", &["none"]),
    ("large-argument", &["GS1004"]),
    ("log-after-test", &["GS1101"]),
];

/// What is left to say of the examples of these pages without their source:
/// something less sure, or nothing.
const WITHOUT_SOURCE: &[(&str, &[&str])] = &[
    ("GS0101", &["GS0101", "GS0102"]),
    ("GS0204", &["none"]),
    ("GS0301", &["GS0304"]),
    ("GS0302", &["GS0304"]),
    ("GS0303", &["GS0304"]),
    ("GS0401", &["GS0304"]),
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

/// The codes that may be found in a log, by its name.
fn expected(name: &str) -> Vec<&str> {
    if let Some(code) = name.strip_prefix("page-") {
        let known = WITHOUT_SOURCE.iter().find(|(page, _)| *page == code);
        return known.map_or_else(|| vec![code], |(_, codes)| codes.to_vec());
    }
    let known = EXPECTED
        .iter()
        .filter(|(ending, _)| name.ends_with(ending))
        .max_by_key(|(ending, _)| ending.len());
    let (_, codes) = known.unwrap_or_else(|| panic!("nothing is expected of {name}"));
    codes.to_vec()
}

fn codes(explanation: &Explanation) -> Vec<&'static str> {
    explanation
        .findings
        .iter()
        .map(|finding| {
            let diagnosed = finding.diagnosed.as_ref();
            diagnosed.map_or("none", |found| found.diagnosis.code)
        })
        .collect()
}

fn explained(text: &str) -> Explanation {
    explain(text.as_bytes(), &Sources::none(), |_| {}).expect("a text can be read")
}

/// All logs: their names and texts.
fn logs() -> &'static [(String, String)] {
    static LOGS: LazyLock<Vec<(String, String)>> = LazyLock::new(read_logs);
    &LOGS
}

fn read_logs() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let mut logs: Vec<_> = fs::read_dir(&directory)
        .expect("the directory of the logs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("a log"))
        })
        .collect();
    logs.sort();
    logs
}

#[test]
fn every_log_gets_its_codes() {
    let logs = logs();
    assert!(logs.len() > 50, "{} logs", logs.len());
    for (name, text) in logs {
        let expected = expected(name);
        let found = codes(&explained(text));
        assert!(!found.is_empty(), "nothing was found in {name}");
        for code in &found {
            assert!(
                expected.contains(code),
                "{name}: {found:?}, expected {expected:?}"
            );
        }
    }
}

/// Ways in which a log is written that are to change nothing.
fn dress(text: &str, how: usize) -> String {
    let each = |f: &dyn Fn(usize, &str) -> String| -> String {
        text.lines()
            .enumerate()
            .map(|(index, line)| f(index, line))
            .collect()
    };
    match how % 8 {
        0 => each(&|index, line| format!("2024-05-01T10:11:{:02}.{index}Z {line}\n", index % 60)),
        1 => each(&|_, line| format!("api-1  | {line}\n")),
        2 => each(&|_, line| format!("{line}\r\n")),
        3 => each(&|_, line| format!("\u{1b}[31m{line}\u{1b}[0m\n")),
        4 => each(&|index, line| {
            let text = format!("{line}\n");
            let log = serde_json::Value::from(text);
            format!(
                "{{\"log\":{log},\"stream\":\"stderr\",\"time\":\"2024-05-01T10:11:12.{index}Z\"}}\n"
            )
        }),
        5 => each(&|index, line| {
            let text = serde_json::Value::from(format!("{line}\n"));
            format!(
                "{{\"Time\":\"2024-05-01T10:11:12.{index}Z\",\"Action\":\"output\",\"Package\":\"p\",\
                 \"Test\":\"TestX\",\"Output\":{text}}}\n"
            )
        }),
        6 => each(&|_, line| format!("{line}\n2024/05/01 10:11:12 served /cart in 3 ms\n")),
        _ => each(&|index, line| {
            format!(
                "2024-05-01T10:11:12.{index}Z stderr F {line}\n2024-05-01T10:11:12Z stdout F ok\n"
            )
        }),
    }
}

#[test]
fn decoration_changes_nothing() {
    for (name, text) in logs() {
        let plain: BTreeSet<_> = codes(&explained(text)).into_iter().collect();
        for how in 0..8 {
            let found: BTreeSet<_> = codes(&explained(&dress(text, how))).into_iter().collect();
            assert_eq!(found, plain, "{name}, dressed in way {how}");
        }
    }
}

#[test]
fn repetition_is_counted() {
    for (name, text) in logs() {
        let once = explained(text);
        let often = explained(&format!("{text}\nrestarted\n").repeat(5));
        assert_eq!(often.findings.len(), once.findings.len(), "{name}");
        for (one, five) in once.findings.iter().zip(&often.findings) {
            assert_eq!(five.occurrences, 5 * one.occurrences, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is cut off may be lost. Nothing else may come of it.
    #[test]
    fn a_cut_log_holds_no_more(choice in 0usize..1000, from in 0.0f64..1.0, to in 0.0f64..1.0) {
        let logs = logs();
        let (name, text) = &logs[choice % logs.len()];
        let lines: Vec<&str> = text.lines().collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let at = |part: f64| (part * lines.len() as f64) as usize;
        let (from, to) = (at(from.min(to)), at(from.max(to)));
        let found = explained(&lines[from..to].join("\n"));
        let whole = explained(text);
        prop_assert!(found.findings.len() <= whole.findings.len() + 1, "{}", name);
    }

    /// Two containers that write at the same time are told apart.
    #[test]
    fn mixed_logs_are_told_apart(one in 0usize..1000, other in 0usize..1000) {
        let logs = logs();
        let (first, second) = (&logs[one % logs.len()], &logs[other % logs.len()]);
        let mut expected: BTreeSet<_> = codes(&explained(&first.1)).into_iter().collect();
        expected.extend(codes(&explained(&second.1)));
        let mut lines = [first.1.lines(), second.1.lines()];
        let mut mixed = String::new();
        loop {
            let next = [lines[0].next(), lines[1].next()];
            if next == [None, None] {
                break;
            }
            for (container, line) in ["web-a", "db-b"].iter().zip(next) {
                if let Some(line) = line {
                    mixed.push_str(&format!("{container} | {line}\n"));
                }
            }
        }
        let found: BTreeSet<_> = codes(&explained(&mixed)).into_iter().collect();
        prop_assert_eq!(found, expected, "{} and {}", first.0, second.0);
    }
}
