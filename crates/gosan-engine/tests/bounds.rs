//! What the bounds of a word's records drop, and what they must not.

use gosan_engine::record::{Kind, Record, Segment, StackId};
use gosan_engine::span::Span;
use gosan_engine::word_set::{ENDED_ALIKE, Insert, Order, RACED_ALIKE, WordSet};
use std::sync::atomic::AtomicU64;

/// Everybody has ended, and only the segments from `first` on are known.
struct View {
    known_from: u32,
    short: bool,
}

impl Order for View {
    fn knows(&self, segment: Segment) -> bool {
        segment.0 >= self.known_from
    }

    fn is_own(&self, _: Segment) -> bool {
        false
    }

    fn has_ended(&self, _: Segment) -> bool {
        true
    }

    fn memory_is_short(&self) -> bool {
        self.short
    }
}

fn access(segment: u32, stack: u32, kind: Kind) -> Record {
    Record::new(Segment(segment), StackId(stack), Span::WHOLE, kind)
}

/// Fills `room` records with reads of one place by goroutines that know nothing.
fn readers(storage: &[AtomicU64], short: bool) -> (WordSet<'_>, Insert) {
    let view = View {
        known_from: u32::MAX,
        short,
    };
    let mut set = WordSet::new(storage, 0, 0);
    for segment in 1..=storage.len() as u32 {
        let stored = set.insert(access(segment, 7, Kind::Read), &view, |_| {});
        assert_eq!(stored, Insert::Stored(Default::default()));
    }
    let next = storage.len() as u32 + 1;
    let answer = set.insert(access(next, 7, Kind::Read), &view, |_| {});
    (set, answer)
}

fn storage(room: usize) -> Vec<AtomicU64> {
    (0..room).map(|_| AtomicU64::new(0)).collect()
}

#[test]
fn no_ended_reader_is_forgotten_while_memory_is_there() {
    let storage = storage(62);
    let (mut set, answer) = readers(&storage, false);
    assert_eq!((answer, set.len()), (Insert::Full, 62));
    // The writer waited for all but the first.
    let view = View {
        known_from: 2,
        short: false,
    };
    let mut raced = Vec::new();
    set.insert(access(100, 8, Kind::Write), &view, |old| raced.push(old));
    assert_eq!(raced, [access(1, 7, Kind::Read)]);
}

#[test]
fn ended_readers_go_when_memory_is_short_and_are_counted() {
    let storage = storage(62);
    let (set, answer) = readers(&storage, true);
    let Insert::Stored(stored) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((stored.ended, stored.raced), (62 - ENDED_ALIKE, 0));
    assert_eq!(set.len(), ENDED_ALIKE + 1);
}

#[test]
fn a_set_that_must_grow_anyway_drops_nothing() {
    // Nothing here reads alike, so the bound makes no room.
    let storage = storage(62);
    let view = View {
        known_from: u32::MAX,
        short: true,
    };
    let mut set = WordSet::new(&storage, 0, 0);
    for segment in 1..=62 {
        set.insert(access(segment, segment / 2, Kind::Read), &view, |_| {});
    }
    let answer = set.insert(access(63, 99, Kind::Read), &view, |_| {});
    assert_eq!((answer, set.len()), (Insert::Full, 62));
}

#[test]
fn what_cannot_be_stored_is_still_reported() {
    let storage = storage(2);
    let view = View {
        known_from: u32::MAX,
        short: false,
    };
    let mut set = WordSet::new(&storage, 0, 0);
    set.insert(access(1, 1, Kind::Write), &view, |_| {});
    set.insert(access(2, 2, Kind::Write), &view, |_| {});
    let new = access(3, 3, Kind::Write);
    assert_eq!(set.insert(new, &view, |_| {}), Insert::Full);
    let mut raced = 0;
    set.report_only(new, &view, |_| raced += 1);
    assert_eq!((raced, set.len()), (2, 2));
}

#[test]
fn raced_records_of_one_place_are_bounded_and_counted() {
    let storage = storage(1000);
    let view = View {
        known_from: u32::MAX,
        short: false,
    };
    let mut set = WordSet::new(&storage, 0, 0);
    let mut dropped = 0;
    for segment in 1..=500 {
        match set.insert(access(segment, 7, Kind::Write), &view, |_| {}) {
            Insert::Stored(stored) => dropped += stored.raced,
            other => panic!("{other:?}"),
        }
    }
    assert!(set.len() <= RACED_ALIKE, "{} records", set.len());
    assert_eq!(dropped + set.len(), 500);
}
