//! A random concurrent program as a list of steps, each by one goroutine, in the
//! order in which they will be made to happen.
//!
//! A step is taken only where it does not block: locks that are free, channels
//! with room.  What would block, a send to a channel without a buffer, is one
//! step of two goroutines.

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % sides as u64) as usize
    }
}

/// A goroutine of the program; 0 is the one that runs it.
pub type Goroutine = usize;

/// Memory that an access is made to.  The numbers are indices of the fields of
/// `vars` in `force.go`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A field of eight bytes.
    Field(usize),
    /// Bytes of one word, from one index to before another.
    Bytes(usize, usize),
    /// Half a word.
    Half(usize),
    /// A variable that is also used through `sync/atomic`.
    Atomic(usize),
    /// The map.
    Map,
    /// Words of an array, from one to before another, in a loop.  What many
    /// words have in common is kept apart from them, and must not be mixed up.
    Row(usize, usize),
    /// Words of that array, copied at once.  What becomes of one word is taken to become of its
    /// neighbours where they hold the same, and only there.
    Copied(usize, usize),
}

/// Words of the array: more than a goroutine's own stack is used for at once.
pub const ROW: usize = 100;

/// How a step uses memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    Read,
    Write,
    /// Both, on one line.
    Increment,
}

/// What a goroutine does in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    Access(Place, Use),
    AtomicLoad(usize),
    AtomicStore(usize),
    AtomicAdd(usize),
    /// A compare-and-swap, and whether it swaps.
    Swap(usize, bool),
    Lock(usize),
    Unlock(usize),
    ReadLock,
    ReadUnlock,
    WriteLock,
    WriteUnlock,
    Send(usize),
    Receive(usize),
    /// A send with `default`, and whether there is room.
    TrySend(usize, bool),
    /// A receive with `default`, and whether there is something.
    TryReceive(usize, bool),
    /// A select of both channels, of which this one is ready.
    Select(usize),
    Close(usize),
    ReceiveClosed(usize),
    /// Hands a value to another goroutine, over the channel without a buffer.
    HandTo(Goroutine),
    Done,
    Wait,
    Start(Goroutine),
}

/// One step: its number is its index in the program.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub by: Goroutine,
    pub op: Op,
}

/// A program, and what it must set up.
pub struct Program {
    pub steps: Vec<Step>,
    pub goroutines: usize,
    /// Capacities of the channels with a buffer.
    pub capacities: [usize; 2],
    /// How many will say that they are done.
    pub waited_for: usize,
}

const MOST_GOROUTINES: usize = 7;

struct Maker {
    dice: Dice,
    steps: Vec<Step>,
    live: Vec<Goroutine>,
    started: usize,
    locks: [Option<Goroutine>; 2],
    writer: Option<Goroutine>,
    readers: Vec<Goroutine>,
    queued: [usize; 2],
    closed: [bool; 2],
    capacities: [usize; 2],
    done_by: Vec<Goroutine>,
    waited: bool,
    /// Of a hundred steps, how many use memory.
    access_share: usize,
}

/// The program of a seed.
pub fn make(seed: u64) -> Program {
    let mut dice = Dice(seed);
    let length = 30 + dice.roll(60);
    let capacities = [1 + dice.roll(3), 1 + dice.roll(3)];
    let access_share = 30 + dice.roll(35);
    let mut maker = Maker {
        dice,
        steps: Vec::new(),
        live: vec![0],
        started: 1,
        locks: [None; 2],
        writer: None,
        readers: Vec::new(),
        queued: [0; 2],
        closed: [false; 2],
        capacities,
        done_by: Vec::new(),
        waited: false,
        access_share,
    };
    // Something is to be shared from the beginning on.
    maker.start(0);
    while maker.steps.len() < length {
        let by = maker.live[maker.dice.roll(maker.live.len())];
        maker.step(by);
    }
    Program {
        steps: maker.steps,
        goroutines: maker.started,
        capacities,
        waited_for: maker.done_by.len(),
    }
}

impl Maker {
    fn push(&mut self, by: Goroutine, op: Op) {
        self.steps.push(Step { by, op });
    }

    fn start(&mut self, by: Goroutine) {
        let child = self.started;
        self.started += 1;
        self.live.push(child);
        self.push(by, Op::Start(child));
    }

    fn step(&mut self, by: Goroutine) {
        if self.dice.roll(100) < self.access_share {
            let op = self.access();
            return self.push(by, op);
        }
        let op = match self.dice.roll(11) {
            0..3 => self.mutex(by),
            3..5 => self.read_write_lock(by),
            5..8 => self.channel(by),
            8 => self.atomic(),
            _ => self.life(by),
        };
        if let Some(op) = op {
            self.push(by, op);
        }
    }

    fn access(&mut self) -> Op {
        let uses = [Use::Read, Use::Read, Use::Write, Use::Write, Use::Increment];
        let how = uses[self.dice.roll(uses.len())];
        let place = match self.dice.roll(15) {
            0..4 => Place::Field(self.dice.roll(3)),
            4..6 => {
                let from = self.dice.roll(8);
                Place::Bytes(from, from + 1)
            }
            6..8 => {
                let from = self.dice.roll(7);
                Place::Bytes(from, from + 2 + self.dice.roll(7 - from))
            }
            8 => Place::Half(self.dice.roll(4)),
            9 => Place::Atomic(self.dice.roll(2)),
            10 => {
                let from = self.dice.roll(ROW);
                Place::Row(from, from + 1 + self.dice.roll(ROW - from))
            }
            11 => Place::Row(0, ROW),
            12 => {
                let from = self.dice.roll(ROW);
                Place::Copied(from, from + 1 + self.dice.roll(ROW - from))
            }
            13 => Place::Copied(0, ROW),
            _ => Place::Map,
        };
        // A range is copied one way or the other.
        match (place, how) {
            (Place::Bytes(from, to), Use::Increment) if to - from > 1 => {
                Op::Access(place, Use::Write)
            }
            (Place::Copied(..), Use::Increment) => Op::Access(place, Use::Write),
            _ => Op::Access(place, how),
        }
    }

    fn mutex(&mut self, by: Goroutine) -> Option<Op> {
        // What is held is given back first, so that others come to it.
        if let Some(held) = self.locks.iter().position(|holder| *holder == Some(by)) {
            self.locks[held] = None;
            return Some(Op::Unlock(held));
        }
        let free = self.dice.roll(2);
        if self.locks[free].is_some() {
            return None;
        }
        self.locks[free] = Some(by);
        Some(Op::Lock(free))
    }

    fn read_write_lock(&mut self, by: Goroutine) -> Option<Op> {
        if self.writer == Some(by) {
            self.writer = None;
            return Some(Op::WriteUnlock);
        }
        if let Some(index) = self.readers.iter().position(|reader| *reader == by) {
            self.readers.swap_remove(index);
            return Some(Op::ReadUnlock);
        }
        if self.writer.is_some() {
            return None;
        }
        if self.readers.is_empty() && self.dice.roll(2) == 0 {
            self.writer = Some(by);
            return Some(Op::WriteLock);
        }
        self.readers.push(by);
        Some(Op::ReadLock)
    }

    fn channel(&mut self, by: Goroutine) -> Option<Op> {
        let channel = self.dice.roll(2);
        let open = !self.closed[channel];
        let room = open && self.queued[channel] < self.capacities[channel];
        let something = self.queued[channel] > 0;
        match self.dice.roll(16) {
            0..10 if !open && !something => Some(Op::ReceiveClosed(channel)),
            0..4 if room => {
                self.queued[channel] += 1;
                Some(Op::Send(channel))
            }
            4..8 if something => {
                self.queued[channel] -= 1;
                Some(Op::Receive(channel))
            }
            8 if open => {
                self.queued[channel] += usize::from(room);
                Some(Op::TrySend(channel, room))
            }
            9 if something || open => {
                self.queued[channel] -= usize::from(something);
                Some(Op::TryReceive(channel, something))
            }
            10 | 11 => {
                let other = 1 - channel;
                let only = something && self.queued[other] == 0 && !self.closed[other];
                if !only {
                    return None;
                }
                self.queued[channel] -= 1;
                Some(Op::Select(channel))
            }
            12..15 => {
                let to = self.live[self.dice.roll(self.live.len())];
                (to != by).then_some(Op::HandTo(to))
            }
            15 if open => {
                self.closed[channel] = true;
                Some(Op::Close(channel))
            }
            _ => None,
        }
    }

    fn atomic(&mut self) -> Option<Op> {
        let variable = self.dice.roll(2);
        Some(match self.dice.roll(5) {
            0 | 1 => Op::AtomicLoad(variable),
            2 => Op::AtomicStore(variable),
            3 => Op::AtomicAdd(variable),
            _ => Op::Swap(variable, self.dice.roll(2) == 0),
        })
    }

    /// Starts and ends, and the waiting for ends.
    fn life(&mut self, by: Goroutine) -> Option<Op> {
        match self.dice.roll(6) {
            0..3 if self.started < MOST_GOROUTINES => {
                self.start(by);
                None
            }
            // A goroutine ends after its last step; the first goes on, and so
            // do those that hold something.
            3 if by != 0 && self.live.len() > 2 && !self.holds(by) => {
                self.live.retain(|other| *other != by);
                None
            }
            4 if !self.waited && by != 0 && !self.done_by.contains(&by) => {
                self.done_by.push(by);
                Some(Op::Done)
            }
            5 if !self.done_by.is_empty() => {
                self.waited = true;
                Some(Op::Wait)
            }
            _ => None,
        }
    }

    fn holds(&self, by: Goroutine) -> bool {
        self.locks.contains(&Some(by)) || self.writer == Some(by) || self.readers.contains(&by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_program_and_all_kinds_of_steps_come_up() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let program = make(seed);
            assert!(program.steps.len() >= 30 && program.goroutines <= MOST_GOROUTINES);
            for step in &program.steps {
                let text = format!("{:?}", step.op);
                let name = text.split('(').next().unwrap_or_default().to_owned();
                kinds.insert(name);
            }
        }
        assert_eq!(kinds.len(), 22, "{kinds:?}");
        let text = |program: Program| format!("{:?}", program.steps);
        assert_eq!(text(make(7)), text(make(7)));
    }
}
