//! The text of a report, in the form of Go's own detector, which people and
//! programs know how to read.

use super::Race;
use super::symbolize::Frame;
use crate::ids::MAIN;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt::Write;

/// How file names are shown.
pub struct Paths<'a> {
    /// What comes before this, and this, is left out.
    pub strip: &'a [u8],
    /// A prefix, and what to show instead: the assembled GOROOT and the user's.
    pub goroot: Option<(&'a [u8], &'a [u8])>,
}

/// A buffer that texts and bytes are appended to.
#[derive(Default)]
pub struct Text(pub Vec<u8>);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Writes one race.
pub fn race(race: &Race, paths: &Paths) -> Vec<u8> {
    let mut out = Text::default();
    rule(&mut out);
    out.0.extend_from_slice(b"WARNING: DATA RACE");
    for (index, access) in race.accesses.iter().enumerate() {
        let what = match (index, access.kind.is_write()) {
            (0, true) => "Write",
            (0, false) => "Read",
            (_, true) => "Previous write",
            (_, false) => "Previous read",
        };
        let _ = write!(out, "\n{what} at {:#014x} by ", access.address);
        match access.by.number {
            MAIN => out.0.extend_from_slice(b"main goroutine:\n"),
            number => {
                let _ = writeln!(out, "goroutine {number}:");
            }
        }
        frames(&mut out, &access.stack, paths);
    }
    for (index, access) in race.accesses.iter().enumerate() {
        let told = race.accesses[..index]
            .iter()
            .any(|other| other.by.number == access.by.number);
        if access.by.number == MAIN || told {
            continue;
        }
        let state = if access.by.running {
            "running"
        } else {
            "finished"
        };
        let _ = write!(
            out,
            "\nGoroutine {} ({state}) created at:\n",
            access.by.number
        );
        frames(&mut out, &access.created, paths);
    }
    rule(&mut out);
    out.0
}

fn rule(out: &mut Text) {
    out.0.extend_from_slice(b"==================\n");
}

fn frames(out: &mut Text, stack: &[Frame], paths: &Paths) {
    for frame in stack {
        out.0.extend_from_slice(b"  ");
        out.0.extend_from_slice(frame.function);
        out.0.extend_from_slice(b"()\n      ");
        file_name(out, frame.file, paths);
        let _ = writeln!(out, ":{} +{:#x}", frame.line, frame.offset);
    }
}

fn file_name(out: &mut Text, file: &[u8], paths: &Paths) {
    let shown = users_file(file, paths.goroot);
    let strip = paths.strip;
    let found = if strip.is_empty() || strip.len() > shown.len() {
        None
    } else {
        shown.windows(strip.len()).position(|part| part == strip)
    };
    let mut name = &shown[found.map_or(0, |at| at + strip.len())..];
    if found.is_some() {
        name = name.strip_prefix(b"./").unwrap_or(name);
    }
    out.0.extend_from_slice(name);
}

/// The name of a file as the user knows it: in their GOROOT.
pub fn users_file<'a>(file: &'a [u8], goroot: Option<(&[u8], &[u8])>) -> Cow<'a, [u8]> {
    match goroot.and_then(|(from, to)| Some((file.strip_prefix(from)?, to))) {
        Some((rest, to)) => Cow::Owned([to, rest].concat()),
        None => Cow::Borrowed(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Biography, Life};
    use crate::report::Access;
    use gosan_engine::record::{Kind, StackId};

    fn frame(function: &'static str, file: &'static str, line: usize) -> Frame {
        Frame {
            function: function.as_bytes(),
            file: file.as_bytes(),
            line,
            offset: 0x1d,
            inlined: false,
        }
    }

    fn access(number: u64, write: bool, stack: Vec<Frame>, created: Vec<Frame>) -> Access {
        let by = Biography {
            life: Life(0),
            number,
            created_at: StackId(0),
            running: number != 8,
        };
        Access {
            address: 0xc0_0001_2340,
            kind: if write { Kind::Write } else { Kind::Read },
            bytes: 1,
            by,
            stack,
            created,
            locks: None,
        }
    }

    #[test]
    fn the_form_is_gos() {
        let race_found = Race {
            accesses: [
                access(
                    8,
                    true,
                    alloc::vec![frame("main.f", "/root/go/src/a/b.go", 7)],
                    alloc::vec![frame("main.main", "/x/main.go", 3)],
                ),
                access(
                    MAIN,
                    false,
                    alloc::vec![frame("main.main", "/x/main.go", 5)],
                    Vec::new(),
                ),
            ],
        };
        let paths = Paths {
            strip: b"",
            goroot: Some((b"/root/go", b"/usr/lib/go")),
        };
        let expected = "==================\nWARNING: DATA RACE\n\
            Write at 0x00c000012340 by goroutine 8:\n  main.f()\n      \
            /usr/lib/go/src/a/b.go:7 +0x1d\n\nPrevious read at 0x00c000012340 by main goroutine:\n  \
            main.main()\n      /x/main.go:5 +0x1d\n\nGoroutine 8 (finished) created at:\n  \
            main.main()\n      /x/main.go:3 +0x1d\n==================\n";
        assert_eq!(
            core::str::from_utf8(&race(&race_found, &paths)),
            Ok(expected)
        );
        let stripped = Paths {
            strip: b"/src/",
            goroot: None,
        };
        let text = race(&race_found, &stripped);
        assert!(text.windows(9).any(|part| part == b" a/b.go:7"));
    }
}
