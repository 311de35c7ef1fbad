//! Races that do not count, beside those of a file of suppressions: the
//! fingerprints of a baseline, and lines of the program that its sources mark
//! with `//gosan:ignore`.
//!
//! A baseline has a race on each line: the fingerprint, and after a blank what
//! is said of it to people.  Ignored lines come from gosan, which has read the
//! sources: first line, last line, file, and what to call the rule, with tabs
//! between.  Lines that start with `#` are comments.

use super::symbolize::Frame;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gosan_wire::Fingerprint;

/// Adds the fingerprints of a baseline; the number of the first line that has
/// none where there is one.
pub fn read_baseline(text: &[u8], known: &mut BTreeSet<Fingerprint>) -> Result<(), usize> {
    for (number, line) in lines(text) {
        let word = line.split(u8::is_ascii_whitespace).next();
        let fingerprint = word.and_then(|word| core::str::from_utf8(word).ok()?.parse().ok());
        known.insert(fingerprint.ok_or(number)?);
    }
    Ok(())
}

/// A stretch of a file whose races do not count.
pub struct Ignored {
    first: usize,
    last: usize,
    file: Vec<u8>,
    /// What the rule is called.
    pub name: Vec<u8>,
}

/// Adds ignored lines; the number of the first line that is none where there is
/// one.
pub fn read_ignored(text: &[u8], ignored: &mut Vec<Ignored>) -> Result<(), usize> {
    for (number, line) in lines(text) {
        ignored.push(read_stretch(line).ok_or(number)?);
    }
    Ok(())
}

fn read_stretch(line: &[u8]) -> Option<Ignored> {
    let mut parts = line.splitn(4, |byte| *byte == b'\t');
    let mut number = || core::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let (first, last) = (number()?, number()?);
    Some(Ignored {
        first,
        last,
        file: parts.next()?.to_vec(),
        name: parts.next()?.to_vec(),
    })
}

impl Ignored {
    /// Whether a stack passes through it.
    pub fn covers(&self, stack: &[Frame]) -> bool {
        stack
            .iter()
            .any(|frame| (self.first..=self.last).contains(&frame.line) && frame.file == self.file)
    }
}

/// The lines that say something, and their numbers, from 1.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_has_a_fingerprint_on_each_line() {
        let mut known = BTreeSet::new();
        let text = b"# known\n\n08798ab690d93ec6 map m.f | m.g\n00000000000000ff\n";
        assert_eq!(read_baseline(text, &mut known), Ok(()));
        assert!(known.contains(&Fingerprint(0xff)) && known.len() == 2);
        assert_eq!(read_baseline(b"#\nnonsense\n", &mut known), Err(2));
    }

    #[test]
    fn ignored_lines_are_those_of_their_file() {
        let mut ignored = Vec::new();
        let text = b"7\t9\t/src/a b.go\ta b.go:7\n";
        assert_eq!(read_ignored(text, &mut ignored), Ok(()));
        assert_eq!(read_ignored(b"7\tx\ty\tz", &mut ignored), Err(1));
        let at = |file: &'static str, line| Frame {
            function: b"m.f",
            file: file.as_bytes(),
            line,
            offset: 0,
            inlined: false,
        };
        let covers = |frame| ignored[0].covers(&[at("/src/c.go", 8), frame]);
        assert!(covers(at("/src/a b.go", 7)) && covers(at("/src/a b.go", 9)));
        assert!(!covers(at("/src/a b.go", 10)) && !covers(at("/src/b.go", 8)));
        assert_eq!(ignored[0].name, b"a b.go:7");
    }
}
