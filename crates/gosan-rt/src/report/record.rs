//! The record of a race, from what the runtime knows of it.

use super::process::text;
use super::symbolize::{self, Frame};
use super::{Access, Race, classic, object, tests};
use crate::ids::{self, Biography};
use crate::locks::Held;
use crate::{go, sys};
use alloc::string::String;
use alloc::vec::Vec;
use gosan_wire as wire;
use gosan_wire::{Fingerprint, Kind, Status, operation};

/// The kind of a race and its fingerprint.
pub fn identify(race: &Race) -> (Kind, Fingerprint) {
    let innermost = race
        .accesses
        .each_ref()
        .map(|access| access.stack.first().map_or(&b""[..], |f| f.function));
    let kind = operation::kind(innermost);
    let [one, other] = race
        .accesses
        .each_ref()
        .map(|access| access.stack.iter().map(|frame| frame.function));
    (kind, Fingerprint::of(kind, one, other))
}

/// The record of a race that is seen for the first time.
pub fn of(
    race: &Race,
    (kind, fingerprint): (Kind, Fingerprint),
    status: Status,
    suppressed_by: Option<&[u8]>,
) -> wire::Race {
    let accesses = [access(&race.accesses[0], 2), access(&race.accesses[1], 1)];
    wire::Race {
        schema: wire::SCHEMA,
        fingerprint,
        kind,
        status,
        suppressed_by: suppressed_by.map(text),
        test: accesses[0].test.clone(),
        package: tests::package(),
        goroutines: goroutines(race.accesses.each_ref().map(|access| access.by)),
        object: object::of(race),
        locks: locks(race),
        accesses,
        count: 1,
        time_ms: sys::now_ms(),
        process: None,
    }
}

fn access(access: &Access, order: u8) -> wire::Access {
    let atomic = access.kind.is_atomic();
    wire::Access {
        op: if access.kind.is_write() {
            wire::Op::Write
        } else {
            wire::Op::Read
        },
        atomic,
        // Of a scalar the hook says only where it begins.
        size: (atomic || access.bytes > 1).then_some(access.bytes as u64),
        address: wire::Address(access.address as u64),
        goroutine: access.by.number,
        test: test_of(access.by),
        stack: frames(&access.stack),
        order,
    }
}

fn locks(race: &Race) -> Option<[Vec<wire::Lock>; 2]> {
    let told = |held: &Held| wire::Lock {
        address: wire::Address(held.mutex as u64),
        mode: if held.shared {
            wire::LockMode::Shared
        } else {
            wire::LockMode::Exclusive
        },
        taken_at: frames(&symbolize::stack(held.taken_at)),
    };
    let [later, earlier] = race.accesses.each_ref().map(|access| {
        let held = access.locks.as_ref()?;
        Some(held.iter().map(told).collect())
    });
    Some([later?, earlier?])
}

/// Both goroutines, and then those that they descend from.
fn goroutines(both: [Biography; 2]) -> Vec<wire::Goroutine> {
    let mut told: Vec<wire::Goroutine> = Vec::new();
    let chains = both.map(ids::ancestors);
    let own = both.iter().zip(&chains);
    let own = own.map(|(who, chain)| (*who, chain.first().copied()));
    let others = chains.iter().flat_map(|chain| {
        let parents = chain.iter().skip(1).map(|who| Some(*who));
        chain.iter().copied().zip(parents.chain([None]))
    });
    for (who, parent) in own.chain(others) {
        if told.iter().any(|known| known.id == who.number) {
            continue;
        }
        told.push(wire::Goroutine {
            id: who.number,
            running: who.running,
            parent: parent.map(|parent| parent.number),
            created_at: created_at(who),
            test: test_of(who),
        });
    }
    told
}

fn created_at(who: Biography) -> Vec<wire::Frame> {
    match who.number {
        // Go's own start-up, which no user wrote.
        ids::MAIN => Vec::new(),
        _ => frames(&symbolize::stack(who.created_at)),
    }
}

fn test_of(who: Biography) -> Option<String> {
    tests::of(who.life)
}

/// Frames as the record has them.
pub fn frames(stack: &[Frame]) -> Vec<wire::Frame> {
    let goroots = go::goroots();
    let frame = |frame: &Frame| wire::Frame {
        function: text(frame.function),
        file: text(&classic::users_file(frame.file, goroots)),
        line: frame.line as u64,
        inlined: frame.inlined,
        offset: frame.offset as u64,
    };
    stack.iter().map(frame).collect()
}
