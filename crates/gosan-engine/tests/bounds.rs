//! What the bounds of a word's records drop, and what they must not.

use gosan_engine::record::{Kind, Record, Segment, StackId};
use gosan_engine::span::Span;
use gosan_engine::word_set::{ENDED_ALIKE, Insert, Order, RACED_ALIKE, WordSet};
use std::sync::atomic::AtomicU64;

/// Everybody has ended, and only the segments from `first` on are known.
struct View {
    known_from: u32,
    short: bool,
    /// Whether all of them are the goroutine's own.
    own: bool,
}

impl Order for View {
    fn knows(&self, segment: Segment) -> bool {
        segment.0 >= self.known_from
    }

    fn is_own(&self, _: Segment) -> bool {
        self.own
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
        own: false,
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
        own: false,
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
        own: false,
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
        own: false,
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
        own: false,
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

/// Who knows all, which was its own.
const OWN: View = View {
    known_from: 0,
    short: false,
    own: true,
};

#[test]
fn loops_over_bytes_stand_for_the_loops_before() {
    let storage = storage(62);
    let mut set = WordSet::new(&storage, 0, 0);
    let byte = |segment, stack, at, kind| {
        Record::new(Segment(segment), StackId(stack), Span::new(at, 1), kind)
    };
    for segment in 1..100 {
        // The first byte is touched elsewhere than the others, and all are written
        // in one round and read in the next.
        let kind = [Kind::Read, Kind::Write][segment as usize % 2];
        for at in 0..8 {
            let stack = if at == 0 { 1 } else { 2 };
            set.insert(byte(segment, stack, at, kind), &OWN, |_| {});
        }
        assert!(set.len() <= 4, "{} records in round {segment}", set.len());
    }
    let bytes = |kind: Kind| {
        let of_kind = set.iter().filter(|record| record.kind() == kind);
        of_kind.fold(0, |mask, record| mask | record.span().mask())
    };
    assert_eq!((bytes(Kind::Read), bytes(Kind::Write)), (0, 0xff));
}

#[test]
fn reads_do_not_stand_for_writes_nor_some_bytes_for_others() {
    let record = |segment, stack, start, kind| {
        Record::new(Segment(segment), StackId(stack), Span::new(start, 4), kind)
    };
    let others = View { own: false, ..OWN };
    for (kind, view) in [
        (Kind::Read, &OWN),
        (Kind::Write, &OWN),
        (Kind::Write, &others),
    ] {
        let storage = storage(6);
        let mut set = WordSet::new(&storage, 0, 0);
        let whole = Record::new(Segment(1), StackId(7), Span::WHOLE, Kind::Write);
        let stays = |set: &WordSet| set.iter().any(|old| old == whole);
        set.insert(whole, view, |_| {});
        set.insert(record(2, 8, 0, Kind::Write), view, |_| {});
        assert!(stays(&set));
        // What is another's may have become known between these two.
        set.insert(record(2, 9, 4, kind), view, |_| {});
        assert_eq!(stays(&set), kind == Kind::Read || !view.own);
        // Of two segments, one may be known without the other.
        let storage = storage_of(&[whole, record(2, 8, 0, Kind::Write)]);
        let mut set = WordSet::new(&storage, 2, 2);
        set.insert(record(3, 9, 4, kind), &OWN, |_| {});
        assert!(stays(&set));
    }
}

fn storage_of(records: &[Record]) -> Vec<AtomicU64> {
    let room = storage(6);
    for (place, record) in room.iter().zip(records) {
        place.store(record.bits(), std::sync::atomic::Ordering::Relaxed);
    }
    room
}
