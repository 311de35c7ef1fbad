//! The numbers that records are made of, and their reuse.
//!
//! - A *segment* is a stretch of one goroutine's time: (slot, time, life).
//!   Every record names one, so each publishing of a goroutine's time that is
//!   followed by an access uses one up.
//! - A *slot* names a goroutine in clocks.  When it may be used again, and why
//!   that is sound, is proved in [`gosan_engine::goroutine`].
//! - A *life* is what a report says of a goroutine: its number and where it
//!   was created.  It is kept as long as a record may ask for it.
//!
//! All three are freed by [`crate::reclaim`].

use crate::lock::Lock;
use crate::racectx::{self, RaceCtx};
use crate::reclaim;
use crate::region::Region;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use gosan_engine::clock::{Slot, Time};
use gosan_engine::goroutine::Goroutine;
use gosan_engine::record::{SEGMENT_LIMIT, Segment, StackId};

/// Slots that the clocks can name.
const SLOT_LIMIT: usize = 1 << 24;
/// Segments begun, at least, between two passes of reclaim.
const RECLAIM_SEGMENTS: u32 = 1 << 17;
/// Cells that a pass may look at for each segment begun since the last.
const CELLS_FOR_SEGMENT: usize = 16;
/// Slots of ended goroutines, at least, between two passes of reclaim.
const RECLAIM_SLOTS: usize = 1 << 13;
/// Slots of ended goroutines that a start looks at.
const SLOT_TRIES: usize = 8;

/// Index of what is known of a goroutine for reports; 0 is Go's start-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life(pub u32);

/// The number of the main goroutine, the first that Go creates.
pub const MAIN: u64 = 1;

/// What accesses ask for lies apart from what reports do: more of it stays in the caches.
struct SegmentEntry {
    slot: AtomicU32,
    time: AtomicU32,
}

struct LifeEntry {
    number: AtomicU64,
    created_at: AtomicU32,
    creator: AtomicU32,
    state: AtomicU32,
    /// See [`crate::report::tests`]; inherited from the creator.
    test: AtomicU32,
}

const RUNNING: u32 = 1;
const ENDED: u32 = 2;

// SAFETY: zero is valid for entries made of atomics.
static SEGMENTS: Region<SegmentEntry> = unsafe { Region::new(SEGMENT_LIMIT as usize) };
/// The life of each segment.
// SAFETY: as above.
static SEGMENT_LIVES: Region<AtomicU32> = unsafe { Region::new(SEGMENT_LIMIT as usize) };
// SAFETY: as above.
static LIVES: Region<LifeEntry> = unsafe { Region::new(SLOT_LIMIT) };
static IDS: Lock<Ids> = Lock::new(Ids::new());
static ERA: AtomicU32 = AtomicU32::new(0);
static DUE: AtomicU32 = AtomicU32::new(0);

struct Ids {
    segments: Numbers,
    lives: Numbers,
    /// Highest slot ever used.
    slots_used: Slot,
    /// The last time of each slot's former owners; 0 where there was none.
    left_at: Vec<Time>,
    /// Slots of ended goroutines with the last time that something may ask for.
    ended: Vec<EndedSlot>,
    /// Slots that nothing names any more, with the first time they may have.
    free: Vec<(Slot, Time)>,
    /// Whether some were freed in the present era.
    freed_in_era: bool,
    segments_since_reclaim: u32,
    reclaim_after: u32,
    /// As [`RECLAIM_SEGMENTS`] and [`RECLAIM_SLOTS`], or what a test wants.
    least_segments: u32,
    least_slots: usize,
    ended_at_reclaim: usize,
    goroutines: u64,
}

#[derive(Clone, Copy)]
struct EndedSlot {
    slot: Slot,
    /// Who knows this time knows all that the goroutine did.
    last: Time,
    /// The next owner's first time.
    next: Time,
}

/// Hands out numbers, freed ones first.
struct Numbers {
    next: u32,
    freed: Vec<u32>,
}

impl Numbers {
    const fn new(next: u32) -> Numbers {
        Numbers {
            next,
            freed: Vec::new(),
        }
    }

    fn take(&mut self) -> u32 {
        self.freed.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

impl Ids {
    const fn new() -> Ids {
        Ids {
            segments: Numbers::new(1),
            lives: Numbers::new(1),
            slots_used: 0,
            left_at: Vec::new(),
            ended: Vec::new(),
            free: Vec::new(),
            freed_in_era: false,
            segments_since_reclaim: 0,
            reclaim_after: RECLAIM_SEGMENTS,
            least_segments: RECLAIM_SEGMENTS,
            least_slots: RECLAIM_SLOTS,
            ended_at_reclaim: 0,
            goroutines: 0,
        }
    }

    fn slot(&mut self, knows: impl Fn(Slot, Time) -> bool) -> (Slot, Time) {
        let tried = self.ended.len().saturating_sub(SLOT_TRIES)..self.ended.len();
        for i in tried.rev() {
            let old = self.ended[i];
            if knows(old.slot, old.last) {
                self.ended.swap_remove(i);
                return (old.slot, old.next);
            }
        }
        if let Some(free) = self.free.pop() {
            // Before its new owner runs, so that no short way is taken across.
            if core::mem::take(&mut self.freed_in_era) {
                end_era();
            }
            return free;
        }
        self.slots_used += 1;
        if self.slots_used as usize >= SLOT_LIMIT {
            crate::fatal("gosan: more than 16 million goroutines left unordered accesses behind");
        }
        (self.slots_used, 1)
    }
}

/// Reserves the address space.
pub fn reserve() -> bool {
    let reserved =
        SEGMENTS.reserve() && SEGMENT_LIVES.reserve() && LIVES.reserve() && LIVES.ensure(0);
    LIVES.get(0).state.store(RUNNING, Ordering::Relaxed);
    reserved
}

/// Lets reclaim run after so many new segments, or ended goroutines, already:
/// tests exercise the reuse of numbers by it.
pub fn reclaim_after(least: u32) {
    let mut ids = IDS.lock();
    ids.reclaim_after = least;
    ids.least_segments = least;
    ids.least_slots = least as usize;
}

/// The present era: see [`gosan_engine::sync_clock`].
#[inline]
pub fn era() -> gosan_engine::sync_clock::Era {
    gosan_engine::sync_clock::Era(ERA.load(Ordering::Acquire))
}

/// A slot, and its first time, for a goroutine started by `creator`.
pub fn slot_for(creator: &Goroutine) -> (Slot, Time) {
    IDS.lock().slot(|slot, time| creator.knows(slot, time))
}

/// Moves a goroutine whose slot has hardly any times left to another one.
#[cold]
pub fn renew_slot(hb: &mut Goroutine) {
    let (slot, time) = slot_for(hb);
    retire_slot(hb, true);
    hb.move_to(slot, time);
}

/// A slot for a goroutine that nobody started.
pub fn slot_for_first() -> (Slot, Time) {
    IDS.lock().slot(|_, _| false)
}

/// A life for a goroutine created at `created_at` by `creator`.
pub fn new_life(creator: Life, created_at: StackId) -> Life {
    let mut ids = IDS.lock();
    ids.goroutines += 1;
    let life = ids.lives.take();
    if life as usize >= LIVES.limit() || !LIVES.ensure(life as usize) {
        crate::fatal("gosan: out of memory for goroutines");
    }
    let entry = LIVES.get(life as usize);
    entry.number.store(ids.goroutines, Ordering::Relaxed);
    entry.created_at.store(created_at.0, Ordering::Relaxed);
    entry.creator.store(creator.0, Ordering::Relaxed);
    entry.state.store(RUNNING, Ordering::Relaxed);
    entry.test.store(test_of(creator), Ordering::Relaxed);
    Life(life)
}

/// The goroutine has ended; `recorded` says whether it has a record of its
/// present time.
pub fn goroutine_ended(hb: &Goroutine, life: Life, recorded: bool) {
    LIVES
        .get(life.0 as usize)
        .state
        .store(ENDED, Ordering::Relaxed);
    retire_slot(hb, recorded);
}

/// The slot's owner leaves it.
pub fn retire_slot(hb: &Goroutine, recorded: bool) {
    let now = hb.time();
    // A time that was neither published nor recorded in leaves no trace.
    let last = if hb.is_published() || recorded {
        now
    } else {
        now - 1
    };
    let mut ids = IDS.lock();
    let slot = hb.slot() as usize;
    if ids.left_at.len() <= slot {
        ids.left_at.resize(slot + 1, 0);
    }
    ids.left_at[slot] = now;
    if hb.is_at_end_of_slot() {
        // It has no times left for another owner.
        return;
    }
    ids.ended.push(EndedSlot {
        slot: hb.slot(),
        last,
        next: now + 1,
    });
    if ids.ended.len() >= ids.least_slots.max(2 * ids.ended_at_reclaim) {
        want_reclaim();
    }
}

/// Numbers that a goroutine takes at a time, at most.
pub const BATCH: usize = 16;

/// Segments that a goroutine took to begin them later.  Reclaim takes all of a
/// batch for in use, also those that were begun.
pub type Batch = [AtomicU32; BATCH];

/// Takes segments for a goroutine.
pub fn take_segments(batch: &[AtomicU32]) {
    let mut ids = IDS.lock();
    for place in batch {
        let id = ids.segments.take();
        let index = id as usize;
        if id >= SEGMENT_LIMIT || !(SEGMENTS.ensure(index) && SEGMENT_LIVES.ensure(index)) {
            crate::fatal("gosan: out of memory for the times of goroutines");
        }
        place.store(id, Ordering::Relaxed);
    }
    ids.segments_since_reclaim += batch.len() as u32;
    if ids.segments_since_reclaim >= ids.reclaim_after {
        want_reclaim();
    }
}

/// Gives segments back that were not begun.
pub fn give_segments(batch: &[AtomicU32]) {
    let mut ids = IDS.lock();
    for place in batch {
        ids.segments.freed.push(place.load(Ordering::Relaxed));
    }
}

/// Says what a segment is that a goroutine took.
pub fn begin_segment(id: u32, slot: Slot, time: Time, life: Life) -> Segment {
    let entry = SEGMENTS.get(id as usize);
    entry.slot.store(slot, Ordering::Relaxed);
    entry.time.store(time, Ordering::Relaxed);
    SEGMENT_LIVES
        .get(id as usize)
        .store(life.0, Ordering::Relaxed);
    Segment(id)
}

/// Whose time a segment is, and which.
#[inline]
pub fn slot_and_time(segment: Segment) -> (Slot, Time) {
    let entry = SEGMENTS.get(segment.0 as usize);
    (
        entry.slot.load(Ordering::Relaxed),
        entry.time.load(Ordering::Relaxed),
    )
}

/// Whose time a segment is.
#[inline]
pub fn slot_of(segment: Segment) -> Slot {
    SEGMENTS
        .get(segment.0 as usize)
        .slot
        .load(Ordering::Relaxed)
}

/// The goroutine of a segment.
pub fn life_of(segment: Segment) -> Life {
    Life(
        SEGMENT_LIVES
            .get(segment.0 as usize)
            .load(Ordering::Relaxed),
    )
}

/// Whether a goroutine has ended.
pub fn has_ended(life: Life) -> bool {
    LIVES.get(life.0 as usize).state.load(Ordering::Relaxed) == ENDED
}

/// The test that a goroutine belongs to, and those that it starts from now on.
pub fn set_test(life: Life, test: u32) {
    LIVES
        .get(life.0 as usize)
        .test
        .store(test, Ordering::Relaxed);
}

/// The test that a goroutine belongs to; 0 where there is none.
pub fn test_of(life: Life) -> u32 {
    LIVES.get(life.0 as usize).test.load(Ordering::Relaxed)
}

/// What a report says of a goroutine.
#[derive(Clone, Copy, Debug)]
pub struct Biography {
    /// Whose it is.
    pub life: Life,
    /// Counts creations: 0 is Go's start-up, 1 the main goroutine.
    pub number: u64,
    /// Where it was created.
    pub created_at: StackId,
    /// Whether it still runs.
    pub running: bool,
}

/// What is known of a goroutine.
pub fn biography(life: Life) -> Biography {
    let entry = LIVES.get(life.0 as usize);
    Biography {
        life,
        number: entry.number.load(Ordering::Relaxed),
        created_at: StackId(entry.created_at.load(Ordering::Relaxed)),
        running: entry.state.load(Ordering::Relaxed) == RUNNING,
    }
}

/// The goroutines that a goroutine descends from, its creator first.
///
/// Lives that no record asks for are used again, and far ancestors are not
/// kept.  A goroutine is created before its children, so a number that is not
/// smaller than the child's belongs to another: the chain ends there.
pub fn ancestors(of: Biography) -> Vec<Biography> {
    let mut chain = Vec::new();
    let mut last = of;
    while last.life.0 != 0 && biography(last.life).number == last.number {
        let creator = biography(creator_of(last.life));
        if creator.number == 0 || creator.number >= last.number {
            break;
        }
        chain.push(creator);
        last = creator;
    }
    chain
}

/// The last time of every slot that has a record, for the finalizer goroutine.
///
/// Goroutines start and end meanwhile.  One that is not found alive has left
/// its slot, or began after this call and has no time to tell; a slot's former
/// owners are told of whoever has it now.
pub fn for_each_time(mut f: impl FnMut(Slot, Time)) {
    racectx::for_each_alive(|ctx| {
        let segment = ctx.shown_segment();
        if segment.0 != 0 {
            let (slot, time) = slot_and_time(segment);
            f(slot, time);
        }
    });
    for (slot, time) in IDS.lock().left_at.iter().enumerate() {
        if *time != 0 {
            f(slot as Slot, *time);
        }
    }
}

/// Ends an era: what a time said about a clock may not hold from now on.
pub fn end_era() {
    ERA.fetch_add(1, Ordering::Release);
}

/// Asks for a pass of reclaim.
pub fn want_reclaim() {
    DUE.store(1, Ordering::Relaxed);
}

/// Runs reclaim if enough was used up since the last time.
#[inline]
pub fn reclaim_if_due(me: &RaceCtx) {
    if DUE.load(Ordering::Relaxed) != 0 {
        reclaim::run(me);
    }
}

/// The numbers in use when a pass of reclaim begins.
pub struct Census {
    /// One past the largest segment.
    pub segments: u32,
    /// Segments that were free already.
    pub free_segments: Vec<u32>,
    /// One past the largest life.
    pub lives: u32,
    /// Lives that were free already.
    pub free_lives: Vec<u32>,
    /// Segments that goroutines took.
    pub taken: Vec<u32>,
    ended: Vec<EndedSlot>,
}

/// What a pass of reclaim found to be named by nothing.
pub struct Unnamed<'a> {
    /// Segments.
    pub segments: Vec<u32>,
    /// Lives of goroutines that had ended when the pass began.
    pub lives: Vec<u32>,
    /// Cells that were looked at.
    pub cells: usize,
    /// Whether a segment still names a slot.
    pub slot_in_use: &'a dyn Fn(Slot) -> bool,
}

/// Begins a pass.
pub fn census() -> Census {
    DUE.store(0, Ordering::Relaxed);
    let mut ids = IDS.lock();
    ids.segments_since_reclaim = 0;
    let mut taken = Vec::new();
    // Under the lock, so that each is seen here or among the free ones.
    racectx::for_each_alive(|ctx| taken.extend(ctx.taken_segments()));
    Census {
        segments: ids.segments.next,
        free_segments: ids.segments.freed.clone(),
        lives: ids.lives.next,
        free_lives: ids.lives.freed.clone(),
        taken,
        ended: ids.ended.clone(),
    }
}

/// Ends a pass: what is named by nothing can be used again.
pub fn free(census: &Census, unnamed: Unnamed) {
    let mut was_ended: Vec<(Slot, Time)> = census
        .ended
        .iter()
        .map(|ended| (ended.slot, ended.next))
        .collect();
    was_ended.sort_unstable();
    let mut ids = IDS.lock();
    let mut i = 0;
    while i < ids.ended.len() {
        let EndedSlot { slot, next, .. } = ids.ended[i];
        // A slot that had another owner since the census has other times now.
        let unchanged = was_ended.binary_search(&(slot, next)).is_ok();
        if unchanged && !(unnamed.slot_in_use)(slot) {
            ids.ended.swap_remove(i);
            ids.free.push((slot, next));
            ids.freed_in_era = true;
        } else {
            i += 1;
        }
    }
    ids.ended_at_reclaim = ids.ended.len();
    let in_use = census.segments as usize - census.free_segments.len() - unnamed.segments.len();
    let pays = in_use.max(unnamed.cells / CELLS_FOR_SEGMENT) as u32;
    // A test's small number makes passes as frequent whatever is in use.
    let pays = pays / (RECLAIM_SEGMENTS / ids.least_segments.min(RECLAIM_SEGMENTS));
    ids.reclaim_after = ids.least_segments.max(pays);
    ids.segments.freed.extend_from_slice(&unnamed.segments);
    ids.lives.freed.extend_from_slice(&unnamed.lives);
}

/// Who created a goroutine.
pub fn creator_of(life: Life) -> Life {
    Life(LIVES.get(life.0 as usize).creator.load(Ordering::Relaxed))
}

/// Numbers in use now: segments, slots, lives.
pub fn in_use() -> (usize, usize, usize) {
    let ids = IDS.lock();
    (
        ids.segments.next as usize - ids.segments.freed.len(),
        ids.slots_used as usize - ids.free.len(),
        ids.lives.next as usize - ids.lives.freed.len(),
    )
}
