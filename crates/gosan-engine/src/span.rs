//! Which bytes of an 8-byte word an access touches.
//!
//! A [`Span`] is a run of bytes inside one word, as a mask with a bit for each
//! byte.  It is never empty, so a mask of 0 stays free for "no access".

/// Bytes in a shadowed word.
pub const WORD_BYTES: usize = 8;

/// A non-empty run of bytes inside one word.
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

    /// The span with these bytes, or `None` where they are none or not one run.
    #[inline]
    pub const fn from_mask(mask: u8) -> Option<Span> {
        // Adding the lowest bit of a run carries past its highest.
        let lowest = mask & mask.wrapping_neg();
        if mask == 0 || mask & mask.wrapping_add(lowest) != 0 {
            None
        } else {
            Some(Span(mask))
        }
    }

    /// The span of a mask that came from [`Span::mask`].
    #[inline]
    pub(crate) const fn of(mask: u8) -> Span {
        Span(mask)
    }

    /// One bit for each byte, bit 0 for the byte at the lowest address.
    #[inline]
    pub const fn mask(self) -> u8 {
        self.0
    }

    /// The bytes of both, where they are one run.
    #[inline]
    pub const fn union(self, other: Span) -> Option<Span> {
        Span::from_mask(self.0 | other.0)
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
    fn runs_and_only_runs_are_spans() {
        let mut runs = 0;
        for start in 0..WORD_BYTES {
            for len in 1..=WORD_BYTES - start {
                let span = Span::new(start, len);
                assert_eq!((span.start(), span.len()), (start, len));
                assert_eq!(Span::from_mask(span.mask()), Some(span));
                runs += 1;
            }
        }
        let spans = (0..=u8::MAX).filter(|mask| Span::from_mask(*mask).is_some());
        assert_eq!(spans.count(), runs);
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
        assert_eq!(Span::new(0, 100), Span::WHOLE);
    }
}
