//! What the records of one segment stand for together: a loop over the bytes of a buffer
//! stands for the loop before, though each of its records is of one byte only.  Why only for
//! the goroutine's own says [`crate::word_set`].

use crate::record::{Kind, Record};

/// The bytes that plain accesses of one segment touch together.
pub struct Together {
    read_or_written: u8,
    written: u8,
}

impl Together {
    /// Those of one record.
    #[inline(always)]
    pub fn of(record: Record) -> Together {
        let mut together = Together {
            read_or_written: 0,
            written: 0,
        };
        together.add(record);
        together
    }

    /// Adds those of another record of the segment.
    #[inline(always)]
    pub fn add(&mut self, record: Record) {
        let bytes = record.span().mask();
        match record.kind() {
            Kind::Read => self.read_or_written |= bytes,
            Kind::Write => {
                self.read_or_written |= bytes;
                self.written |= bytes;
            }
            Kind::AtomicRead | Kind::AtomicWrite => {}
        }
    }

    /// Whether it has bytes that the record does not touch.
    #[inline(always)]
    pub fn is_more_than(&self, record: Record) -> bool {
        self.read_or_written & !record.span().mask() != 0
    }

    /// Whether a record of it for each byte stands for this one: see [`Kind::covers`].
    #[inline(always)]
    pub fn covers(&self, old: Record) -> bool {
        let bytes = match old.kind().is_write() {
            true => self.written,
            false => self.read_or_written,
        };
        old.span().mask() & !bytes == 0
    }
}
