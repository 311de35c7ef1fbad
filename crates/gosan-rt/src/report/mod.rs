//! What becomes of a race: told once, in full, the moment it happens.
//!
//! Nothing is left for the end of the program, which a crash never reaches.
//! The text is written by one system call, under a lock, so that reports of
//! two threads do not mix.

pub mod bounds;
pub mod classic;
pub mod suppressions;
pub mod symbolize;

use crate::go;
use crate::ids::{self, Biography, Life};
use crate::lock::Lock;
use crate::options::Options;
use crate::sys;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use bounds::Bounds;
use classic::{Paths, Text};
use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};
use gosan_engine::record::{Record, StackId};
use suppressions::Suppressions;
use symbolize::Frame;

const STDOUT: i32 = 1;
const STDERR: i32 = 2;
const SUPPRESSIONS_LIMIT: usize = 16 << 20;

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
    /// Whether it wrote.
    pub write: bool,
    /// Who.
    pub by: Biography,
    /// Where.
    pub stack: Vec<Frame>,
    /// Where its goroutine was created; empty for the main goroutine.
    pub created: Vec<Frame>,
}

struct Reporter {
    options: Option<Options>,
    suppressions: Suppressions,
    told_stacks: BTreeSet<(StackId, StackId)>,
    told_lines: BTreeSet<(u64, u64)>,
    told_words: BTreeSet<usize>,
    told_bounds: Bounds,
    file: Option<i32>,
}

static REPORTER: Lock<Reporter> = Lock::new(Reporter {
    options: None,
    suppressions: Suppressions::NONE,
    told_stacks: BTreeSet::new(),
    told_lines: BTreeSet::new(),
    told_words: BTreeSet::new(),
    told_bounds: Bounds::NONE,
    file: None,
});
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Races reported so far.
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// How long the program may wait at its end, in milliseconds.
pub fn atexit_sleep_ms() -> u64 {
    REPORTER
        .lock()
        .options
        .as_ref()
        .map_or(0, |options| options.atexit_sleep_ms)
}

/// Takes over the options and says what is wrong with them.
pub fn start(options: Options) {
    let mut warning = Text::default();
    for name in &options.unknown {
        warning
            .0
            .extend_from_slice(b"gosan: GORACE: unknown option or value: ");
        warning.0.extend_from_slice(name);
        warning.0.push(b'\n');
    }
    let mut reporter = REPORTER.lock();
    if !options.suppressions.is_empty() {
        match read_file(&options.suppressions).map(|text| Suppressions::parse(&text)) {
            Some(Ok(rules)) => reporter.suppressions = rules,
            Some(Err(line)) => {
                let name = options.suppressions.escape_ascii();
                let _ = writeln!(warning, "gosan: {name}:{line}: not a suppression");
                sys::write_all(STDERR, &warning.0);
                sys::exit(1);
            }
            None => {
                let name = options.suppressions.escape_ascii();
                let _ = writeln!(warning, "gosan: cannot read the suppressions file {name}");
                sys::write_all(STDERR, &warning.0);
                sys::exit(1);
            }
        }
    }
    sys::write_all(STDERR, &warning.0);
    reporter.options = Some(options);
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
        if by_stack && !self.told_stacks.insert(pair)
            || by_word && !self.told_words.insert(hit.word)
        {
            return;
        }
        let race = Race {
            accesses: [
                access(hit.word, hit.new, by),
                access(hit.word, hit.old, hit.by),
            ],
        };
        // `x++` is a read and a write of one line: one race to whoever mends it.
        let lines = race
            .accesses
            .each_ref()
            .map(|access| symbolize::line_hash(&access.stack));
        let lines = (lines[0].min(lines[1]), lines[0].max(lines[1]));
        if by_stack && !self.told_lines.insert(lines) {
            return;
        }
        if self
            .suppressions
            .cover([&race.accesses[0].stack, &race.accesses[1].stack])
        {
            return;
        }
        COUNT.fetch_add(1, Ordering::Relaxed);
        let mut text = {
            let strip = self
                .options
                .as_ref()
                .map_or(&b""[..], |o| &o.strip_path_prefix[..]);
            classic::race(
                &race,
                &Paths {
                    strip,
                    goroot: go::goroots(),
                },
            )
        };
        // The end of the program may never come to tell of it.
        let bounds = Bounds::now();
        if bounds.is_news_after(&self.told_bounds) {
            text.extend_from_slice(&bounds.line().0);
            self.told_bounds = bounds;
        }
        self.write(&text);
        if let Some(Options {
            halt_on_error: true,
            exitcode,
            ..
        }) = self.options
        {
            sys::exit(exitcode);
        }
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

fn access(word: usize, record: Record, by: Biography) -> Access {
    Access {
        address: word + record.span().start(),
        write: record.kind().is_write(),
        by,
        stack: symbolize::stack(record.stack()),
        created: if by.number == ids::MAIN {
            Vec::new()
        } else {
            symbolize::stack(by.created_at)
        },
    }
}

fn read_file(path: &[u8]) -> Option<Vec<u8>> {
    let mut name = path.to_vec();
    name.push(0);
    let file = sys::open(&name, sys::Open::Read);
    if file < 0 {
        return None;
    }
    let text = read_to_end(file, SUPPRESSIONS_LIMIT);
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
