//! Puts the races of several processes, runs and machines together.
//!
//! A fingerprint is the same for two races of the same two functions, which
//! may be on two variables. So a race is one here if its fingerprint, the lines
//! of both sides and the name of the variable, if it has one, are the same; `x++` on both sides is a read and a write
//! of one line, and stays one race. Where records come from different versions
//! of the source the lines differ, and each version's race is shown.

use std::collections::{BTreeSet, HashMap};

use gosan_wire::{Fingerprint, Race, Status};

use crate::escape::visible;
use crate::frames;
use crate::model::TestName;

/// One race with everything that was seen of it.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The first record of each test, with the count of all in that test. All
    /// have the most urgent status.
    pub records: Vec<Race>,
    /// How often it was seen in all.
    pub total: u64,
    /// Where it was seen.
    pub tests: BTreeSet<TestName>,
}

/// What makes two records one race.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    fingerprint: Fingerprint,
    places: [(String, u64); 2],
    symbol: Option<String>,
}

/// Puts records together. The order is that of first sight.
pub fn merge(races: impl IntoIterator<Item = Race>) -> Vec<Merged> {
    let mut merged: Vec<Merged> = Vec::new();
    let mut known = HashMap::new();
    for race in races {
        let at = *known.entry(identity(&race)).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(first) => first.add(race),
            None => merged.push(Merged {
                tests: BTreeSet::from([test_name(&race)]),
                total: race.count,
                records: vec![race],
            }),
        }
    }
    merged
}

impl Merged {
    /// What makes it this race and no other.
    pub fn identity(&self) -> Identity {
        identity(&self.records[0])
    }

    fn add(&mut self, race: Race) {
        self.total = self.total.saturating_add(race.count);
        let status = more_urgent(self.records[0].status, race.status);
        let in_same_test =
            |known: &&mut Race| (&known.test, &known.package) == (&race.test, &race.package);
        match self.records.iter_mut().find(in_same_test) {
            Some(known) => known.count = known.count.saturating_add(race.count),
            None => {
                self.tests.insert(test_name(&race));
                self.records.push(race);
            }
        }
        for record in &mut self.records {
            record.status = status;
        }
    }
}

fn identity(race: &Race) -> Identity {
    let mut places = race.accesses.each_ref().map(|access| {
        match access.stack.get(frames::place(&access.stack)) {
            Some(frame) => (frame.function.clone(), frame.line),
            None => Default::default(),
        }
    });
    places.sort();
    Identity {
        fingerprint: race.fingerprint,
        places,
        symbol: race.object.symbol.clone(),
    }
}

fn test_name(race: &Race) -> TestName {
    let name = |text: &Option<String>| visible(text.as_deref().unwrap_or_default()).into_owned();
    TestName {
        package: name(&race.package),
        test: name(&race.test),
    }
}

/// A race that one run calls new is new, even if another knew it.
fn more_urgent(one: Status, other: Status) -> Status {
    match (one, other) {
        (Status::New, _) | (_, Status::New) => Status::New,
        (Status::Known, _) | (_, Status::Known) => Status::Known,
        (Status::Suppressed, Status::Suppressed) => Status::Suppressed,
    }
}
