//! What becomes of a race: told once, in full, the moment it happens.
//!
//! Nothing is left for the end of the program, which a crash never reaches.
//! Record and text are each written by one system call, under a lock, so that
//! reports of two threads do not mix.

pub mod bounds;
pub mod classic;
pub mod known;
mod object;
mod process;
mod record;
mod sink;
mod start;
pub mod suppressions;
pub mod symbolize;
mod symbols;
pub mod tests;

use crate::go;
use crate::ids::{self, Biography, Life};
use crate::lock::Lock;
use crate::locks::{self, Held};
use crate::options::Options;
use crate::sys;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use bounds::Bounds;
use classic::{Paths, Text};
use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};
use gosan_engine::record::{Kind, Record, StackId};
use gosan_wire::{Fingerprint, Line, Repeat, Status};
use known::Ignored;
use sink::Sink;
pub use start::start;
use suppressions::Suppressions;
use symbolize::Frame;

const STDOUT: i32 = 1;
const STDERR: i32 = 2;
/// A file that is larger than this, in bytes, is not one of ours.
const FILE_LIMIT: usize = 64 << 20;

/// Two records that race, taken while both still meant something.
pub struct Hit {
    /// The address of the word.
    pub word: usize,
    /// The access that is made now.
    pub new: Record,
    /// The one that it races with.
    pub old: Record,
    /// Who made that one.
    pub by: Biography,
    /// The locks that were held at it, where they are known.
    pub locks: Option<Vec<Held>>,
}

/// A race with all that a rendering needs.
pub struct Race {
    /// The later one first.
    pub accesses: [Access; 2],
}

/// One side of a race.
pub struct Access {
    /// The first byte that it touched in the word.
    pub address: usize,
    /// What it did.
    pub kind: Kind,
    /// How many bytes of the word it touched.
    pub bytes: usize,
    /// Who.
    pub by: Biography,
    /// Where.
    pub stack: Vec<Frame>,
    /// Where its goroutine was created; empty for the main goroutine.
    pub created: Vec<Frame>,
    /// The locks that its goroutine held, where they are known.
    pub locks: Option<Vec<Held>>,
}

struct Reporter {
    options: Option<Options>,
    suppressions: Suppressions,
    ignored: Vec<Ignored>,
    baseline: BTreeSet<Fingerprint>,
    sink: Sink,
    /// The races told so far; the maps name them by their place here.
    told: Vec<Told>,
    told_stacks: BTreeMap<(StackId, StackId), usize>,
    told_lines: BTreeMap<(u64, u64), usize>,
    told_words: BTreeMap<usize, usize>,
    told_bounds: Bounds,
    file: Option<i32>,
    /// Files that the options name.
    inputs: Vec<&'static [u8]>,
}

/// A race that was told.
struct Told {
    fingerprint: Fingerprint,
    seen: u64,
    /// What the records say of that.
    recorded: u64,
}

static REPORTER: Lock<Reporter> = Lock::new(Reporter {
    options: None,
    suppressions: Suppressions::NONE,
    ignored: Vec::new(),
    baseline: BTreeSet::new(),
    sink: Sink::NONE,
    told: Vec::new(),
    told_stacks: BTreeMap::new(),
    told_lines: BTreeMap::new(),
    told_words: BTreeMap::new(),
    told_bounds: Bounds::NONE,
    file: None,
    inputs: Vec::new(),
});
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Races reported so far.
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// One of the files that the options name, which live as long as the program.
pub fn input(index: usize) -> Option<&'static [u8]> {
    REPORTER.lock().inputs.get(index).copied()
}

/// How long the program may wait at its end, in milliseconds.
pub fn atexit_sleep_ms() -> u64 {
    REPORTER
        .lock()
        .options
        .as_ref()
        .map_or(0, |options| options.atexit_sleep_ms)
}

/// Reports what an access of `life` races with.
#[cold]
#[inline(never)]
pub fn races(life: Life, hits: Vec<Hit>) {
    let by = ids::biography(life);
    let mut reporter = REPORTER.lock();
    for hit in &hits {
        reporter.tell(by, hit);
    }
}

/// The program ends: says how much was found, and which bounds were reached.
/// The code to exit with.
pub fn finish() -> i32 {
    let mut reporter = REPORTER.lock();
    for index in 0..reporter.told.len() {
        reporter.record_repeats(index);
    }
    let count = count();
    let bounds = Bounds::now();
    if count == 0 {
        // Contexts are of interest in reports only.
        if bounds.can_have_lost() {
            reporter.write(&bounds.line().0);
        }
        return 0;
    }
    let mut text = Text::default();
    let _ = writeln!(text, "Found {count} data race(s)");
    text.0.extend_from_slice(&bounds.line().0);
    reporter.write(&text.0);
    reporter
        .options
        .as_ref()
        .map_or(66, |options| options.exitcode)
}

impl Reporter {
    fn tell(&mut self, by: Biography, hit: &Hit) {
        let (one, other) = (hit.new.stack(), hit.old.stack());
        let pair = (one.min(other), one.max(other));
        let (by_stack, by_word) = match &self.options {
            Some(options) => (
                options.suppress_equal_stacks,
                options.suppress_equal_addresses,
            ),
            None => (true, false),
        };
        let told = self.told_stacks.get(&pair).filter(|_| by_stack);
        let told = told.or_else(|| self.told_words.get(&hit.word).filter(|_| by_word));
        if let Some(&index) = told {
            return self.seen_again(index);
        }
        let race = Race {
            accesses: [
                access(hit.word, hit.new, hit.old, by, locks::of(hit.new.segment())),
                access(hit.word, hit.old, hit.new, hit.by, hit.locks.clone()),
            ],
        };
        // `x++` is a read and a write of one line: one race to whoever mends it.
        let lines = race
            .accesses
            .each_ref()
            .map(|access| symbolize::line_hash(&access.stack));
        let lines = (lines[0].min(lines[1]), lines[0].max(lines[1]));
        let told = self.told_lines.get(&lines).filter(|_| by_stack).copied();
        let index = told.unwrap_or(self.told.len());
        self.told_stacks.insert(pair, index);
        self.told_words.insert(hit.word, index);
        if told.is_some() {
            return self.seen_again(index);
        }
        self.told_lines.insert(lines, index);
        self.tell_new(&race);
    }

    fn tell_new(&mut self, race: &Race) {
        let identity = record::identify(race);
        self.told.push(Told {
            fingerprint: identity.1,
            seen: 1,
            recorded: 1,
        });
        let rule = self.rule_for(race);
        let status = match rule {
            Some(_) => Status::Suppressed,
            None if self.baseline.contains(&identity.1) => Status::Known,
            None => Status::New,
        };
        let recorded = self.sink.is_wanted() && {
            let record = record::of(race, identity, status, rule);
            self.sink.write(&Line::Race(record.into()))
        };
        if status != Status::New {
            return;
        }
        COUNT.fetch_add(1, Ordering::Relaxed);
        let silent = self.options.as_ref().is_some_and(|options| !options.print);
        if !(silent && recorded) {
            let strip = self
                .options
                .as_ref()
                .map_or(&b""[..], |o| &o.strip_path_prefix[..]);
            let paths = Paths {
                strip,
                goroot: go::goroots(),
            };
            let mut text = classic::race(race, &paths);
            // The end of the program may never come to tell of it.
            let bounds = Bounds::now();
            if bounds.is_news_after(&self.told_bounds) {
                text.extend_from_slice(&bounds.line().0);
                self.told_bounds = bounds;
            }
            self.write(&text);
        }
        if let Some(Options {
            halt_on_error: true,
            exitcode,
            ..
        }) = self.options
        {
            sys::exit(exitcode);
        }
    }

    /// What says that the race does not count.
    fn rule_for(&self, race: &Race) -> Option<&[u8]> {
        let stacks = race.accesses.each_ref().map(|access| &access.stack[..]);
        let covers = |lines: &&Ignored| stacks.iter().any(|stack| lines.covers(stack));
        let ignored = || Some(&self.ignored.iter().find(covers)?.name[..]);
        self.suppressions.covering(stacks).or_else(ignored)
    }

    /// Counts a race that was told before.  The count is recorded as often as
    /// it doubles, so that a crash leaves at most half of it untold.
    fn seen_again(&mut self, index: usize) {
        self.told[index].seen += 1;
        if self.told[index].seen >= 2 * self.told[index].recorded {
            self.record_repeats(index);
        }
    }

    fn record_repeats(&mut self, index: usize) {
        let told = &mut self.told[index];
        if !self.sink.is_wanted() || told.seen == told.recorded {
            return;
        }
        told.recorded = told.seen;
        self.sink.write(&Line::Repeat(Repeat {
            race: index as u64,
            fingerprint: told.fingerprint,
            count: told.seen,
        }));
    }

    fn write(&mut self, text: &[u8]) {
        let file = match self.file {
            Some(file) => file,
            None => *self.file.insert(self.open()),
        };
        sys::write_all(file, text);
    }

    fn open(&self) -> i32 {
        let path = self
            .options
            .as_ref()
            .map_or(&b"stderr"[..], |o| &o.log_path[..]);
        match path {
            b"stderr" | b"" => STDERR,
            b"stdout" => STDOUT,
            _ => {
                let mut name = Text(path.to_vec());
                let _ = write!(name, ".{}\0", sys::pid());
                let file = sys::open(&name.0, sys::Open::Create);
                if file < 0 {
                    name.0.pop();
                    let name = name.0.escape_ascii();
                    let mut text = Text::default();
                    let _ = writeln!(text, "gosan: cannot write {name}; reports go to stderr");
                    sys::write_all(STDERR, &text.0);
                    return STDERR;
                }
                file
            }
        }
    }
}

fn access(
    word: usize,
    record: Record,
    other: Record,
    by: Biography,
    locks: Option<Vec<Held>>,
) -> Access {
    // A record may stand for several accesses.
    let span = record.span().run_touching(other.span());
    Access {
        address: word + span.start(),
        kind: record.kind(),
        bytes: span.len(),
        by,
        stack: symbolize::stack(record.stack()),
        created: if by.number == ids::MAIN {
            Vec::new()
        } else {
            symbolize::stack(by.created_at)
        },
        locks,
    }
}

/// A file's content.
fn read_file(path: &[u8]) -> Option<Vec<u8>> {
    let mut name = path.to_vec();
    name.push(0);
    let file = sys::open(&name, sys::Open::Read);
    if file < 0 {
        return None;
    }
    let text = read_to_end(file, FILE_LIMIT);
    sys::close(file);
    text
}

/// All that a descriptor has to read, up to a limit in bytes.
pub fn read_to_end(file: i32, limit: usize) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match sys::read(file, &mut buffer) {
            0 => return Some(text),
            n if n < 0 => return None,
            n => text.extend_from_slice(&buffer[..n as usize]),
        }
        if text.len() > limit {
            return None;
        }
    }
}
