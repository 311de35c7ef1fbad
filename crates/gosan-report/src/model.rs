//! A report: races as they are to be shown, whatever the rendering.
//!
//! Everything that the renderings share is decided here, once: which frame of
//! a stack is shown, what is marked in its line, what the race is called in
//! words. A rendering arranges that and adds nothing to it.

use std::collections::BTreeSet;

use gosan_wire::{Access, Frame, Goroutine, Lock, Race, Status};
use serde::Serialize;

use crate::deed::Deed;
use crate::frames;
use crate::merge::Merged;
use crate::paths::Paths;
use crate::source::{Excerpt, Sources};
use crate::{show, words};

/// All races of one run, or of several put together.
pub struct Report {
    /// New ones first, then known ones; each in the order in which they came.
    /// Suppressed ones come last.
    pub findings: Vec<Finding>,
    /// How file names are shown.
    pub paths: Paths,
    /// What to type to see more.
    pub more: Option<&'static str>,
}

/// One race.
pub struct Finding {
    /// The records, one for each test, as they were written.
    records: Vec<Race>,
    /// The first of them with the counts of all, and with everything invisible spelled out.
    pub race: Race,
    /// One sentence: what is raced on, and what both sides do to it.
    pub headline: String,
    /// The two accesses in the order of time: (1) is the earlier.
    pub sides: [Side; 2],
    /// What to do about it, where a diagnosis says so.
    pub advice: Option<Advice>,
    /// The tests in which it was seen, with their packages.
    pub tests: BTreeSet<TestName>,
}

/// A test, by its package and its own name; either may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestName {
    /// The import path.
    pub package: String,
    /// With subtests: `TestA/b`. Empty outside of tests.
    pub test: String,
}

/// One side of a race, as it is shown.
pub struct Side {
    /// 1 for the earlier access, 2 for the later one.
    pub number: u8,
    /// Its place in the record's `accesses`.
    index: usize,
    /// Which frame of the stack is shown with its source.
    pub place: usize,
    /// What is done.
    pub deed: Deed,
    /// The source around it, where it is there.
    pub excerpt: Option<Excerpt>,
}

/// What a diagnosis says of a race.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// The diagnosis, to be looked up: `gosan explain CODE`.
    pub code: String,
    /// What is wrong, in a few words.
    pub title: String,
    /// What to do next.
    pub help: String,
    /// A page with more.
    pub url: Option<String>,
}

/// Looks at a race and says what to do, if it knows the pattern.
pub type Diagnose<'a> = dyn Fn(&Race) -> Option<Advice> + 'a;

impl Report {
    /// Prepares races to be shown; the diagnoses are asked here and nowhere
    /// else.
    pub fn new(merged: Vec<Merged>, paths: Paths, diagnose: &Diagnose) -> Self {
        let sources = Sources::default();
        let mut findings: Vec<_> = merged
            .into_iter()
            .map(|merged| Finding::new(merged, &sources, diagnose))
            .collect();
        findings.sort_by_key(|finding| match finding.race.status {
            Status::New => 0,
            Status::Known => 1,
            Status::Suppressed => 2,
        });
        Self {
            findings,
            paths,
            more: None,
        }
    }

    /// The races with a status.
    pub fn with_status(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.race.status == status)
    }

    /// The races that are shown: all that no suppression covers.
    pub fn shown(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.race.status != Status::Suppressed)
    }
}

impl Finding {
    fn new(merged: Merged, sources: &Sources, diagnose: &Diagnose) -> Self {
        let Merged {
            records,
            total,
            tests,
        } = merged;
        let record = &records[0];
        let mut race = show::made_visible(record);
        race.count = total;
        let earlier = usize::from(record.accesses[0].order > record.accesses[1].order);
        let side = |number: u8, index: usize| {
            let access = &record.accesses[index];
            let place = frames::place(&access.stack);
            let deed = Deed::of(access, place);
            let excerpt = access.stack.get(place).and_then(|frame| {
                let line = usize::try_from(frame.line).ok()?;
                sources.excerpt(&frame.file, line, deed.wanted.as_ref())
            });
            Side {
                number,
                index,
                place,
                deed,
                excerpt,
            }
        };
        let sides = [side(1, earlier), side(2, 1 - earlier)];
        Self {
            headline: words::headline(&race, &sides),
            advice: diagnose(record),
            sides,
            race,
            tests,
            records,
        }
    }

    /// The records as they were written, one for each test in which the race
    /// was seen, for a rendering that escapes for itself.
    pub fn records(&self) -> &[Race] {
        &self.records
    }

    /// The locks that a side held; None where locks were not followed.
    pub fn locks(&self, side: &Side) -> Option<&[Lock]> {
        let locks = self.race.locks.as_ref()?;
        Some(&locks[side.index])
    }

    /// The access of a side.
    pub fn access(&self, side: &Side) -> &Access {
        &self.race.accesses[side.index]
    }

    /// The frame of a side that is shown with its source.
    pub fn frame(&self, side: &Side) -> Option<&Frame> {
        self.access(side).stack.get(side.place)
    }

    /// What is known of a goroutine.
    pub fn goroutine(&self, id: u64) -> Option<&Goroutine> {
        self.race
            .goroutines
            .iter()
            .find(|goroutine| goroutine.id == id)
    }

    /// A goroutine and all that it descends from, itself first.
    pub fn ancestry(&self, id: u64) -> Vec<&Goroutine> {
        let mut chain = Vec::new();
        let mut next = self.goroutine(id);
        // A record that someone else wrote may lead in a circle.
        while let Some(goroutine) = next.filter(|_| chain.len() < self.race.goroutines.len()) {
            chain.push(goroutine);
            next = goroutine.parent.and_then(|parent| self.goroutine(parent));
        }
        chain
    }

    /// The rule that it falls under, for programs.
    pub fn code(&self) -> &str {
        self.advice
            .as_ref()
            .map_or("data-race", |advice| advice.code.as_str())
    }
}
