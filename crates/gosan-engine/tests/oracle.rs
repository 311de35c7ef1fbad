//! Random traces of goroutines, sync objects and accesses, judged twice: by the
//! engine, with slots used again as the runtime does it, and by a naive oracle
//! with one number for each goroutine that ever lived and a full clock for
//! each.
//!
//! For every access: the engine reports a race if and only if the oracle knows
//! an earlier unordered conflicting access, and every record that it reports is
//! one of those.  A goroutine that learnt the times of all, as finalizers do, and
//! whoever it told, may take too much for known, but never too little: there the
//! engine need not report, but what it reports must be a race.  The seed of a failing trace is in the message; `GOSAN_SEED`
//! runs that one alone, `GOSAN_TRACES` sets how many are run.

use gosan_engine::clock::{Slot, Time};
use gosan_engine::goroutine::Goroutine;
use gosan_engine::record::{Kind, Record, Segment, StackId};
use gosan_engine::span::Span;
use gosan_engine::sync_clock::{Era, SyncClock};
use gosan_engine::word_set::{Insert, Order, Stored, WordSet, renew};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64};

const EVENTS: usize = 700;
const WORDS: usize = 5;
const SYNCS: usize = 4;
const ROOM: usize = 1024;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % sides as u64) as usize
    }
}

/// Knowledge of the oracle: by goroutine, the number of its events known.
type Known = BTreeMap<usize, usize>;

fn merge(into: &mut Known, from: &Known) {
    for (goroutine, events) in from {
        let entry = into.entry(*goroutine).or_insert(0);
        *entry = (*entry).max(*events);
    }
}

struct Past {
    goroutine: usize,
    event: usize,
    span: Span,
    kind: Kind,
}

struct Live {
    number: usize,
    hb: Goroutine,
    segment: Option<Segment>,
    /// The last segment that it began.
    shown: Option<Segment>,
    known: Known,
    /// Whether that may be too little.
    vague: bool,
    events: usize,
}

#[derive(Default)]
struct Oracle {
    syncs: Vec<Known>,
    vague: Vec<bool>,
    words: Vec<Vec<Past>>,
}

struct SegmentEntry {
    slot: Slot,
    time: Time,
    goroutine: usize,
    event: usize,
}

struct Ended {
    slot: Slot,
    last: Time,
    next: Time,
}

struct World {
    live: Vec<Live>,
    ended: Vec<Ended>,
    /// By slot: the last time of its former owners.
    left_at: BTreeMap<Slot, Time>,
    ended_numbers: BTreeSet<usize>,
    free: Vec<(Slot, Time)>,
    slots: Slot,
    /// From one new slot to the next: far apart they make high trees.
    stride: Slot,
    /// Slots were freed that nobody has got yet.
    freed_in_era: bool,
    numbers: usize,
    segments: Vec<SegmentEntry>,
    syncs: Vec<SyncClock>,
    words: Vec<(Vec<AtomicU64>, usize, usize)>,
    era: u32,
    reused: [usize; 2],
    oracle: Oracle,
}

struct View<'a> {
    hb: &'a Goroutine,
    segments: &'a [SegmentEntry],
    ended: &'a BTreeSet<usize>,
}

impl Order for View<'_> {
    fn knows(&self, segment: Segment) -> bool {
        let entry = &self.segments[segment.0 as usize];
        self.hb.knows(entry.slot, entry.time)
    }

    fn is_own(&self, segment: Segment) -> bool {
        self.segments[segment.0 as usize].slot == self.hb.slot()
    }

    fn has_ended(&self, segment: Segment) -> bool {
        self.ended
            .contains(&self.segments[segment.0 as usize].goroutine)
    }

    fn memory_is_short(&self) -> bool {
        false
    }
}

impl World {
    fn new() -> World {
        let mut world = World {
            live: Vec::new(),
            ended: Vec::new(),
            left_at: BTreeMap::new(),
            ended_numbers: BTreeSet::new(),
            free: Vec::new(),
            slots: 1,
            stride: 1,
            freed_in_era: false,
            numbers: 1,
            segments: vec![SegmentEntry {
                slot: 0,
                time: 0,
                goroutine: 0,
                event: 0,
            }],
            syncs: (0..SYNCS).map(|_| SyncClock::new()).collect(),
            words: (0..WORDS)
                .map(|_| ((0..ROOM).map(|_| AtomicU64::new(0)).collect(), 0, 0))
                .collect(),
            era: 0,
            reused: [0, 0],
            oracle: Oracle::default(),
        };
        world.oracle.syncs = vec![Known::new(); SYNCS];
        world.oracle.vague = vec![false; SYNCS];
        world.oracle.words = (0..WORDS).map(|_| Vec::new()).collect();
        world.live.push(Live {
            number: 0,
            hb: Goroutine::first(1, 1),
            segment: None,
            shown: None,
            known: Known::new(),
            vague: false,
            events: 0,
        });
        world
    }

    fn start(&mut self, parent: usize) {
        let creator = &self.live[parent].hb;
        let known = self
            .ended
            .iter()
            .position(|old| creator.knows(old.slot, old.last));
        let (slot, time) = if let Some(index) = known {
            self.reused[0] += 1;
            let old = self.ended.swap_remove(index);
            (old.slot, old.next)
        } else if let Some(free) = self.free.pop() {
            self.reused[1] += 1;
            if std::mem::take(&mut self.freed_in_era) {
                self.era += 1;
            }
            free
        } else {
            self.slots += self.stride;
            (self.slots, 1)
        };
        let parent = &mut self.live[parent];
        let hb = parent.hb.start(slot, time, Era(self.era));
        parent.segment = None;
        let mut known = parent.known.clone();
        known.insert(parent.number, parent.events);
        let (number, vague) = (self.numbers, parent.vague);
        self.numbers += 1;
        self.live.push(Live {
            number,
            hb,
            segment: None,
            shown: None,
            known,
            vague,
            events: 0,
        });
    }

    fn end(&mut self, index: usize) {
        let gone = self.live.swap_remove(index);
        let now = gone.hb.time();
        let traced = gone.hb.is_published() || gone.segment.is_some();
        let last = if traced { now } else { now - 1 };
        self.left_at.insert(gone.hb.slot(), now);
        self.ended.push(Ended {
            slot: gone.hb.slot(),
            last,
            next: now + 1,
        });
        self.ended_numbers.insert(gone.number);
    }

    /// Frees the slots of ended goroutines that no record names.
    fn reclaim(&mut self) {
        let mut named = BTreeSet::new();
        for (storage, len, writes) in &self.words {
            for record in WordSet::new(storage, *len, *writes).iter() {
                named.insert(self.segments[record.segment().0 as usize].slot);
            }
        }
        let (keep, free): (Vec<_>, Vec<_>) = self
            .ended
            .drain(..)
            .partition(|old| named.contains(&old.slot));
        self.ended = keep;
        self.freed_in_era |= !free.is_empty();
        self.free
            .extend(free.iter().map(|old| (old.slot, old.next)));
    }

    /// As before a finalizer.
    fn learn_all(&mut self, index: usize) {
        let shown = |live: &Live| {
            let segment = &self.segments[live.shown?.0 as usize];
            Some((segment.slot, segment.time))
        };
        let times: Vec<_> = self.live.iter().filter_map(shown).collect();
        let all: Vec<_> = (self.live.iter())
            .map(|live| (live.number, live.events))
            .collect();
        let live = &mut self.live[index];
        for (slot, time) in times.into_iter().chain(self.left_at.clone()) {
            live.hb.learn(slot, time);
        }
        self.era += 1;
        live.known.extend(all);
        live.known.extend(
            self.ended_numbers
                .iter()
                .map(|number| (*number, usize::MAX)),
        );
        live.vague = true;
        self.end_segment(index);
    }

    /// Ends the segment of records if its time went by.
    fn end_segment(&mut self, index: usize) {
        let live = &mut self.live[index];
        let time = |segment: Segment| self.segments[segment.0 as usize].time;
        live.segment = live
            .segment
            .filter(|segment| live.hb.records_at(time(*segment)));
    }

    fn clear_word(&mut self, word: usize) {
        (self.words[word].1, self.words[word].2) = (0, 0);
        self.oracle.words[word].clear();
    }

    fn sync(&mut self, index: usize, sync: usize, how: usize) {
        let live = &mut self.live[index];
        let clock = &mut self.syncs[sync];
        let shared = &mut self.oracle.syncs[sync];
        let era = Era(self.era);
        let mut mine = live.known.clone();
        mine.insert(live.number, live.events);
        match how {
            0 => {
                live.hb.acquire(clock, era);
                merge(&mut live.known, shared);
            }
            1 => {
                live.hb.release(clock, era);
                *shared = mine;
            }
            2 => {
                live.hb.release_merge(clock, era);
                merge(shared, &mine);
            }
            3 => {
                live.hb.release_and_acquire_previous(clock, era);
                merge(&mut live.known, shared);
                *shared = mine;
            }
            _ => {
                live.hb.acquire_and_release(clock, era);
                merge(shared, &mine);
                merge(&mut live.known, shared);
            }
        }
        let vague = &mut self.oracle.vague[sync];
        match how {
            0 => live.vague |= *vague,
            1 => *vague = live.vague,
            2 => *vague |= live.vague,
            3 => (*vague, live.vague) = (live.vague, live.vague | *vague),
            _ => (*vague, live.vague) = (live.vague | *vague, live.vague | *vague),
        }
        self.end_segment(index);
    }

    fn access(&mut self, index: usize, word: usize, span: Span, kind: Kind) {
        let live = &mut self.live[index];
        live.events += 1;
        let segment = *live.segment.get_or_insert_with(|| {
            let time = live.hb.time_for_record();
            self.segments.push(SegmentEntry {
                slot: live.hb.slot(),
                time,
                goroutine: live.number,
                event: live.events,
            });
            Segment(self.segments.len() as u32 - 1)
        });
        live.shown = Some(segment);
        let new = Record::new(segment, StackId(live.number as u32), span, kind);
        let view = View {
            hb: &live.hb,
            segments: &self.segments,
            ended: &self.ended_numbers,
        };
        let (storage, len, writes) = &mut self.words[word];
        let mut found = Vec::new();
        let first = storage.first_chunk().expect("there is room for two");
        let knows = |segment| view.knows(segment);
        let is_own = |segment| view.is_own(segment);
        // Any guess will do.
        let guess = AtomicU32::new(new.segment().0 % 5);
        let answer = if let Some(numbers) = renew(first, (*len, *writes), new, kind, knows, is_own)
        {
            (*len, *writes) = numbers;
            Insert::Stored(Stored::default())
        } else if WordSet::new(storage, *len, *writes).renew_read(new, &view, &guess) {
            Insert::Stored(Stored::default())
        } else {
            let mut set = WordSet::new(storage, *len, *writes);
            let answer = match set.add_read(new, &view) {
                Some(added) => added,
                None => set.insert(new, &view, |old| found.push(old)),
            };
            (*len, *writes) = (set.len(), set.writes());
            answer
        };

        let races: Vec<&Past> = self.oracle.words[word]
            .iter()
            .filter(|past| {
                past.goroutine != live.number
                    && past.event > live.known.get(&past.goroutine).copied().unwrap_or(0)
                    && past.span.mask() & span.mask() != 0
                    && past.kind.races_with(kind)
            })
            .collect();
        assert_ne!(answer, Insert::Full);
        // What stands for the access was checked against all before it.  Races
        // with what came between were reported from the other side.
        if answer != Insert::Known && !live.vague {
            assert_eq!(
                !found.is_empty(),
                !races.is_empty(),
                "{} races",
                races.len()
            );
        }
        for old in &found {
            let entry = &self.segments[old.segment().0 as usize];
            let real = races.iter().any(|past| {
                past.goroutine == entry.goroutine
                    && past.event >= entry.event
                    && past.span.mask() & !old.span().mask() == 0
                    && past.kind == old.kind()
            });
            assert!(real, "reported what the oracle does not know");
        }
        let live = &self.live[index];
        self.oracle.words[word].push(Past {
            goroutine: live.number,
            event: live.events,
            span,
            kind,
        });
    }
}

fn trace(seed: u64) -> [usize; 2] {
    let mut dice = Dice(seed);
    let mut world = World::new();
    // How talkative the goroutines are differs from trace to trace.
    let access_share = 20 + dice.roll(50);
    let learns = dice.roll(2) == 0;
    world.stride = [1, 3, 40, 3000][dice.roll(4)];
    for _ in 0..EVENTS {
        let who = dice.roll(world.live.len());
        match dice.roll(100) {
            roll if roll < access_share => {
                let start = dice.roll(8);
                let span = if dice.roll(3) == 0 {
                    Span::WHOLE
                } else {
                    Span::new(start, 1 + dice.roll(8 - start))
                };
                let kinds = [Kind::Read, Kind::Write, Kind::AtomicRead, Kind::AtomicWrite];
                let word = dice.roll(WORDS);
                world.access(who, word, span, kinds[dice.roll(4)]);
            }
            roll if roll < 80 => {
                let sync = dice.roll(SYNCS);
                world.sync(who, sync, dice.roll(5));
            }
            roll if roll < 88 => world.start(who),
            roll if roll < 96 && world.live.len() > 1 => world.end(who),
            96 => world.reclaim(),
            97 => {
                let word = dice.roll(WORDS);
                world.clear_word(word);
            }
            98 => {
                // As at the end of a slot's times.
                world.slots += world.stride;
                let live = &mut world.live[who];
                world.left_at.insert(live.hb.slot(), live.hb.time());
                live.hb.move_to(world.slots, 1);
                (live.segment, live.shown) = (None, None);
            }
            _ if learns => world.learn_all(who),
            _ => {}
        }
    }
    world.reused
}

#[test]
fn the_engine_agrees_with_the_oracle() {
    if let Some(seed) = std::env::var("GOSAN_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
    {
        trace(seed);
        return;
    }
    let traces = std::env::var("GOSAN_TRACES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2000);
    let first = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |since| since.as_nanos() as u64);
    println!("{traces} traces of {EVENTS} events, seeds from {first}");
    let mut reused = [0, 0];
    for seed in first..first + traces {
        match std::panic::catch_unwind(|| trace(seed)) {
            Ok(counts) => (reused[0], reused[1]) = (reused[0] + counts[0], reused[1] + counts[1]),
            Err(_) => panic!("GOSAN_SEED={seed} fails"),
        }
    }
    println!(
        "slots used again: {} known to the creator, {} reclaimed",
        reused[0], reused[1]
    );
    assert!(
        reused[0] > 100 && reused[1] > 100,
        "the traces do not exercise reuse: {reused:?}"
    );
}
