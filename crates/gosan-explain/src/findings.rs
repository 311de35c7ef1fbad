//! The distinct problems of a log, counted, the worst first.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::Read;

use crate::case::Case;
use crate::diagnosis::{Diagnosed, diagnose};
use crate::error::Error;
use crate::frames::own_index;
use crate::input::scan::scan;
use crate::model::{Ending, Event, Frame, Problem};
use crate::shared::Shared;
use crate::source::Sources;

/// So many different problems of one log are kept.
const MAX_FINDINGS: usize = 10_000;

/// A problem, how often it was seen, and what is behind it.
pub struct Finding {
    pub problem: Problem,
    pub occurrences: u64,
    /// As the log writes them.
    pub first_seen: Option<String>,
    pub last_seen: Option<String>,
    pub diagnosed: Option<Diagnosed>,
    /// The variable that a race is about, where the source says so.
    pub shared: Option<String>,
}

/// All that a log says.
#[derive(Default)]
pub struct Explanation {
    pub findings: Vec<Finding>,
    pub bytes: u64,
    /// Problems beyond the first [`MAX_FINDINGS`].
    pub left_out: u64,
}

/// Collects problems, and counts those that are the same.
#[derive(Default)]
pub struct Collector {
    by_identity: HashMap<u64, usize>,
    findings: Vec<Finding>,
    left_out: u64,
}

impl Collector {
    pub fn add(&mut self, event: Event) {
        let identity = identity(&event.problem);
        if let Some(index) = self.by_identity.get(&identity) {
            let known = &mut self.findings[*index];
            known.occurrences += event.count;
            known.last_seen = event.time.or_else(|| known.last_seen.take());
            return;
        }
        if self.findings.len() == MAX_FINDINGS {
            self.left_out += 1;
            return;
        }
        self.by_identity.insert(identity, self.findings.len());
        self.findings.push(Finding {
            problem: event.problem,
            occurrences: event.count,
            first_seen: event.time.clone(),
            last_seen: event.time,
            diagnosed: None,
            shared: None,
        });
    }

    /// Diagnoses all, and puts the worst first.
    pub fn finish(mut self, sources: &Sources) -> Explanation {
        for finding in &mut self.findings {
            let case = Case::new(&finding.problem, sources);
            finding.diagnosed = diagnose(&case);
            finding.shared = case.shared.as_ref().map(Shared::in_words);
        }
        self.findings.sort_by_key(|finding| {
            let sure = finding.diagnosed.as_ref().map(|found| found.confidence);
            (
                severity(&finding.problem),
                std::cmp::Reverse(sure),
                std::cmp::Reverse(finding.occurrences),
            )
        });
        Explanation {
            findings: self.findings,
            bytes: 0,
            left_out: self.left_out,
        }
    }
}

/// Reads a log to its end, and explains it.
pub fn explain(
    log: impl Read,
    sources: &Sources,
    mut progress: impl FnMut(u64),
) -> Result<Explanation, Error> {
    let mut collector = Collector::default();
    let mut bytes = 0;
    let seen = |event| collector.add(event);
    scan(log, seen, |read| {
        bytes = read;
        progress(read);
    })?;
    let mut explanation = collector.finish(sources);
    explanation.bytes = bytes;
    Ok(explanation)
}

/// What kills the service comes before what may, and that before what leaks.
fn severity(problem: &Problem) -> u8 {
    match problem {
        Problem::Crash(crash) => match crash.ending {
            Ending::Fatal => 0,
            Ending::Panic => 1,
            Ending::Recovered => 3,
        },
        Problem::Race(_) => 2,
        Problem::Stuck(_) => 4,
        Problem::Notice(_) => 5,
    }
}

/// The same for the same problem: addresses, goroutines and the order of the
/// sides do not count, and of a stack what lies above and at the user's frame.
fn identity(problem: &Problem) -> u64 {
    let mut hasher = DefaultHasher::new();
    match problem {
        Problem::Race(race) => {
            let mut sides: Vec<_> = race
                .accesses
                .iter()
                .map(|access| hash(&(access.operation, place(&access.stack))))
                .collect();
            sides.sort_unstable();
            (0, sides).hash(&mut hasher);
        }
        Problem::Crash(crash) => {
            let first = crash.goroutines.first();
            let stack = first.map(|goroutine| place(&goroutine.stack));
            (1, crash.ending, without_numbers(&crash.message), stack).hash(&mut hasher);
        }
        Problem::Stuck(stuck) => {
            (2, &stuck.goroutines.state, place(&stuck.goroutines.stack)).hash(&mut hasher);
        }
        Problem::Notice(notice) => (3, &notice.message, &notice.frame).hash(&mut hasher),
    }
    hasher.finish()
}

fn place(stack: &[Frame]) -> &[Frame] {
    &stack[..own_index(stack).map_or(stack.len(), |index| index + 1)]
}

/// Addresses and indices differ from crash to crash.
fn without_numbers(message: &str) -> String {
    message
        .split_whitespace()
        .filter(|word| !word.starts_with("0x"))
        .flat_map(|word| {
            word.chars()
                .filter(|letter| !letter.is_ascii_digit())
                .chain([' '])
        })
        .collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
