//! The decoration in front of a line, learned from the line that opens a block.
//!
//! Loggers, containers and CI systems are too many to list, but each decorates
//! all lines of a block alike. What stands before `WARNING: DATA RACE` is
//! therefore what has to come off the lines that follow. Times and decimal
//! numbers may differ from line to line, the rest must be the same: so blocks of
//! different pods that are mixed in one log are told apart by their prefixes.

use super::stamp;

/// What stands before a block's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Time,
    /// `12.345`, as seconds since a start are written.
    Decimal,
}

impl Prefix {
    /// Learns from the prefix of a block's first line.
    pub fn learn(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        let mut after_word = false;
        while let Some(character) = text[at..].chars().next() {
            let found = if after_word {
                None
            } else if let Some(length) = stamp::length(&text[at..]) {
                Some((Part::Time, length))
            } else {
                decimal(&text[at..]).map(|length| (Part::Decimal, length))
            };
            if let Some((part, length)) = found {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(part);
                at += length;
                after_word = true;
            } else {
                plain.push(character);
                at += character.len_utf8();
                after_word = character.is_alphanumeric();
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self { parts }
    }

    /// Takes the prefix off a line, if the line has it.
    pub fn strip<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut rest = line;
        for (index, part) in self.parts.iter().enumerate() {
            rest = match part {
                Part::Time => &rest[stamp::length(rest)?..],
                Part::Decimal => {
                    // Numbers are aligned with blanks.
                    let rest = rest.trim_start_matches(' ');
                    &rest[decimal(rest).or_else(|| integer(rest))?..]
                }
                Part::Text(text) => match rest.strip_prefix(text.as_str()) {
                    Some(rest) => rest,
                    // An empty line is often written without the last blank.
                    None if index + 1 == self.parts.len() && rest == text.trim_end() => "",
                    None => {
                        let aligned = text.trim_end_matches(' ');
                        match self.parts.get(index + 1) {
                            Some(Part::Decimal) => rest.strip_prefix(aligned)?,
                            _ => return None,
                        }
                    }
                },
            };
        }
        Some(rest)
    }
}

fn decimal(text: &str) -> Option<usize> {
    let whole = integer(text)?;
    let rest = text[whole..].strip_prefix('.')?;
    let fraction = integer(rest)?;
    // Not an address or a version.
    (!rest[fraction..].starts_with('.')).then_some(whole + 1 + fraction)
}

fn integer(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_off_what_the_first_line_had() {
        for (first, line, content) in [
            ("", "  main.f()", Some("  main.f()")),
            (
                "2024/05/01 10:11:12 ",
                "2024/05/01 10:11:13   main.f()",
                Some("  main.f()"),
            ),
            (
                "2024-05-01T10:11:12.1Z stderr F ",
                "2024-05-01T10:11:12.12345Z stderr F x",
                Some("x"),
            ),
            (
                "2024-05-01T10:11:12Z stderr F ",
                "2024-05-01T10:11:12.5Z stderr F",
                Some(""),
            ),
            ("api-1  | ", "api-1  | x", Some("x")),
            ("api-1  | ", "api-2  | x", None),
            ("api-1  | ", "api-1  |", Some("")),
            ("#12 3.456 ", "#12 13.7 x", Some("x")),
            ("[    1.5] ", "[   10.25] x", Some("x")),
            (
                "[pod/web-7f/app] 10:11:12 ",
                "[pod/web-8a/app] 10:11:12 x",
                None,
            ),
            ("é ", "è x", None),
        ] {
            assert_eq!(
                Prefix::learn(first).strip(line),
                content,
                "{first:?} {line:?}"
            );
        }
    }
}
