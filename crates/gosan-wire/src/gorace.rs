//! The syntax of GORACE, which is that of the sanitizers' flags: `name=value`,
//! separated by blanks, commas or colons; a value may stand in quotes.

/// The options in a text: names and values.  A name without a value has an
/// empty one.
pub fn options(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (name, value, after) = next(rest)?;
        rest = after;
        Some((name, value))
    })
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b':' | b'\n' | b'\t' | b'\r')
}

/// The next option: its name, its value, and what follows.
fn next(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let start = text.iter().position(|byte| !is_separator(*byte))?;
    let text = &text[start..];
    let name_end = text
        .iter()
        .position(|b| *b == b'=' || is_separator(*b))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let Some(rest) = rest.strip_prefix(b"=") else {
        return Some((name, b"", rest));
    };
    if let Some(quote @ (b'"' | b'\'')) = rest.first() {
        let inside = &rest[1..];
        let end = inside
            .iter()
            .position(|byte| byte == quote)
            .unwrap_or(inside.len());
        return Some((name, &inside[..end], inside.get(end + 1..).unwrap_or(b"")));
    }
    let end = rest
        .iter()
        .position(|byte| is_separator(*byte))
        .unwrap_or(rest.len());
    Some((name, &rest[..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn names_values_and_quotes() {
        let text = b" a=1,b='x y':c=\"it's\"\nbare d= e=\"open";
        let found: Vec<_> = options(text).collect();
        let expected: [(&[u8], &[u8]); 6] = [
            (b"a", b"1"),
            (b"b", b"x y"),
            (b"c", b"it's"),
            (b"bare", b""),
            (b"d", b""),
            (b"e", b"open"),
        ];
        assert_eq!(found, expected);
    }
}
