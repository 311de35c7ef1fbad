//! Suppressions, in ThreadSanitizer's syntax.
//!
//! A line is `race:PATTERN` or `race_top:PATTERN`.  A pattern is looked for in
//! the function and the file of each frame (of the innermost one for
//! `race_top`); `*` stands for any text, `^` and `$` for the start and the
//! end.  Lines that start with `#` are comments.  Kinds for other sanitizer
//! reports are accepted and match nothing.

use super::symbolize::Frame;
use alloc::vec::Vec;

/// What the file says.
#[derive(Default)]
pub struct Suppressions {
    rules: Vec<Rule>,
}

struct Rule {
    /// As it stands in the file.
    name: Vec<u8>,
    pattern: Vec<u8>,
    top_only: bool,
}

const OTHER_KINDS: [&[u8]; 5] = [
    b"thread",
    b"mutex",
    b"signal",
    b"deadlock",
    b"called_from_lib",
];

impl Suppressions {
    /// Reads a file's text; the number of the first line that is no rule where
    /// there is one.
    pub fn parse(text: &[u8]) -> Result<Suppressions, usize> {
        let mut rules = Vec::new();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .ok_or(index + 1)?;
            let (kind, pattern) = (&line[..colon], line[colon + 1..].to_vec());
            let top_only = match kind {
                b"race" => false,
                b"race_top" => true,
                _ if OTHER_KINDS.contains(&kind) => continue,
                _ => return Err(index + 1),
            };
            rules.push(Rule {
                name: line.to_vec(),
                pattern,
                top_only,
            });
        }
        Ok(Suppressions { rules })
    }

    /// No rules.
    pub const NONE: Suppressions = Suppressions { rules: Vec::new() };

    /// The first rule that covers one of the stacks, each innermost frame first.
    pub fn covering(&self, stacks: [&[Frame]; 2]) -> Option<&[u8]> {
        let rule = self.rules.iter().find(|rule| {
            stacks.iter().any(|stack| {
                let seen = if rule.top_only { 1 } else { stack.len() };
                stack.iter().take(seen).any(|frame| {
                    matches(&rule.pattern, frame.function) || matches(&rule.pattern, frame.file)
                })
            })
        })?;
        Some(&rule.name)
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (pattern, at_start) = match pattern.strip_prefix(b"^") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let (pattern, at_end) = match pattern.strip_suffix(b"$") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split(|byte| *byte == b'*').peekable();
    let mut text = text;
    let mut anchored = at_start;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        if last && at_end {
            return text.ends_with(part) && (!anchored || text.len() == part.len());
        }
        let found = if anchored {
            text.starts_with(part).then_some(0)
        } else {
            (0..=text.len() - part.len().min(text.len())).find(|i| text[*i..].starts_with(part))
        };
        let Some(at) = found else { return false };
        text = &text[at + part.len()..];
        anchored = false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("main.f", "main.f", true),
            ("main.f", "a/main.f.func1", true),
            ("^main.f$", "main.f", true),
            ("^main.f$", "main.f.func1", false),
            ("^main.f$", "xmain.f", false),
            ("a*c", "xxabbcxx", true),
            ("^a*c$", "abbc", true),
            ("^a*c$", "abbcd", false),
            ("*", "anything", true),
            ("x", "", false),
            ("net/http.*ServeHTTP", "net/http.(*conn).ServeHTTP", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_file_has_rules_comments_and_mistakes() {
        let rules = Suppressions::parse(b"# c\nrace:main.f\n\nrace_top:g\nmutex:x\n");
        assert_eq!(rules.map(|rules| rules.rules.len()).ok(), Some(2));
        assert_eq!(Suppressions::parse(b"race:a\nnonsense\n").err(), Some(2));
        assert_eq!(Suppressions::parse(b"rce:a\n").err(), Some(1));
    }

    #[test]
    fn top_rules_see_the_innermost_frame_only() {
        let frame = |function: &'static str| Frame {
            function: function.as_bytes(),
            file: b"a.go",
            line: 1,
            offset: 0,
            inlined: false,
        };
        let stack = [frame("main.inner"), frame("main.outer")];
        let covers = |text: &[u8]| {
            Suppressions::parse(text).is_ok_and(|rules| rules.covering([&stack, &[]]) == Some(text))
        };
        assert!(covers(b"race:outer"));
        assert!(!covers(b"race_top:outer"));
        assert!(covers(b"race_top:inner"));
        assert!(covers(b"race:a.go"));
    }
}
