//! One past access in 64 bits.
//!
//! ```text
//!  63  56  55         30  29  28  27            0
//! | bytes |    stack    |  kind  |    segment     |
//! ```
//!
//! The *segment* names a stretch of one goroutine's time between two advances
//! of its clock; a table of the runtime maps it to (slot, time).  The *stack*
//! names a node of the calling-context tree.  The *bytes* are a mask, never
//! empty, so a cell whose top byte is 0 holds no record.  A word's usual state,
//! one record, is as large as the word itself, and it can be read and replaced
//! by one atomic operation.  A record never depends on a history that could be
//! overwritten.
//!
//! The fields lie so that the usual question, "does this record stand for an
//! access to this byte", takes few instructions: the checks that the assembled
//! GOROOT has in place of Go's own know this layout.

use crate::span::Span;

/// Bits of a segment id.
pub const SEGMENT_BITS: u32 = 28;
/// One past the largest segment id.
pub const SEGMENT_LIMIT: u32 = 1 << SEGMENT_BITS;
/// Bits of a stack id.
pub const STACK_BITS: u32 = 26;
/// One past the largest stack id.
pub const STACK_LIMIT: u32 = 1 << STACK_BITS;

const KIND_SHIFT: u32 = SEGMENT_BITS;
const STACK_SHIFT: u32 = KIND_SHIFT + 2;
const MASK_SHIFT: u32 = STACK_SHIFT + STACK_BITS;
const SEGMENT_MASK: u64 = SEGMENT_LIMIT as u64 - 1;
const STACK_MASK: u64 = STACK_LIMIT as u64 - 1;
const _: () = assert!(MASK_SHIFT + 8 == 64, "a record has no unused bits");

/// A stretch of one goroutine's time, 1 to 2^28 - 1; 0 means none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct Segment(pub u32);

/// A node of the calling-context tree, 0 to 2^26 - 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct StackId(pub u32);

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A plain load.
    Read = 0,
    /// A plain store.
    Write = 1,
    /// A load through `sync/atomic`.
    AtomicRead = 2,
    /// A store or read-modify-write through `sync/atomic`.
    AtomicWrite = 3,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Read, Kind::Write, Kind::AtomicRead, Kind::AtomicWrite];
    /// Four bits for each kind: the kinds that may not run unordered with it.
    const CONFLICTS: u16 = {
        const R: u16 = 1 << Kind::Read as u16;
        const W: u16 = 1 << Kind::Write as u16;
        const AR: u16 = 1 << Kind::AtomicRead as u16;
        const AW: u16 = 1 << Kind::AtomicWrite as u16;
        (W | AW) << Kind::Read.place()
            | (R | W | AR | AW) << Kind::Write.place()
            | W << Kind::AtomicRead.place()
            | (R | W) << Kind::AtomicWrite.place()
    };
    /// Four bits for each kind: the older kinds that it can stand for.
    const COVERS: u16 = {
        let mut covers = 0;
        let mut pair = 0;
        while pair < 16 {
            let (kind, older) = (Kind::ALL[pair / 4], Kind::ALL[pair % 4]);
            if older.conflicts() & !kind.conflicts() == 0 {
                covers |= 1 << pair;
            }
            pair += 1;
        }
        covers
    };

    const fn place(self) -> u32 {
        4 * self as u32
    }

    const fn conflicts(self) -> u16 {
        Kind::CONFLICTS >> self.place() & 0xf
    }

    /// Whether two unordered accesses of these kinds are a race: one writes,
    /// and they are not both atomic.
    #[inline(always)]
    pub const fn races_with(self, other: Kind) -> bool {
        Kind::CONFLICTS >> self.place() >> other as u32 & 1 != 0
    }

    /// Whether whatever races with an access of kind `older` at this place and
    /// time also races with this one, so that this one can stand for both.
    #[inline(always)]
    pub const fn covers(self, older: Kind) -> bool {
        Kind::COVERS >> self.place() >> older as u32 & 1 != 0
    }

    /// Whether the access stores.
    #[inline]
    pub const fn is_write(self) -> bool {
        matches!(self, Kind::Write | Kind::AtomicWrite)
    }

    /// Whether the access goes through `sync/atomic`.
    #[inline]
    pub const fn is_atomic(self) -> bool {
        matches!(self, Kind::AtomicRead | Kind::AtomicWrite)
    }

    const fn from_bits(bits: u64) -> Kind {
        match bits & 3 {
            0 => Kind::Read,
            1 => Kind::Write,
            2 => Kind::AtomicRead,
            _ => Kind::AtomicWrite,
        }
    }
}

/// Whether these bits, a cell's, are a record of `segment` that stands for an
/// access of `kind` to one byte (0 to 7).  The usual question, so without a
/// branch on what else the bits may be.
#[inline(always)]
pub const fn stands_for_byte(bits: u64, segment: Segment, byte: usize, kind: Kind) -> bool {
    let same_segment = bits & SEGMENT_MASK == segment.0 as u64;
    let same_byte = bits >> MASK_SHIFT >> (byte & 7) & 1 != 0;
    same_segment && same_byte && Kind::from_bits(bits >> KIND_SHIFT).covers(kind)
}

/// One past access, packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Record(u64);

impl Record {
    /// Packs an access.
    #[inline]
    pub const fn new(segment: Segment, stack: StackId, span: Span, kind: Kind) -> Record {
        debug_assert!(segment.0 < SEGMENT_LIMIT && stack.0 < STACK_LIMIT);
        Record(
            segment.0 as u64
                | (stack.0 as u64) << STACK_SHIFT
                | (kind as u64) << KIND_SHIFT
                | (span.mask() as u64) << MASK_SHIFT,
        )
    }

    /// The 64 bits; never 0, since a span's mask never is.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The record that these bits hold, or `None` where they hold none.
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Record> {
        if bits >> MASK_SHIFT == 0 {
            None
        } else {
            Some(Record(bits))
        }
    }

    /// The goroutine's stretch of time in which it happened.
    #[inline(always)]
    pub const fn segment(self) -> Segment {
        Segment((self.0 & SEGMENT_MASK) as u32)
    }

    /// Where in the program it happened.
    #[inline]
    pub const fn stack(self) -> StackId {
        StackId((self.0 >> STACK_SHIFT & STACK_MASK) as u32)
    }

    /// The bytes of the word that it touched.
    #[inline(always)]
    pub const fn span(self) -> Span {
        Span::of((self.0 >> MASK_SHIFT) as u8)
    }

    /// What it did.
    #[inline(always)]
    pub const fn kind(self) -> Kind {
        Kind::from_bits(self.0 >> KIND_SHIFT)
    }

    /// Whether it touches no byte that `other` does not, and stands for it in
    /// kind: see [`Kind::covers`].
    #[inline(always)]
    pub const fn covers(self, other: Record) -> bool {
        (other.span().mask() & !self.span().mask() == 0) & self.kind().covers(other.kind())
    }

    /// One record for both, where they differ in their bytes only: a loop over
    /// the bytes of a word.
    #[inline(always)]
    pub const fn merged(self, other: Record) -> Option<Record> {
        if (self.0 ^ other.0) << 8 != 0 {
            return None;
        }
        Some(Record(self.0 | other.0))
    }

    /// Whether the two would race if nothing ordered them.
    #[inline(always)]
    pub const fn conflicts_with(self, other: Record) -> bool {
        (self.span().mask() & other.span().mask() != 0) & self.kind().races_with(other.kind())
    }

    /// Whether a racing access could not tell the two apart in a report.
    #[inline]
    pub const fn reads_alike(self, other: Record) -> bool {
        (self.0 ^ other.0) & !SEGMENT_MASK == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 4] = Kind::ALL;

    #[test]
    fn fields_come_back() {
        for kind in KINDS {
            let record = Record::new(
                Segment(SEGMENT_LIMIT - 1),
                StackId(STACK_LIMIT - 2),
                Span::new(3, 2),
                kind,
            );
            assert_eq!(record.segment(), Segment(SEGMENT_LIMIT - 1));
            assert_eq!(record.stack(), StackId(STACK_LIMIT - 2));
            assert_eq!(record.span(), Span::new(3, 2));
            assert_eq!(record.kind(), kind);
            assert_eq!(Record::from_bits(record.bits()), Some(record));
        }
        assert_eq!(Record::from_bits(0), None);
    }

    #[test]
    fn the_short_question_has_the_long_answer() {
        for old in KINDS {
            for new in KINDS {
                for (start, len) in [(0, 8), (2, 3), (7, 1)] {
                    let record = Record::new(Segment(9), StackId(3), Span::new(start, len), old);
                    for byte in 0..8 {
                        let asked = Record::new(Segment(9), StackId(4), Span::new(byte, 1), new);
                        let short =
                            |segment| stands_for_byte(record.bits(), Segment(segment), byte, new);
                        assert_eq!(short(9), record.covers(asked));
                        assert!(!short(8));
                    }
                }
            }
        }
        assert!(!stands_for_byte(0, Segment(0), 0, Kind::Read));
        assert!(!stands_for_byte(1 << 55, Segment(0), 0, Kind::Read));
    }

    #[test]
    fn records_that_differ_in_bytes_only_become_one() {
        let at =
            |stack, start, kind| Record::new(Segment(7), StackId(stack), Span::new(start, 1), kind);
        let both = at(1, 0, Kind::Write).merged(at(1, 1, Kind::Write));
        assert_eq!(
            both,
            Some(Record::new(
                Segment(7),
                StackId(1),
                Span::new(0, 2),
                Kind::Write
            ))
        );
        assert_eq!(at(1, 0, Kind::Write).merged(at(2, 1, Kind::Write)), None);
        assert_eq!(at(1, 0, Kind::Write).merged(at(1, 1, Kind::Read)), None);
        let apart = at(1, 0, Kind::Write).merged(at(1, 2, Kind::Write));
        assert_eq!(apart.map(|both| both.span().mask()), Some(0b101));
    }

    #[test]
    fn a_race_needs_a_writer_and_a_plain_side() {
        for a in KINDS {
            for b in KINDS {
                let race = (a.is_write() || b.is_write()) && !(a.is_atomic() && b.is_atomic());
                assert_eq!(a.races_with(b), race, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn covering_means_racing_with_all_that_the_covered_one_races_with() {
        for new in KINDS {
            for old in KINDS {
                let stands_for = KINDS
                    .iter()
                    .all(|x| !old.races_with(*x) || new.races_with(*x));
                assert_eq!(new.covers(old), stands_for, "{new:?} {old:?}");
            }
        }
    }
}
