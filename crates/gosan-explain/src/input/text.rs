//! Takes off what a terminal or an operating system adds to a line: colours,
//! carriage returns, bytes that are no text.

use std::borrow::Cow;

/// Makes a clean line of the bytes between two line feeds.
pub fn clean(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if memchr::memchr2(0x1b, b'\r', bytes).is_none() {
        return text;
    }
    Cow::Owned(without_escapes(&text))
}

/// Leaves out ANSI sequences and stray carriage returns. What a progress bar
/// has overwritten goes too: only what stands behind the last one is seen.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => out.clear(),
            '\u{1b}' => match characters.next() {
                // CSI: parameters up to a letter.
                Some('[') => {
                    for inner in characters.by_ref() {
                        if ('@'..='~').contains(&inner) {
                            break;
                        }
                    }
                }
                // OSC: up to BEL or ESC backslash.
                Some(']') => {
                    while let Some(inner) = characters.next() {
                        if inner == '\u{7}' {
                            break;
                        }
                        if inner == '\u{1b}' && characters.peek() == Some(&'\\') {
                            characters.next();
                            break;
                        }
                    }
                }
                _ => {}
            },
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_the_text() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (b"crlf\r", "crlf"),
            (b"\x1b[31mred\x1b[0m\r", "red"),
            (b"\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
            (b"10%\r20%\rdone", "done"),
            (b"\xffx", "\u{fffd}x"),
            (b"\x1b[", ""),
            (b"\x1b", ""),
        ] {
            assert_eq!(clean(bytes), text);
        }
    }
}
