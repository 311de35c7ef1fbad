//! What must be reported of a program: a naive oracle over its own trace.
//!
//! Every goroutine has a full clock, as Go's memory model orders events; nothing
//! is shared with the engine.  Every pair of accesses is looked at.
//!
//! gosan tells a race by the first access of a stretch of time (reports.md): a
//! later one of the same goroutine that races with the same accesses *stands
//! behind* it, and an older one stands behind a newer that it happens before.
//! This holds byte by byte.  [`Trace::missing`] allows for it, and for nothing
//! else.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{Goroutine, Op, Place, Program, Use};

/// Which orders hold.  [`Rules::GO`] are Go's; the others show that a wrong rule
/// is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub unlock_before_lock: bool,
    pub read_unlock_before_write_lock: bool,
    pub send_before_receive: bool,
    pub receive_before_send_into_its_place: bool,
    pub close_before_receive: bool,
    pub done_before_wait: bool,
    pub store_before_load: bool,
    pub start_before_child: bool,
    /// Not so in Go.
    pub read_unlock_before_read_lock: bool,
}

impl Rules {
    pub const GO: Rules = Rules {
        unlock_before_lock: true,
        read_unlock_before_write_lock: true,
        send_before_receive: true,
        receive_before_send_into_its_place: true,
        close_before_receive: true,
        done_before_wait: true,
        store_before_load: true,
        start_before_child: true,
        read_unlock_before_read_lock: false,
    };

    /// All that differ from Go's in one rule, with its name.
    pub fn mutants() -> Vec<(&'static str, Rules)> {
        macro_rules! flipped {
            ($($rule:ident),*) => {
                vec![$((stringify!($rule), Rules { $rule: !Rules::GO.$rule, ..Rules::GO })),*]
            };
        }
        flipped!(
            unlock_before_lock,
            read_unlock_before_write_lock,
            send_before_receive,
            receive_before_send_into_its_place,
            close_before_receive,
            done_before_wait,
            store_before_load,
            start_before_child,
            read_unlock_before_read_lock
        )
    }
}

/// By goroutine, how many of its events are known.
type Clock = Vec<usize>;

fn join(into: &mut Clock, from: &Clock) {
    for (mine, theirs) in into.iter_mut().zip(from) {
        *mine = (*mine).max(*theirs);
    }
}

/// A line of the program's Go file.
pub type Line = usize;

/// An unordered pair of lines, the smaller first.
pub type Pair = (Line, Line);

pub fn pair(one: Line, other: Line) -> Pair {
    (one.min(other), one.max(other))
}

#[derive(Clone, Debug)]
struct Access {
    by: Goroutine,
    line: Line,
    /// Bytes, from one to before another, of all that the program shares.
    bytes: (usize, usize),
    write: bool,
    atomic: bool,
    /// How many events its goroutine had then.
    event: usize,
    /// Changes whenever the goroutine hands over what it knows.
    stretch: usize,
    /// What its goroutine knew.
    clock: Clock,
}

impl Access {
    fn happens_before(&self, later: &Access) -> bool {
        later.clock[self.by] >= self.event
    }

    fn races_with(&self, later: &Access) -> bool {
        let overlap = self.bytes.0 < later.bytes.1 && later.bytes.0 < self.bytes.1;
        overlap
            && (self.write || later.write)
            && !(self.atomic && later.atomic)
            && !self.happens_before(later)
    }

    /// Whether whatever races with `other` at this byte would race with this.
    fn covers(&self, other: &Access, byte: usize) -> bool {
        let kind = match (self.write, self.atomic) {
            (true, false) => true,
            (false, false) => !other.write,
            (true, true) => other.atomic,
            (false, true) => other.atomic && !other.write,
        };
        kind && (self.bytes.0..self.bytes.1).contains(&byte)
    }
}

/// The accesses of a program, in their order.
pub struct Trace {
    accesses: Vec<Access>,
}

/// What one program's run did wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    pub missed: BTreeSet<Pair>,
    pub invented: BTreeSet<Pair>,
}

impl Trace {
    /// Runs the program by `rules`; `lines` has the line of each step.
    pub fn of(program: &Program, lines: &[Line], rules: Rules) -> Trace {
        let mut run = Run::new(program, rules);
        for (step, line) in program.steps.iter().zip(lines) {
            run.step(step.by, step.op, *line);
        }
        Trace {
            accesses: run.accesses,
        }
    }

    /// All pairs of lines that race.
    pub fn races(&self) -> BTreeSet<Pair> {
        let mut pairs = BTreeSet::new();
        for (i, later) in self.accesses.iter().enumerate() {
            let earlier = self.accesses[..i].iter();
            let racing = earlier.filter(|earlier| earlier.races_with(later));
            pairs.extend(racing.map(|earlier| pair(earlier.line, later.line)));
        }
        pairs
    }

    /// Compares with what was reported.
    pub fn judge(&self, reported: &BTreeSet<Pair>) -> Wrong {
        Wrong {
            missed: self.missing(reported),
            invented: reported.difference(&self.races()).copied().collect(),
        }
    }

    /// The races that no reported one stands for.
    fn missing(&self, reported: &BTreeSet<Pair>) -> BTreeSet<Pair> {
        let mut missing = BTreeSet::new();
        for (j, later) in self.accesses.iter().enumerate() {
            for (i, earlier) in self.accesses[..j].iter().enumerate() {
                if !earlier.races_with(later) {
                    continue;
                }
                let is_told = |byte| {
                    self.in_place_of(i, j, byte).any(|one| {
                        self.in_place_of(j, j + 1, byte)
                            .any(|other| reported.contains(&pair(one.line, other.line)))
                    })
                };
                let from = earlier.bytes.0.max(later.bytes.0);
                let to = earlier.bytes.1.min(later.bytes.1);
                if !(from..to).all(is_told) {
                    missing.insert(pair(earlier.line, later.line));
                }
            }
        }
        missing
    }

    /// The accesses before `end` that stand for one at a byte, itself included.
    fn in_place_of(&self, index: usize, end: usize, byte: usize) -> impl Iterator<Item = &Access> {
        let this = &self.accesses[index];
        let accesses = self.accesses[..end].iter().enumerate();
        let standing = accesses.filter(move |(i, other)| {
            let same_stretch = other.by == this.by && other.stretch == this.stretch && *i <= index;
            let newer = *i >= index && this.happens_before(other);
            *i == index || (other.covers(this, byte) && (same_stretch || newer))
        });
        standing.map(|(_, access)| access)
    }
}

/// The state of the oracle.
struct Run {
    rules: Rules,
    clocks: Vec<Clock>,
    stretches: Vec<usize>,
    accesses: Vec<Access>,
    locks: [Clock; 2],
    /// What the last writer knew, and what the readers since any time did.
    written: Clock,
    read: Clock,
    /// For each place in a buffer, who used it last.
    places: [Vec<Clock>; 2],
    sent: [usize; 2],
    received: [usize; 2],
    closed: [Clock; 2],
    group: Clock,
    atomics: [Clock; 2],
}

/// Where things lie among the bytes.  An access without a size is one to the
/// first byte.
fn bytes_of(place: Place) -> (usize, usize) {
    let one = |byte| (byte, byte + 1);
    match place {
        Place::Field(i) => one(8 * i),
        Place::Bytes(from, to) => (32 + from, 32 + to),
        Place::Half(i) => one(40 + 4 * i),
        Place::Atomic(i) => one(56 + 8 * i),
        Place::Map => one(100),
        // One for each word.
        Place::Row(from, to) | Place::Copied(from, to) => (300 + from, 300 + to),
    }
}

/// A channel's own word, which a send reads and a close writes.
fn bytes_of_channel(channel: usize) -> (usize, usize) {
    (200 + channel, 201 + channel)
}

impl Run {
    fn new(program: &Program, rules: Rules) -> Run {
        let zero = || vec![0; program.goroutines];
        let buffer = |capacity| (0..capacity).map(|_| zero()).collect();
        Run {
            rules,
            clocks: (0..program.goroutines).map(|_| zero()).collect(),
            stretches: vec![0; program.goroutines],
            accesses: Vec::new(),
            locks: [zero(), zero()],
            written: zero(),
            read: zero(),
            places: program.capacities.map(buffer),
            sent: [0; 2],
            received: [0; 2],
            closed: [zero(), zero()],
            group: zero(),
            atomics: [zero(), zero()],
        }
    }

    fn access(&mut self, by: Goroutine, line: Line, bytes: (usize, usize), write: bool) {
        self.record(by, line, bytes, write, false);
    }

    fn record(
        &mut self,
        by: Goroutine,
        line: Line,
        bytes: (usize, usize),
        write: bool,
        atomic: bool,
    ) {
        self.clocks[by][by] += 1;
        self.accesses.push(Access {
            by,
            line,
            bytes,
            write,
            atomic,
            event: self.clocks[by][by],
            stretch: self.stretches[by],
            clock: self.clocks[by].clone(),
        });
    }

    /// What a goroutine hands over: all that it knows now.
    fn hand_over(&mut self, by: Goroutine) -> Clock {
        self.stretches[by] += 1;
        self.clocks[by].clone()
    }

    fn learn(&mut self, by: Goroutine, clock: &Clock, holds: bool) {
        if holds {
            join(&mut self.clocks[by], clock);
        }
    }

    /// A place of a buffer goes from hand to hand.
    fn use_place(&mut self, by: Goroutine, channel: usize, place: usize, holds: bool) {
        let mine = self.hand_over(by);
        let previous = std::mem::replace(&mut self.places[channel][place], mine);
        self.learn(by, &previous, holds);
    }

    fn send(&mut self, by: Goroutine, channel: usize) {
        let place = self.sent[channel] % self.places[channel].len();
        self.sent[channel] += 1;
        let holds = self.rules.receive_before_send_into_its_place;
        self.use_place(by, channel, place, holds);
    }

    fn receive(&mut self, by: Goroutine, channel: usize) {
        let place = self.received[channel] % self.places[channel].len();
        self.received[channel] += 1;
        let holds = self.rules.send_before_receive;
        self.use_place(by, channel, place, holds);
    }

    fn step(&mut self, by: Goroutine, op: Op, line: Line) {
        let rules = self.rules;
        match op {
            Op::Access(place, how) => {
                let bytes = bytes_of(place);
                if how != Use::Write {
                    self.access(by, line, bytes, false);
                }
                if how != Use::Read {
                    self.access(by, line, bytes, true);
                }
            }
            Op::AtomicLoad(i) | Op::Swap(i, false) => {
                let clock = self.atomics[i].clone();
                self.learn(by, &clock, rules.store_before_load);
                self.record(by, line, (56 + 8 * i, 64 + 8 * i), false, true);
            }
            Op::AtomicStore(i) | Op::AtomicAdd(i) | Op::Swap(i, true) => {
                if !matches!(op, Op::AtomicStore(_)) {
                    let clock = self.atomics[i].clone();
                    self.learn(by, &clock, rules.store_before_load);
                }
                self.record(by, line, (56 + 8 * i, 64 + 8 * i), true, true);
                self.atomics[i] = self.hand_over(by);
            }
            Op::Lock(i) => {
                let clock = self.locks[i].clone();
                self.learn(by, &clock, rules.unlock_before_lock);
            }
            Op::Unlock(i) => self.locks[i] = self.hand_over(by),
            Op::ReadLock => {
                let clock = self.written.clone();
                self.learn(by, &clock, rules.unlock_before_lock);
                let clock = self.read.clone();
                self.learn(by, &clock, rules.read_unlock_before_read_lock);
            }
            Op::ReadUnlock => {
                let clock = self.hand_over(by);
                join(&mut self.read, &clock);
            }
            Op::WriteLock => {
                let (written, read) = (self.written.clone(), self.read.clone());
                self.learn(by, &written, rules.unlock_before_lock);
                self.learn(by, &read, rules.read_unlock_before_write_lock);
            }
            Op::WriteUnlock => self.written = self.hand_over(by),
            Op::Send(channel) | Op::TrySend(channel, true) => {
                self.access(by, line, bytes_of_channel(channel), false);
                self.send(by, channel);
            }
            Op::TrySend(channel, false) => {
                self.access(by, line, bytes_of_channel(channel), false);
            }
            Op::Receive(channel) | Op::TryReceive(channel, true) | Op::Select(channel) => {
                self.receive(by, channel);
            }
            Op::TryReceive(_, false) => {}
            Op::Close(channel) => {
                self.access(by, line, bytes_of_channel(channel), true);
                self.closed[channel] = self.hand_over(by);
            }
            Op::ReceiveClosed(channel) => {
                let clock = self.closed[channel].clone();
                self.learn(by, &clock, rules.close_before_receive);
            }
            Op::HandTo(other) => {
                self.access(by, line, bytes_of_channel(2), false);
                let (mine, theirs) = (self.hand_over(by), self.hand_over(other));
                self.learn(other, &mine, rules.send_before_receive);
                self.learn(by, &theirs, rules.send_before_receive);
            }
            Op::Done => {
                let clock = self.hand_over(by);
                join(&mut self.group, &clock);
            }
            Op::Wait => {
                let clock = self.group.clone();
                self.learn(by, &clock, rules.done_before_wait);
            }
            Op::Start(child) => {
                let clock = self.hand_over(by);
                self.learn(child, &clock, rules.start_before_child);
            }
        }
    }
}

/// What was reported, by program.
pub type Reported = BTreeMap<usize, BTreeSet<Pair>>;

#[cfg(test)]
mod tests {
    use super::super::program::Step;
    use super::*;

    fn trace(steps: &[(Goroutine, Op)], rules: Rules) -> Trace {
        let steps: Vec<Step> = steps
            .iter()
            .map(|(by, op)| Step { by: *by, op: *op })
            .collect();
        let lines: Vec<Line> = (1..=steps.len()).collect();
        let program = Program {
            steps,
            goroutines: 3,
            capacities: [1, 1],
            waited_for: 0,
        };
        Trace::of(&program, &lines, rules)
    }

    const WRITE: Op = Op::Access(Place::Field(0), Use::Write);
    const READ: Op = Op::Access(Place::Field(0), Use::Read);

    #[test]
    fn a_lock_orders_and_without_its_rule_it_does_not() {
        let steps = [
            (0, Op::Start(1)),
            (0, Op::Lock(0)),
            (0, WRITE),
            (0, Op::Unlock(0)),
            (1, Op::Lock(0)),
            (1, WRITE),
        ];
        assert!(trace(&steps, Rules::GO).races().is_empty());
        let mutant = Rules {
            unlock_before_lock: false,
            ..Rules::GO
        };
        assert_eq!(trace(&steps, mutant).races(), BTreeSet::from([(3, 6)]));
    }

    #[test]
    fn what_stands_behind_another_need_not_be_told() {
        let steps = [(0, Op::Start(1)), (0, WRITE), (0, READ), (1, WRITE)];
        let trace = trace(&steps, Rules::GO);
        assert_eq!(trace.races(), BTreeSet::from([(2, 4), (3, 4)]));
        assert_eq!(trace.judge(&BTreeSet::from([(2, 4)])), Wrong::default());
        // The read does not stand for the write.
        assert_eq!(
            trace.judge(&BTreeSet::from([(3, 4)])).missed,
            BTreeSet::from([(2, 4)])
        );
        let wrong = trace.judge(&BTreeSet::from([(2, 4), (2, 3)]));
        assert_eq!(wrong.invented, BTreeSet::from([(2, 3)]));
    }

    #[test]
    fn a_new_stretch_must_be_told_by_itself() {
        let steps = [
            (0, Op::Start(1)),
            (0, READ),
            (0, Op::Unlock(0)),
            (0, READ),
            (1, Op::Lock(0)),
            (1, WRITE),
        ];
        let trace = trace(&steps, Rules::GO);
        assert_eq!(trace.races(), BTreeSet::from([(4, 6)]));
        assert_eq!(trace.judge(&BTreeSet::new()).missed.len(), 1);
    }

    #[test]
    fn a_buffer_orders_the_send_after_the_receive_that_made_room() {
        let steps = [
            (0, Op::Start(1)),
            (0, Op::Send(0)),
            (1, WRITE),
            (1, Op::Receive(0)),
            (0, Op::Send(0)),
            (0, WRITE),
        ];
        assert!(trace(&steps, Rules::GO).races().is_empty());
    }
}
