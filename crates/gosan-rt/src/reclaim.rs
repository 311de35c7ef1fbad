//! Frees the numbers that nothing names any more: segments, slots, lives, sets.
//!
//! A mark-and-sweep pass over the shadow, beside the running program.  It marks
//! the segments that some cell names and frees the others, then the slots of
//! ended goroutines that no segment names, then the lives that neither a
//! segment nor a goroutine names.
//!
//! # Why it frees nothing that is in use
//!
//! - Only segments that existed when the pass began are candidates.  A
//!   candidate that can still be written into a cell is in the last batch that
//!   a live goroutine took; those are marked first, and whatever a goroutine
//!   takes later is not a candidate.
//! - Records move only within their cell, and a box is read under the cell's
//!   lock bit, so no move escapes the pass.
//! - A goroutine may have read a record before the pass and still be looking
//!   its segment up.  It is *busy* then.  The pass waits, after a barrier on
//!   all threads, until each goroutine was seen not busy; what becomes busy
//!   later finds marked or new segments only.
//! - Shared sets: see [`crate::sets`].  The segments of a set that is looked up
//!   during the pass are those of a cell that the pass marks, and the present
//!   one of a goroutine.
//! - A life is a candidate if its goroutine had ended when the pass began; it
//!   begins no segment afterwards.

use crate::bits::Bits;
use crate::cell;
use crate::ids::{self, Life, Unnamed};
use crate::lock::Lock;
use crate::racectx::{self, RaceCtx};
use crate::sets;
use crate::shadow;
use crate::sys;
use alloc::vec::Vec;
use gosan_engine::record::Segment;

/// How far up the chain of creators lives are kept.
const CREATORS_KEPT: usize = 64;

static ONE_AT_A_TIME: Lock<()> = Lock::new(());

/// Runs a pass on the thread of `me`, which must not be busy.
#[cold]
#[inline(never)]
pub fn run(me: &RaceCtx) {
    let Some(_pass) = ONE_AT_A_TIME.try_lock() else {
        return;
    };
    let census = ids::census();
    let free_lives = Bits::of(&census.free_lives);
    let mut lives = Bits::new();
    let mut candidates = Bits::new();
    for life in 1..census.lives {
        if free_lives.has(life) {
            continue;
        }
        if ids::has_ended(Life(life)) {
            candidates.add(life);
        } else {
            keep_life(&mut lives, Life(life));
        }
    }
    sets::begin_marking();
    wait_until_nobody_is_busy(me);
    let (marked, sets_in_cells, cells) = mark(&census.taken);
    wait_until_nobody_is_busy(me);
    sets::sweep(&sets_in_cells);

    let free_segments = Bits::of(&census.free_segments);
    let mut slots = Bits::new();
    let mut segments = Vec::new();
    for id in 1..census.segments {
        if marked.has(id) {
            slots.add(ids::slot_and_time(Segment(id)).0);
            keep_life(&mut lives, ids::life_of(Segment(id)));
        } else if !free_segments.has(id) {
            segments.push(id);
        }
    }
    let lives: Vec<u32> = (1..census.lives)
        .filter(|life| candidates.has(*life) && !lives.has(*life))
        .collect();
    ids::free(
        &census,
        Unnamed {
            segments,
            lives,
            cells,
            slot_in_use: &|slot| slots.has(slot),
        },
    );
}

/// The segments and the shared sets that something names, and the number of
/// cells that were looked at.
fn mark(taken: &[u32]) -> (Bits, Bits, usize) {
    let (mut segments, mut sets) = (Bits::of(taken), Bits::new());
    let mut cells = 0;
    racectx::for_each_alive(|ctx| segments.add(ctx.shown_segment().0));
    shadow::for_each_cell(|cell| {
        cells += 1;
        if let Some(set) = cell.for_each_record(|record| segments.add(record.segment().0)) {
            sets.add(set.0);
        }
    });
    (segments, sets, cells)
}

fn keep_life(lives: &mut Bits, mut life: Life) {
    for _ in 0..CREATORS_KEPT {
        if lives.has(life.0) {
            return;
        }
        lives.add(life.0);
        life = ids::creator_of(life);
    }
}

fn wait_until_nobody_is_busy(me: &RaceCtx) {
    if !sys::barrier_on_all_threads() {
        sys::barrier_by_remapping();
    }
    racectx::for_each_alive(|ctx| {
        let mut tries = 0;
        while ctx.is_busy() && !core::ptr::eq(ctx, me) {
            cell::wait(&mut tries);
        }
    });
}
