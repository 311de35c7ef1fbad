//! Reads a log of any size in pieces.
//!
//! While no block is open, only lines with a needle of [`NEEDLES`] are looked
//! at, so most of a log is searched with vector instructions and never cut into
//! lines. The room it takes does not grow with the log.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use super::route::{NEEDLES, Router};
use crate::error::Error;
use crate::model::Event;

const PIECE: usize = 1 << 20;

/// A longer line is taken in parts.
const MAX_LINE: usize = 16 << 20;

/// So much is looked at to tell a text from something else.
const SNIFF: usize = 8 << 10;

/// So many lines before a needle are searched for a time.
const CONTEXT: usize = 4;

/// Reads all of a log. `seen` is told of each event, `progress` of the bytes that
/// were read.
pub fn scan(
    mut log: impl Read,
    mut seen: impl FnMut(Event),
    mut progress: impl FnMut(u64),
) -> Result<(), Error> {
    let mut router = Router::default();
    // What was read and is not yet taken, and room for a piece behind it.
    let mut buffer = vec![0; 2 * PIECE];
    let mut kept = 0;
    let mut read = 0;
    loop {
        if buffer.len() < kept + PIECE {
            buffer.resize(2 * buffer.len(), 0);
        }
        let count = fill(&mut log, &mut buffer[kept..kept + PIECE])?;
        let filled = kept + count;
        if read == 0 {
            check_text(&buffer[..filled])?;
        }
        read += count as u64;
        progress(read);
        let end = if count == 0 {
            filled
        } else {
            match memrchr(b'\n', &buffer[kept..filled]) {
                Some(at) => kept + at + 1,
                None if filled > MAX_LINE => filled,
                None => {
                    kept = filled;
                    continue;
                }
            }
        };
        piece(&mut router, &buffer[..end]);
        if count == 0 {
            router.end();
        }
        router.take_events().for_each(&mut seen);
        if count == 0 {
            return Ok(());
        }
        buffer.copy_within(end..filled, 0);
        kept = filled - end;
    }
}

/// Reads as much as there is room, or to the end.
fn fill(log: &mut impl Read, room: &mut [u8]) -> Result<usize, Error> {
    let mut count = 0;
    while count < room.len() {
        match log.read(&mut room[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Read(error)),
        }
    }
    Ok(count)
}

/// Refuses what is no text, and says what to do with it.
fn check_text(start: &[u8]) -> Result<(), Error> {
    let start = &start[..start.len().min(SNIFF)];
    if start.starts_with(&[0x1f, 0x8b]) {
        return Err(Error::Compressed {
            format: "gzip",
            way_out: "unpack it first: zcat LOG | gosan explain -; a pprof profile is text \
                      with ?debug=2 behind its address",
        });
    }
    for (magic, format, tool) in [
        (
            &b"\x28\xb5\x2f\xfd"[..],
            "zstd",
            "unpack it first: zstdcat LOG | gosan explain -",
        ),
        (
            b"BZh",
            "bzip2",
            "unpack it first: bzcat LOG | gosan explain -",
        ),
        (
            b"\xfd7zXZ\0",
            "xz",
            "unpack it first: xzcat LOG | gosan explain -",
        ),
        (
            b"PK\x03\x04",
            "zip",
            "unpack it first: unzip -p LOG | gosan explain -",
        ),
    ] {
        if start.starts_with(magic) {
            return Err(Error::Compressed {
                format,
                way_out: tool,
            });
        }
    }
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(Error::Utf16);
    }
    match memchr(0, start) {
        Some(at) => Err(Error::Binary { at }),
        None => Ok(()),
    }
}

/// Takes whole lines.
fn piece(router: &mut Router, text: &[u8]) {
    let mut at = 0;
    while at < text.len() {
        if router.is_idle() {
            let Some(found) = NEEDLES.find(&text[at..]) else {
                return;
            };
            let needle = at + found.start();
            let begin = memrchr(b'\n', &text[at..needle]).map_or(at, |feed| at + feed + 1);
            context(router, &text[at..begin]);
            at = begin;
        }
        let length = memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
        router.line(&text[at..at + length]);
        at += length + 1;
    }
}

/// Shows the router the last lines before one of interest, for their time.
fn context(router: &mut Router, text: &[u8]) {
    let mut end = text.len();
    let mut begin = end;
    for _ in 0..CONTEXT {
        if end == 0 {
            break;
        }
        end -= 1;
        begin = memrchr(b'\n', &text[..end]).map_or(0, |feed| feed + 1);
        end = begin;
    }
    for line in text[begin..].split(|byte| *byte == b'\n') {
        router.context(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Problem;

    fn events(text: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        scan(text, |event| events.push(event), |_| {}).unwrap();
        events
    }

    const RACE: &str = "==================\nWARNING: DATA RACE\nWrite at 0x00c0 by goroutine 8:\n  \
        main.f()\n      /src/a.go:7 +0x1d\n\nPrevious write at 0x00c0 by main goroutine:\n  \
        main.g()\n      /src/a.go:9 +0x5\n==================\n";

    fn decorate(prefix: &str) -> String {
        RACE.lines()
            .map(|line| format!("{prefix}{line}\n"))
            .collect()
    }

    #[test]
    fn finds_a_race_under_any_decoration() {
        let plain = events(RACE.as_bytes());
        assert_eq!(plain.len(), 1);
        for prefix in [
            "2024-05-01T10:11:12.123Z stderr F ",
            "api-1  | ",
            "May  1 10:11:12 host app[123]: ",
            "\u{1b}[36mapi\u{1b}[0m ",
            "[   1.25] ",
        ] {
            let found = events(decorate(prefix).as_bytes());
            assert_eq!(found.len(), 1, "{prefix}");
            assert_eq!(found[0].problem, plain[0].problem, "{prefix}");
        }
        let crlf = RACE.replace('\n', "\r\n");
        assert_eq!(events(crlf.as_bytes())[0].problem, plain[0].problem);
        let json: String = RACE
            .lines()
            .map(|line| format!("{{\"log\":\"{line}\\n\",\"stream\":\"stderr\"}}\n"))
            .collect();
        assert_eq!(events(json.as_bytes())[0].problem, plain[0].problem);
        let escaped = RACE.replace('\n', "\\n");
        let logfmt = format!("time=\"2024-05-01T10:11:12Z\" level=error msg=\"{escaped}\"\n");
        let found = events(logfmt.as_bytes());
        assert_eq!(found[0].problem, plain[0].problem);
        assert_eq!(found[0].time.as_deref(), Some("2024-05-01T10:11:12Z"));
    }

    #[test]
    fn keeps_mixed_blocks_apart() {
        let one = decorate("web-a | ");
        let other = decorate("web-b | ").replace("main.f", "main.h");
        let mixed: String = one
            .lines()
            .zip(other.lines())
            .map(|(one, other)| format!("{one}\n{other}\n"))
            .collect();
        let found = events(mixed.as_bytes());
        assert_eq!(found.len(), 2);
        for event in found {
            let Problem::Race(race) = event.problem else {
                panic!();
            };
            assert!(race.accesses.iter().all(|access| access.stack.len() == 1));
        }
    }

    #[test]
    fn refuses_what_is_no_text() {
        for bytes in [&b"\x1f\x8bxx"[..], b"a\0b", b"\xff\xfea\0", b"PK\x03\x04"] {
            assert!(scan(bytes, |_| {}, |_| {}).is_err());
        }
        assert!(events(b"").is_empty());
        assert!(events(b"nothing to see").is_empty());
    }
}
