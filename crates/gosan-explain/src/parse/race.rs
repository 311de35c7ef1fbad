//! Race reports, of every Go version and of gosan.
//!
//! The shape is `WARNING: DATA RACE`, an access with its stack, the previous
//! access, and for each goroutine where it was created, closed by a rule of
//! `=`. Before Go 1.5 the accesses had no address.

use super::Fed;
use super::stack::Builder;
use crate::frames::normal_function;
use crate::model::{Access, Frame, Operation, Problem, Race};

/// A race report that is being read.
#[derive(Default)]
pub struct Reader {
    race: Race,
    created: Vec<(u64, Vec<Frame>)>,
    section: Section,
    stack: Builder,
    /// Each line has a blank one behind it.
    spaced: bool,
}

/// Whose frames come now.
#[derive(Clone, Copy, Default)]
enum Section {
    #[default]
    Head,
    Access(usize),
    Created(u64),
    /// Nobody's: those of the object's allocation, or without a heading.
    Other,
}

impl Reader {
    pub fn feed(&mut self, line: &str) -> Fed {
        let line = line.trim();
        if line.is_empty() {
            self.blank();
            return Fed::Taken;
        }
        if line.starts_with("=====") && line.bytes().all(|byte| byte == b'=') {
            return match self.section {
                Section::Head => Fed::Taken,
                _ => Fed::Last,
            };
        }
        if self.race.accesses.len() < 2
            && let Some(access) = access(line)
        {
            self.close();
            self.race.accesses.push(access);
            self.section = Section::Access(self.race.accesses.len() - 1);
            return Fed::Taken;
        }
        if let Some(goroutine) = created(line) {
            self.close();
            self.section = Section::Created(goroutine);
            return Fed::Taken;
        }
        if let Some(object) = line.strip_prefix("Location is ") {
            self.close();
            self.race.object = Some(object.trim_end_matches(':').to_owned());
            self.section = Section::Other;
            return Fed::Taken;
        }
        if line.starts_with("[failed to restore the stack]") {
            return Fed::Taken;
        }
        if matches!(self.section, Section::Head) {
            return Fed::Foreign;
        }
        if self.stack.feed(line) || self.bare_function(line) {
            return Fed::Taken;
        }
        Fed::Foreign
    }

    /// A blank line ends a stack. What follows without a heading of its own is of a
    /// stack whose heading is lost. Between the two lines of a frame it says that
    /// all lines have one behind them.
    fn blank(&mut self) {
        self.spaced |= self.stack.is_within_frame();
        if !self.spaced && self.stack.has_frames() {
            self.close();
            self.section = Section::Other;
        }
    }

    /// A report has no arguments, so `func·001()` of old versions may stand
    /// there without a package.
    fn bare_function(&mut self, line: &str) -> bool {
        match line.strip_suffix("()") {
            Some(name)
                if !name.contains([' ', ':', '=', '"'])
                    && name.starts_with(|first: char| first.is_alphabetic() || first == '_') =>
            {
                self.stack.function(&normal_function(name));
                true
            }
            _ => false,
        }
    }

    /// Puts the frames where they belong.
    fn close(&mut self) {
        let frames = self.stack.take();
        match self.section {
            Section::Access(index) => self.race.accesses[index].stack = frames,
            Section::Created(goroutine) => self.created.push((goroutine, frames)),
            Section::Head | Section::Other => {}
        }
        self.section = Section::Head;
    }

    pub fn finish(mut self, test: Option<String>) -> Option<Problem> {
        self.close();
        for access in &mut self.race.accesses {
            let created = self
                .created
                .iter()
                .find(|(goroutine, _)| Some(*goroutine) == access.goroutine);
            if let Some((_, frames)) = created {
                access.created.clone_from(frames);
            }
        }
        // An opening without an access says nothing.
        if self.race.accesses.is_empty() {
            return None;
        }
        self.race.test = test.or_else(|| test_of(&self.race));
        Some(Problem::Race(self.race))
    }
}

/// The test in which a race happened: what `testing` called.
pub fn test_of(race: &Race) -> Option<String> {
    race.accesses
        .iter()
        .flat_map(|access| [&access.stack, &access.created])
        .find_map(|stack| test_of_stack(stack))
}

/// The test that a stack runs in.
pub fn test_of_stack(stack: &[Frame]) -> Option<String> {
    let runner = stack
        .iter()
        .position(|frame| frame.function == "testing.tRunner")?;
    let name = stack.get(runner.checked_sub(1)?)?.name();
    Some(name.split('.').next().unwrap_or(name).to_owned())
        .filter(|name| name.starts_with("Test") || name.starts_with("Fuzz"))
}

/// Reads `Previous atomic write at 0x00c000012340 by goroutine 8:`.
fn access(line: &str) -> Option<Access> {
    let line = line.strip_suffix(':')?.to_ascii_lowercase();
    let line = line.strip_prefix("previous ").unwrap_or(&line);
    let (atomic, line) = match line.strip_prefix("atomic ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (write, rest) = match line.strip_prefix("write") {
        Some(rest) => (true, rest),
        None => (false, line.strip_prefix("read")?),
    };
    let (place, by) = rest.split_once(" by ")?;
    let goroutine = match by.strip_prefix("goroutine ") {
        Some(number) => {
            let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
            Some(digits.parse().ok()?)
        }
        None if by.starts_with("main goroutine") => None,
        None => return None,
    };
    let address = place
        .split_once("0x")
        .and_then(|(_, digits)| u64::from_str_radix(digits.split(' ').next()?, 16).ok());
    let operation = match (write, atomic) {
        (true, true) => Operation::AtomicWrite,
        (true, false) => Operation::Write,
        (false, true) => Operation::AtomicRead,
        (false, false) => Operation::Read,
    };
    Some(Access {
        operation,
        goroutine,
        address,
        stack: Vec::new(),
        created: Vec::new(),
        locks: Vec::new(),
    })
}

/// Reads `Goroutine 8 (running) created at:`.
fn created(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("Goroutine ")?;
    let (number, rest) = rest.split_once(' ')?;
    rest.contains("created").then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Race> {
        let mut reader = Reader::default();
        for line in text.lines() {
            if reader.feed(line) == Fed::Last {
                break;
            }
        }
        match reader.finish(None)? {
            Problem::Race(race) => Some(race),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_a_report() {
        let race = read(
            "Write at 0x00c000012340 by goroutine 8:\n  main.f.func1()\n      /src/a.go:7 +0x1d\n\n\
             Previous read at 0x00c000012340 by main goroutine:\n  main.f()\n      /src/a.go:9 +0x5\n  \
             main.TestX()\n      /src/a_test.go:3 +0x5\n  testing.tRunner()\n      \
             /go/src/testing/testing.go:1 +0x1\n\n\
             Goroutine 8 (running) created at:\n  main.f()\n      /src/a.go:6 +0x5\n==================\n",
        )
        .unwrap();
        assert_eq!(race.accesses.len(), 2);
        assert_eq!(race.accesses[0].operation, Operation::Write);
        assert_eq!(race.accesses[0].goroutine, Some(8));
        assert_eq!(race.accesses[0].address, Some(0xc0_0001_2340));
        assert_eq!(
            race.accesses[0].stack,
            [Frame::new("main.f.func1", "/src/a.go", 7)]
        );
        assert_eq!(
            race.accesses[0].created,
            [Frame::new("main.f", "/src/a.go", 6)]
        );
        assert_eq!(race.accesses[1].goroutine, None);
        assert_eq!(race.test.as_deref(), Some("TestX"));
    }

    #[test]
    fn a_stack_without_its_heading_is_nobodys() {
        let report = "Write at 0x1 by goroutine 8:\n  main.f()\n      /a.go:7 +0x1\n\n\
                      Previous read at 0x1 by goroutine 7:\n  main.g()\n      /a.go:9 +0x1\n\n  \
                      main.lost()\n      /a.go:6 +0x5\n==================\n";
        let second = |text: &str| read(text).unwrap().accesses[1].stack.clone();
        assert_eq!(second(report), [Frame::new("main.g", "/a.go", 9)]);
        let spaced = "Write at 0x1 by goroutine 8:\n\n  main.f()\n\n      /a.go:7 +0x1\n\n  \
                      main.caller()\n\n      /a.go:17 +0x1\n\n";
        assert_eq!(read(spaced).unwrap().accesses[0].stack.len(), 2);
    }

    #[test]
    fn reads_old_and_cut_reports() {
        let race = read("Write by goroutine 18:\n  main.func·001()\n      /a.go:7 +0x1d\n\nPrevious write by goroutine 17:\n  func·002()").unwrap();
        assert_eq!(race.accesses[0].address, None);
        assert_eq!(race.accesses[0].stack[0].function, "main.func1");
        assert_eq!(race.accesses[1].stack, [Frame::new("func2", "", 0)]);
        assert_eq!(read("2024 nothing of the kind\n"), None);
        let one =
            read("Atomic read at 0x1 by goroutine 3:\n  [failed to restore the stack]\n").unwrap();
        assert_eq!(one.accesses[0].operation, Operation::AtomicRead);
        assert!(one.accesses[0].stack.is_empty());
    }
}
