//! Accesses at the same instant, in every order of their steps: of each two, at
//! least one sees the other, and none is forgotten.
//!
//! Loom runs the runtime's own code ([`crate::quick`], [`crate::access`]) with the cell as its
//! atomic, so every interleaving of loads, compare-and-swaps, lock bits and
//! releases of a cell comes up.  What lies behind the lock bit is one step.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --package gosan-rt --lib same_instant
//! ```

use crate::access;
use crate::cell::Cell;
use crate::ids::{self, Life};
use crate::quick;
use crate::racectx::{self, RaceCtx};
use crate::recent;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use gosan_engine::goroutine::Goroutine;
use gosan_engine::record::{Kind, Record, StackId};
use gosan_engine::span::Span;
use loom::thread;

const ADDRESS: usize = 0xc0_0000_1000;

/// One access of a goroutine of its own.
type Access = (Kind, Span);

fn goroutine() -> &'static RaceCtx {
    crate::test_support::reserve();
    let (slot, time) = ids::slot_for_first();
    racectx::create(Goroutine::first(slot, time), Life(0))
}

/// A record of a segment and a stack that never were before: nothing that was
/// remembered of an earlier run is about it.
fn fresh(access: Access) -> Record {
    static STACKS: AtomicU32 = AtomicU32::new(1);
    let (slot, _) = ids::slot_for_first();
    let taken = [AtomicU32::new(0)];
    ids::take_segments(&taken);
    let id = taken[0].load(Ordering::Relaxed);
    let segment = ids::begin_segment(id, slot, 1, Life(0));
    let stack = StackId(STACKS.fetch_add(1, Ordering::Relaxed) % 1_000_000 + 1);
    Record::new(segment, stack, access.1, access.0)
}

/// Makes the access.  What it raced with.
fn make(ctx: &RaceCtx, cell: &Cell, new: Record) -> Vec<Record> {
    // SAFETY: each thread has a context of its own.
    let inner = unsafe { ctx.inner() };
    inner.segment = new.segment();
    let mut hits = Vec::new();
    let touched = AtomicU8::new(0);
    // As a hook does: on the goroutine's own stack first.
    if quick::recorded(inner, cell, &touched, cell.load(), new, new.kind()) {
        return Vec::new();
    }
    access::check_cell(inner, cell, &touched, ADDRESS, new, &mut hits);
    hits.iter().map(|hit| hit.old).collect()
}

/// Lets the accesses come at once, after the others have come in turn.  `often`
/// says that the cell has met such pairs often, so that it gets a shared set.
fn at_once(before: &'static [Access], accesses: &'static [Access], often: bool) {
    let contexts: Vec<_> = (0..before.len() + accesses.len())
        .map(|_| goroutine())
        .collect();
    let mut model = loom::model::Builder::new();
    // Without a bound for two; three threads have too many orders.
    model.preemption_bound = (accesses.len() > 2).then_some(3);
    model.check(move || {
        let cell = Arc::new(Cell::new());
        for (ctx, access) in contexts.iter().zip(before) {
            make(ctx, &cell, fresh(*access));
        }
        let records: Vec<Record> = accesses.iter().map(|access| fresh(*access)).collect();
        if often {
            let contents = records.iter().map(|record| record.bits());
            for content in contents.chain([cell.bits()]) {
                for new in &records {
                    (0..20).for_each(|_| recent::count(0, content, *new));
                }
            }
        }
        let start = |(index, new): (usize, &Record)| {
            let (cell, new) = (cell.clone(), *new);
            let ctx = contexts[before.len() + index];
            thread::spawn(move || make(ctx, &cell, new))
        };
        let threads: Vec<_> = records.iter().enumerate().map(start).collect();
        let seen: Vec<Vec<Record>> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        for (i, one) in records.iter().enumerate() {
            for (j, other) in records.iter().enumerate().skip(i + 1) {
                let told = seen[i].contains(other) || seen[j].contains(one);
                assert_eq!(told, one.conflicts_with(*other), "{i} and {j}");
            }
        }
        let mut left = Vec::new();
        cell.for_each_record(|record| left.push(record));
        for record in &records {
            assert!(left.contains(record), "a record was forgotten");
        }
    });
}

const WRITE: Access = (Kind::Write, Span::WHOLE);
const READ: Access = (Kind::Read, Span::WHOLE);
const WRITE_1: Access = (Kind::Write, Span::new(1, 1));
const WRITE_2: Access = (Kind::Write, Span::new(2, 1));
const READ_2: Access = (Kind::Read, Span::new(2, 1));
const ADD: Access = (Kind::AtomicWrite, Span::WHOLE);

#[test]
fn two_on_an_empty_word() {
    at_once(&[], &[WRITE, WRITE], false);
    at_once(&[], &[READ, WRITE], false);
    at_once(&[], &[READ, READ], false);
}

#[test]
fn two_on_a_word_with_one_record() {
    at_once(&[READ], &[WRITE, READ], false);
    at_once(&[WRITE], &[WRITE, WRITE], false);
}

#[test]
fn two_on_a_word_with_a_box() {
    at_once(&[READ, WRITE], &[WRITE, READ], false);
    // The box is full, and grows.
    at_once(&[READ, READ], &[WRITE, WRITE], false);
    at_once(&[READ, READ, READ, READ, READ, READ], &[WRITE, READ], false);
}

#[test]
fn two_on_a_word_with_a_shared_set() {
    at_once(&[], &[READ, READ], true);
    at_once(&[READ], &[READ, WRITE], true);
    at_once(&[READ], &[READ, READ], true);
}

#[test]
fn neighbours_in_a_word() {
    at_once(&[], &[WRITE_1, WRITE_2], false);
    at_once(&[READ_2], &[WRITE_1, WRITE_2], false);
    at_once(&[WRITE_1], &[READ_2, WRITE], false);
}

#[test]
fn atomic_and_plain() {
    at_once(&[], &[ADD, READ], false);
    at_once(&[ADD], &[ADD, READ], false);
}

#[test]
fn three_at_once() {
    at_once(&[], &[WRITE, READ, WRITE], false);
    at_once(&[READ], &[WRITE, READ, WRITE_1], false);
}
