//! Fatal errors, panics and goroutine dumps.
//!
//! All three are goroutines with their stacks, printed by the runtime; a crash
//! has a message in front. Goroutines that stand in the same place are counted,
//! not kept, so that a dump of a hundred thousand takes no more room than one.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use super::Fed;
use super::race::test_of_stack;
use super::stack::{Builder, file_line};
use crate::frames::own_index;
use crate::model::{Crash, Ending, Frame, Goroutines, Problem, Stuck};

/// So many different places of one dump are kept.
const MAX_PLACES: usize = 4096;

/// So many other places are handed to the diagnosis of a stuck goroutine.
const MAX_OTHERS: usize = 64;

/// The numbers of so many goroutines are kept, to tell one dump from the next.
const MAX_SEEN: usize = 100_000;

/// Goroutines that are so many in one place, or wait so long, stand out.
const MANY: u64 = 3;
const LONG_MINUTES: u64 = 1;

/// Messages that are worth telling without a stack.
const KNOWN: &[&str] = &[
    "concurrent map ",
    "all goroutines are asleep",
    "sync: ",
    "send on closed channel",
    "close of closed channel",
    "close of nil channel",
    " in goroutine after ",
    "test timed out",
    "too large for new goroutine",
];

/// A crash or a dump that is being read.
pub struct Reader {
    head: Option<(Ending, String)>,
    goroutines: Vec<Goroutines>,
    by_place: HashMap<u64, usize>,
    total: u64,
    seen: HashSet<u64>,
    current: Option<Goroutines>,
    stack: Builder,
    in_creator: bool,
    running_tests: bool,
    test: Option<String>,
}

impl Reader {
    fn new(head: Option<(Ending, String)>) -> Self {
        Self {
            head,
            goroutines: Vec::new(),
            by_place: HashMap::new(),
            total: 0,
            seen: HashSet::new(),
            current: None,
            stack: Builder::default(),
            in_creator: false,
            running_tests: false,
            test: None,
        }
    }

    pub fn fatal(before: &str, rest: &str) -> Option<Self> {
        stands_first(before).then(|| Self::new(Some((Ending::Fatal, message(rest)))))
    }

    pub fn panic(before: &str, rest: &str) -> Option<Self> {
        stands_first(before).then(|| Self::new(Some((Ending::Panic, message(rest)))))
    }

    /// `panic serving 10.0.0.1:1234: runtime error: …`, as net/http logs it.
    pub fn serving(rest: &str) -> Option<Self> {
        let (_, message) = rest.strip_prefix("panic serving ")?.split_once(": ")?;
        Some(Self::new(Some((Ending::Recovered, message.to_owned()))))
    }

    /// A dump without a message.
    pub fn dump() -> Self {
        Self::new(None)
    }

    pub fn goroutine(rest: &str) -> Option<Self> {
        let mut reader = Self::new(None);
        let goroutine = header(rest)?;
        reader.see(&goroutine);
        reader.current = Some(goroutine);
        Some(reader)
    }

    /// There is a message, and no goroutine yet.
    pub fn awaits_stacks(&self) -> bool {
        self.head.is_some() && self.current.is_none() && self.goroutines.is_empty()
    }

    fn see(&mut self, goroutine: &Goroutines) {
        if let Some(id) = goroutine.id.filter(|_| self.seen.len() < MAX_SEEN) {
            self.seen.insert(id);
        }
    }

    pub fn feed(&mut self, line: &str) -> Fed {
        let line = line.trim();
        if line.is_empty() {
            return Fed::Taken;
        }
        if let Some(goroutine) = header(line) {
            // Each goroutine stands in a dump once: this is the next dump.
            if goroutine.id.is_some_and(|id| self.seen.contains(&id)) {
                return Fed::Foreign;
            }
            self.see(&goroutine);
            self.close();
            self.current = Some(goroutine);
            return Fed::Taken;
        }
        if self.current.is_none() {
            return self.feed_head(line);
        }
        if let Some(creator) = line.strip_prefix("created by ") {
            let name = creator.split(" in goroutine ").next().unwrap_or(creator);
            if !self.in_creator {
                let frames = self.stack.take();
                if let Some(current) = &mut self.current {
                    current.stack = frames;
                }
            }
            self.in_creator = true;
            self.stack.function(name);
            return Fed::Taken;
        }
        if self.stack.feed(line) {
            return Fed::Taken;
        }
        let filler = line.starts_with("...")
            || line.starts_with("goroutine running on other thread")
            || line.starts_with("runtime.goexit")
            || line.starts_with("panic(")
            || file_line(line).is_some();
        if filler {
            return Fed::Taken;
        }
        if is_last(line) {
            Fed::Last
        } else {
            Fed::Foreign
        }
    }

    /// Lines between the message and the first goroutine.
    fn feed_head(&mut self, line: &str) -> Fed {
        if line == "running tests:" {
            self.running_tests = true;
            return Fed::Taken;
        }
        if self.running_tests
            && let Some((test, _)) = line.split_once(" (")
            && (test.starts_with("Test") || test.starts_with("Fuzz"))
        {
            self.test.get_or_insert_with(|| test.to_owned());
            return Fed::Taken;
        }
        if line.starts_with("[signal ") || line.starts_with("PC=") {
            return Fed::Taken;
        }
        match &self.head {
            // Two goroutines ran into it at once.
            Some((Ending::Fatal, told)) if line.strip_prefix("fatal error: ") == Some(told) => {
                Fed::Taken
            }
            // A panic while panicking: the last one is what ends the program.
            Some((Ending::Panic, _)) if line.starts_with("panic: ") => {
                self.head = Some((Ending::Panic, message(line)));
                Fed::Taken
            }
            _ if is_last(line) => Fed::Last,
            _ => Fed::Foreign,
        }
    }

    /// Puts the goroutine that was read to those in the same place.
    fn close(&mut self) {
        let frames = self.stack.take();
        let Some(mut goroutine) = self.current.take() else {
            return;
        };
        if std::mem::take(&mut self.in_creator) {
            goroutine.created = frames;
        } else {
            goroutine.stack = frames;
        }
        self.total += 1;
        let mut hasher = DefaultHasher::new();
        (&goroutine.state, &goroutine.stack, &goroutine.created).hash(&mut hasher);
        let place = hasher.finish();
        match self.by_place.get(&place) {
            Some(index) => {
                let known = &mut self.goroutines[*index];
                known.count += 1;
                known.minutes = known.minutes.max(goroutine.minutes);
            }
            None if self.goroutines.len() < MAX_PLACES => {
                self.by_place.insert(place, self.goroutines.len());
                self.goroutines.push(goroutine);
            }
            None => {}
        }
    }

    pub fn finish(mut self, test: Option<String>) -> Vec<Problem> {
        self.close();
        let named = self
            .head
            .as_ref()
            .and_then(|(_, told)| test_of_message(told));
        let test = test.or(self.test.take()).or(named).or_else(|| {
            self.goroutines
                .iter()
                .find_map(|goroutine| test_of_stack(&goroutine.stack))
        });
        match self.head {
            Some((ending, message)) => {
                let known = KNOWN.iter().any(|known| message.contains(known));
                if self.goroutines.is_empty() && !known {
                    return Vec::new();
                }
                vec![Problem::Crash(Crash {
                    ending,
                    message,
                    goroutines: self.goroutines,
                    test,
                })]
            }
            None => stuck(self.goroutines, self.total),
        }
    }
}

/// The places of a dump where goroutines stand still and stand out.
pub fn stuck(mut goroutines: Vec<Goroutines>, total: u64) -> Vec<Problem> {
    goroutines.sort_by_key(|place| std::cmp::Reverse(place.count));
    let stands_out = |place: &Goroutines| {
        let waits_for_lock = is_lock_wait(place);
        place.count >= MANY || place.minutes >= LONG_MINUTES || waits_for_lock
    };
    let mut problems = Vec::new();
    for (index, place) in goroutines.iter().enumerate() {
        if !is_blocked(place) || !stands_out(place) || !has_own_code(&place.stack) {
            continue;
        }
        let others = goroutines
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, other)| other.clone())
            .take(MAX_OTHERS)
            .collect();
        problems.push(Problem::Stuck(Stuck {
            goroutines: place.clone(),
            total,
            others,
        }));
        if problems.len() == MAX_OTHERS {
            break;
        }
    }
    problems
}

/// Says whether the goroutines wait for another goroutine. Those that wait for
/// the network, a timer or a system call do what they should.
pub fn is_blocked(place: &Goroutines) -> bool {
    let state = place.state.as_str();
    let profile = state.is_empty();
    let by_state = ["chan ", "select", "sync.", "semacquire"]
        .iter()
        .any(|prefix| state.starts_with(prefix));
    let waits_for_others = place.stack.iter().take(6).any(|frame| {
        frame.function.starts_with("internal/poll.") || frame.function == "time.Sleep"
    });
    (by_state || profile) && !waits_for_others
}

/// Says whether they wait for a lock.
pub fn is_lock_wait(place: &Goroutines) -> bool {
    place.stack.iter().take(8).any(|frame| {
        [
            "sync.(*Mutex).",
            "sync.(*RWMutex).",
            "internal/sync.(*Mutex).",
        ]
        .iter()
        .any(|lock| frame.function.starts_with(lock))
    })
}

/// Says whether there is more in a stack than Go's own library.
pub fn has_own_code(stack: &[Frame]) -> bool {
    use crate::frames::Owner;
    own_index(stack)
        .is_some_and(|index| matches!(stack[index].owner(), Owner::User | Owner::Library))
}

/// The test of `Log in goroutine after TestX/part has completed: …`.
fn test_of_message(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" in goroutine after ")?;
    let (test, _) = rest.split_once(" has completed")?;
    let top = test.split('/').next()?;
    top.starts_with("Test").then(|| top.to_owned())
}

/// What stands before the message is decoration, and no sentence.
fn stands_first(before: &str) -> bool {
    before.is_empty() || before.ends_with([' ', '\t', '|', ']', ':', '"', '>'])
}

fn message(rest: &str) -> String {
    let message = rest.split_once(": ").map_or(rest, |(_, message)| message);
    // `[recovered]`, and `[recovered, repanicked]` since Go 1.23.
    let message = message.split(" [recovered").next().unwrap_or(message);
    message.trim().to_owned()
}

/// Reads `goroutine 18 gp=0xc000 m=3 mp=0xc000 [chan receive, 5 minutes]:`.
fn header(line: &str) -> Option<Goroutines> {
    let rest = line.strip_prefix("goroutine ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let id = rest[..digits].parse().ok()?;
    let rest = &rest[digits..];
    let open = rest.find('[')?;
    let between = rest[..open].trim();
    let plain = between.split_whitespace().all(|word| word.contains('='));
    let inside = &rest[open + 1..];
    let close = inside
        .find("]:")
        .or_else(|| inside.strip_suffix(']').map(str::len))?;
    if !plain {
        return None;
    }
    let mut words = inside[..close].split(", ");
    let state = words.next()?.trim_end_matches(" (scan)").to_owned();
    let minutes = words
        .find_map(|word| word.strip_suffix(" minutes")?.parse().ok())
        .unwrap_or(0);
    Some(Goroutines {
        count: 1,
        id: Some(id),
        state,
        minutes,
        stack: Vec::new(),
        created: Vec::new(),
    })
}

/// What comes behind a dump.
fn is_last(line: &str) -> bool {
    line.starts_with("exit status ")
        || line.starts_with("FAIL\t")
        || line.starts_with("rax ")
        || line.starts_with("r0 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_headers() {
        for (line, id, state, minutes) in [
            ("goroutine 1 [running]:", 1, "running", 0),
            (
                "goroutine 34 gp=0xc0 m=3 mp=0xc1 [chan send, 12 minutes, locked to thread]:",
                34,
                "chan send",
                12,
            ),
            (
                "goroutine 7 [select (no cases)]:",
                7,
                "select (no cases)",
                0,
            ),
        ] {
            let read = header(line).unwrap();
            assert_eq!(
                (read.id, read.state.as_str(), read.minutes),
                (Some(id), state, minutes)
            );
        }
        for other in [
            "goroutine 8:",
            "goroutine x [y]:",
            "goroutine 5 took [1]: x",
            "goroutine ",
        ] {
            assert!(header(other).is_none(), "{other}");
        }
    }

    #[test]
    fn counts_goroutines_in_one_place() {
        let mut reader = Reader::goroutine("goroutine 1 [chan send, 2 minutes]:").unwrap();
        for number in 2..=50 {
            for line in [
                "main.ask.func1(0xc000, 0x1)",
                "\t/src/a.go:7 +0x1d",
                "created by main.ask in goroutine 1",
                "\t/src/a.go:5 +0x1d",
                "",
            ] {
                assert_eq!(reader.feed(line), Fed::Taken, "{line}");
            }
            reader.feed(&format!("goroutine {number} [chan send]:"));
        }
        let problems = reader.finish(None);
        let [Problem::Stuck(stuck)] = problems.as_slice() else {
            panic!("{problems:?}");
        };
        assert_eq!((stuck.goroutines.count, stuck.total), (49, 50));
        assert_eq!(
            stuck.goroutines.created,
            [Frame::new("main.ask", "/src/a.go", 5)]
        );
    }

    #[test]
    fn a_message_can_name_the_test() {
        for (message, test) in [
            (
                "Log in goroutine after TestX has completed: done",
                Some("TestX"),
            ),
            (
                "Fail in goroutine after TestX/a_b has completed",
                Some("TestX"),
            ),
            ("Log in goroutine after a while has completed", None),
            ("send on closed channel", None),
        ] {
            assert_eq!(test_of_message(message).as_deref(), test);
        }
    }

    #[test]
    fn leaves_other_errors_alone() {
        let other = Reader::fatal("x.c:1:10: ", "fatal error: y.h: No such file").unwrap();
        assert!(other.finish(None).is_empty());
        assert!(Reader::panic("don't-", "panic: x").is_none());
        let known = Reader::fatal("", "fatal error: concurrent map writes").unwrap();
        assert_eq!(known.finish(None).len(), 1);
    }
}
