//! Which bytes of an 8-byte word accesses touch.
//!
//! A [`Span`] is a set of bytes inside one word, as a mask with a bit for each
//! byte.  It is never empty, so a mask of 0 stays free for "no access".  One
//! access touches one run of bytes; what stands for several may touch any.

/// Bytes in a shadowed word.
pub const WORD_BYTES: usize = 8;

/// A non-empty set of bytes inside one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span(u8);

impl Span {
    /// All eight bytes.
    pub const WHOLE: Span = Span(0xff);

    /// The run of `len` bytes from byte `start`; it is cut at the word's end.
    /// `start` is taken modulo 8, and `len` 0 counts as 1.
    #[inline]
    pub const fn new(start: usize, len: usize) -> Span {
        let len = match len {
            0 => 1,
            WORD_BYTES.. => WORD_BYTES,
            len => len,
        };
        Span((((1u16 << len) - 1) << (start % WORD_BYTES)) as u8)
    }

    /// The span of a mask as [`Span::mask`] gives it, which is not 0.
    #[inline]
    pub const fn of(mask: u8) -> Span {
        Span(mask)
    }

    /// One bit for each byte, bit 0 for the byte at the lowest address.
    #[inline]
    pub const fn mask(self) -> u8 {
        self.0
    }

    /// The run of its bytes around the first that `other` has too; all of them
    /// where there is none.
    pub const fn run_touching(self, other: Span) -> Span {
        let both = self.0 & other.0;
        if both == 0 {
            return self;
        }
        let mut run = both & both.wrapping_neg();
        loop {
            let wider = (run | run << 1 | run >> 1) & self.0;
            if wider == run {
                return Span(run);
            }
            run = wider;
        }
    }

    /// The first byte, 0 to 7.
    #[inline]
    pub const fn start(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// The number of bytes, 1 to 8.
    #[inline]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
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
    fn a_run_has_its_start_and_length() {
        for start in 0..WORD_BYTES {
            for len in 1..=WORD_BYTES - start {
                let span = Span::new(start, len);
                assert_eq!((span.start(), span.len()), (start, len));
                assert_eq!(span.run_touching(Span::WHOLE), span);
            }
        }
    }

    #[test]
    fn the_run_that_another_touches_is_told_apart() {
        let several = Span(0b1101_1010);
        assert_eq!(several.run_touching(Span::new(1, 1)), Span::new(1, 1));
        assert_eq!(several.run_touching(Span::new(4, 1)), Span::new(3, 2));
        assert_eq!(several.run_touching(Span::new(5, 3)), Span::new(6, 2));
        assert_eq!(several.run_touching(Span::new(2, 1)), several);
    }

    #[test]
    fn runs_are_cut_at_the_end_of_the_word() {
        assert_eq!(Span::new(6, 8), Span::new(6, 2));
        assert_eq!(Span::new(0, 0), Span::new(0, 1));
        assert_eq!(Span::new(0, 100), Span::WHOLE);
    }
}
