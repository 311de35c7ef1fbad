//! Races of several runs and machines, put together.

use crate::common::{on_a_global, on_a_map, rendered, report};
use gosan_wire::read::Records;
use gosan_wire::{Race, Status};

fn statuses(records: Vec<Race>) -> Vec<(Status, u64, usize)> {
    let report = report(records);
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.race.status, finding.race.count, finding.tests.len()))
        .collect()
}

/// The same race as another machine sees it.
fn elsewhere() -> Race {
    let mut race = on_a_map();
    race.accesses.swap(0, 1);
    (race.accesses[0].order, race.accesses[1].order) = (2, 1);
    for access in &mut race.accesses {
        access.address.0 += 64;
        for frame in &mut access.stack {
            frame.file = frame.file.replace("tests/shop", "elsewhere");
        }
    }
    race
}

#[test]
fn the_same_race_is_one_with_all_counts() {
    assert_eq!(
        statuses(vec![on_a_map(), elsewhere()]),
        [(Status::New, 6, 1)]
    );
    let mut other_test = elsewhere();
    other_test.test = Some("TestOther".to_owned());
    assert_eq!(
        statuses(vec![on_a_map(), other_test]),
        [(Status::New, 6, 2)]
    );
    let both = vec![on_a_global(), on_a_map()];
    assert_eq!(statuses(both), [(Status::New, 1, 1), (Status::New, 3, 1)]);
}

#[test]
fn two_lines_of_one_fingerprint_are_two_races() {
    let mut other_line = on_a_map();
    other_line.accesses[0].stack[1].line = 19;
    assert_eq!(statuses(vec![on_a_map(), other_line]).len(), 2);
}

#[test]
fn new_anywhere_is_new() {
    let with = |status| Race {
        status,
        ..on_a_map()
    };
    for (one, other, both) in [
        (Status::Known, Status::New, Status::New),
        (Status::Suppressed, Status::Known, Status::Known),
        (Status::Suppressed, Status::Suppressed, Status::Suppressed),
    ] {
        assert_eq!(statuses(vec![with(one), with(other)]), [(both, 6, 1)]);
        assert_eq!(statuses(vec![with(other), with(one)]), [(both, 6, 1)]);
    }
}

#[test]
fn what_json_writes_can_be_put_together_again() {
    let mut other_test = elsewhere();
    other_test.test = Some("TestOther".to_owned());
    let first = report(vec![on_a_map(), on_a_global(), other_test]);
    let mut records = Records::default();
    for name in ["a.jsonl", "b.jsonl"] {
        let text = rendered("json", &first);
        records.add_text(name.as_ref(), text.as_bytes()).unwrap();
    }
    assert_eq!(
        statuses(records.races),
        [(Status::New, 12, 2), (Status::New, 2, 1)]
    );
}
