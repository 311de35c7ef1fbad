//! Finds the times that loggers write, in whatever form they write them.
//!
//! Nothing is computed with a time. It is recognised so that two prefixes which
//! differ only in their time are the same, and so that a finding can say when
//! it was first and last seen, in the log's own words.

/// The length of a time at the beginning of the text, if there is one.
pub fn length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let date = date(bytes);
    let at = match date {
        Some(end) => match bytes.get(end) {
            Some(b'T' | b't' | b' ' | b':') => end + 1,
            _ => return None,
        },
        None => 0,
    };
    let end = clock(&bytes[at..])? + at;
    Some(match date {
        Some(_) => zone(bytes, end),
        None => end,
    })
}

/// The first time in the text.
pub fn find(text: &str) -> Option<&str> {
    // Every form holds `dd:dd`; where there is no colon there is no time.
    let bytes = text.as_bytes();
    let limit = bytes.len().min(200);
    if !bytes[..limit].contains(&b':') {
        return None;
    }
    (0..limit)
        .filter(|at| text.is_char_boundary(*at))
        .filter(|at| *at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
        .find_map(|at| length(&text[at..]).map(|length| &text[at..at + length]))
}

/// `2006-01-02`, `2006/01/02`, `02/Jan/2006`, `Jan  2`, `I0102` (glog).
fn date(bytes: &[u8]) -> Option<usize> {
    let digits = digits(bytes);
    match digits {
        4 => {
            let separator = *bytes
                .get(4)
                .filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
            let rest = bytes.get(5..10)?;
            (two_digits(rest) && rest[2] == separator && two_digits(&rest[3..])).then_some(10)
        }
        2 => {
            let separator = *bytes
                .get(2)
                .filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
            let month = bytes.get(3..)?;
            let length = match month {
                [a, b, c, ..] if is_month(&[*a, *b, *c]) => 3,
                [a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => 2,
                _ => return None,
            };
            let year = month.get(length..)?;
            (year.first() == Some(&separator) && self::digits(&year[1..]) == 4)
                .then_some(3 + length + 5)
        }
        0 if bytes.len() > 6 && is_month(&bytes[..3]) && bytes[3] == b' ' => {
            let blanks = bytes[3..].iter().take_while(|byte| **byte == b' ').count();
            let day = self::digits(&bytes[3 + blanks..]);
            (blanks <= 2 && (1..=2).contains(&day)).then_some(3 + blanks + day)
        }
        0 if bytes.first().is_some_and(|byte| b"IWEFD".contains(byte)) => {
            (self::digits(&bytes[1..]) == 4).then_some(5)
        }
        _ => None,
    }
}

fn is_month(bytes: &[u8]) -> bool {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    MONTHS.chunks(3).any(|month| month == bytes)
}

/// `15:04:05`, with a fraction if there is one.
fn clock(bytes: &[u8]) -> Option<usize> {
    let whole = bytes.get(..8)?;
    let right = two_digits(whole)
        && whole[2] == b':'
        && two_digits(&whole[3..])
        && whole[5] == b':'
        && two_digits(&whole[6..]);
    if !right || bytes.get(8).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let fraction = match bytes.get(8) {
        Some(b'.' | b',') => digits(&bytes[9..]),
        _ => 0,
    };
    Some(if fraction > 0 { 9 + fraction } else { 8 })
}

/// `Z`, `+01:00`, ` +0100`, or nothing.
fn zone(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    if rest.first() == Some(&b'Z') {
        return at + 1;
    }
    let blank = usize::from(rest.first() == Some(&b' '));
    if !matches!(rest.get(blank), Some(b'+' | b'-')) {
        return at;
    }
    let offset = &rest[blank + 1..];
    match digits(offset) {
        4 => at + blank + 5,
        2 if offset.get(2) == Some(&b':') && digits(&offset[3..]) == 2 => at + blank + 6,
        _ => at,
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

fn two_digits(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && bytes[0].is_ascii_digit() && bytes[1].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_forms() {
        for time in [
            "2024-05-01T10:11:12Z",
            "2024-05-01T10:11:12.123456789Z",
            "2024-05-01T10:11:12.5+02:00",
            "2024-05-01 10:11:12,345",
            "2024-05-01 10:11:12.345 +0000",
            "2024/05/01 10:11:12",
            "2024/05/01 10:11:12.123456",
            "01/May/2024:10:11:12 +0000",
            "May  1 10:11:12",
            "May 11 10:11:12",
            "E0501 10:11:12.123456",
            "10:11:12",
            "10:11:12.25",
        ] {
            assert_eq!(length(time), Some(time.len()), "{time}");
            assert_eq!(find(&format!("[{time}] ERROR x")), Some(time), "{time}");
        }
        for other in [
            "",
            "2024",
            "10:11",
            "2024-05-01",
            "x",
            "main.go:12",
            "1:2:3",
            "é:",
        ] {
            assert_eq!(length(other), None, "{other}");
            assert_eq!(find(other), None, "{other}");
        }
    }
}
