//! Makes whatever comes from the program harmless and visible.
//!
//! Names of tests, files and functions, and source lines, can hold anything:
//! sequences that drive a terminal, line breaks that forge a line of output,
//! marks that turn the direction of text around. They are shown in the form
//! that Go's `%q` gives them. What a format needs beyond that (XML, JSON,
//! HTML, workflow commands) is escaped where the format is written.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with everything invisible spelled out.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push_visible(&mut shown, character);
    }
    Cow::Owned(shown)
}

/// A source line as it is shown. Tabs stay: what shows it has a width for them,
/// and columns stay those of the file.
pub fn source_line(line: &str) -> String {
    let mut shown = String::with_capacity(line.len() + 8);
    for character in line.chars() {
        match character {
            '\t' => shown.push('\t'),
            other => push_visible(&mut shown, other),
        }
    }
    shown
}

fn push_visible(shown: &mut String, character: char) {
    let written = match character {
        '\n' => write!(shown, "\\n"),
        '\r' => write!(shown, "\\r"),
        '\t' => write!(shown, "\\t"),
        c if !is_invisible(c) => write!(shown, "{c}"),
        c if (c as u32) < 0x80 => write!(shown, "\\x{:02x}", c as u32),
        c => write!(shown, "\\u{:04x}", c as u32),
    };
    written.expect("writing to a string does not fail");
}

/// Controls, line and paragraph separators, and the marks that reorder text.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_invisible_is_spelled_out() {
        for (text, shown) in [
            ("main.f", "main.f"),
            ("größe/日本", "größe/日本"),
            ("\x1b[2J\x07", "\\x1b[2J\\x07"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{9b}31m", "\\u009b31m"),
            ("x\u{202e}y\u{2066}", "x\\u202ey\\u2066"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn a_source_line_keeps_its_indentation() {
        assert_eq!(source_line("\tx\x1b := 1"), "\tx\\x1b := 1");
    }
}
