//! Which bytes of an 8-byte word an access touches.
//!
//! A [`Span`] is a run of bytes inside one word, packed in 6 bits: there are
//! 36 such runs, numbered from 1, so that 0 stays free for "no access" and 63
//! for the runtime's own use.

/// Bytes in a shadowed word.
pub const WORD_BYTES: usize = 8;

/// A non-empty run of bytes inside one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span(u8);

const RUNS: usize = 36;

/// `MASKS[code]` has a bit for each byte of the run; 0 for codes in no use.
const MASKS: [u8; 64] = masks();
/// `CODES[start][len - 1]`, 0 where the run would leave the word.
const CODES: [[u8; WORD_BYTES]; WORD_BYTES] = codes();

/// `RUN_OF[mask]` is the code of the run with these bytes, 0 where the bytes
/// are none or not one run.
const RUN_OF: [u8; 256] = runs();

const fn runs() -> [u8; 256] {
    let masks = masks();
    let mut table = [0; 256];
    let mut code = 1;
    while code <= RUNS {
        table[masks[code] as usize] = code as u8;
        code += 1;
    }
    table
}

const fn codes() -> [[u8; WORD_BYTES]; WORD_BYTES] {
    let mut table = [[0; WORD_BYTES]; WORD_BYTES];
    let mut code = 1;
    let mut start = 0;
    while start < WORD_BYTES {
        let mut len = 1;
        while start + len <= WORD_BYTES {
            table[start][len - 1] = code;
            code += 1;
            len += 1;
        }
        start += 1;
    }
    assert!(code as usize == RUNS + 1);
    table
}

const fn masks() -> [u8; 64] {
    let codes = codes();
    let mut table = [0; 64];
    let mut start = 0;
    while start < WORD_BYTES {
        let mut len = 1;
        while start + len <= WORD_BYTES {
            table[codes[start][len - 1] as usize] = (((1u16 << len) - 1) << start) as u8;
            len += 1;
        }
        start += 1;
    }
    table
}

impl Span {
    /// All eight bytes.
    pub const WHOLE: Span = Span(CODES[0][7]);

    /// The run of `len` bytes from byte `start`; it is cut at the word's end.
    /// `start` is taken modulo 8, and `len` 0 counts as 1.
    #[inline]
    pub const fn new(start: usize, len: usize) -> Span {
        let start = start % WORD_BYTES;
        let room = WORD_BYTES - start;
        let len = if len == 0 {
            1
        } else if len > room {
            room
        } else {
            len
        };
        Span(CODES[start][len - 1])
    }

    /// The span of a 6-bit code, or `None` where the code names no run.
    #[inline]
    pub const fn from_code(code: u8) -> Option<Span> {
        if MASKS[(code & 63) as usize] == 0 {
            None
        } else {
            Some(Span(code & 63))
        }
    }

    /// The 6-bit code, 1 to 36.
    #[inline]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// One bit for each byte, bit 0 for the byte at the lowest address.
    #[inline]
    pub const fn mask(self) -> u8 {
        MASKS[(self.0 & 63) as usize]
    }

    /// The bytes of both, where they are one run.
    #[inline]
    pub const fn union(self, other: Span) -> Option<Span> {
        Span::from_code(RUN_OF[(self.mask() | other.mask()) as usize])
    }

    /// The first byte, 0 to 7.
    #[inline]
    pub const fn start(self) -> usize {
        self.mask().trailing_zeros() as usize
    }

    /// The number of bytes, 1 to 8.
    #[inline]
    pub const fn len(self) -> usize {
        self.mask().count_ones() as usize
    }

    /// Never true: a span has at least one byte.
    pub const fn is_empty(self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_a_code_of_its_own() {
        let mut seen = [false; 64];
        for start in 0..WORD_BYTES {
            for len in 1..=WORD_BYTES - start {
                let span = Span::new(start, len);
                assert!(!core::mem::replace(&mut seen[span.code() as usize], true));
                assert_eq!((span.start(), span.len()), (start, len));
                assert_eq!(Span::from_code(span.code()), Some(span));
            }
        }
        assert_eq!(seen.iter().filter(|taken| **taken).count(), RUNS);
        assert_eq!(Span::from_code(0), None);
        assert_eq!(Span::from_code(63), None);
    }

    #[test]
    fn a_union_is_one_run_or_none() {
        let (low, next, far) = (Span::new(0, 2), Span::new(2, 1), Span::new(4, 1));
        assert_eq!(low.union(next), Some(Span::new(0, 3)));
        assert_eq!(low.union(low), Some(low));
        assert_eq!(low.union(far), None);
    }

    #[test]
    fn runs_are_cut_at_the_end_of_the_word() {
        assert_eq!(Span::new(6, 8), Span::new(6, 2));
        assert_eq!(Span::new(0, 0), Span::new(0, 1));
    }
}
