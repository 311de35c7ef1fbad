//! The bounds that were reached: what the program is told of them.
//!
//! What is bounded, and can in principle lose something, is listed in
//! docs/design/limits.md.  Each bound counts; one line names those that are not
//! zero, after a report and at the end.

use super::classic::Text;
use crate::access::{self, Dropped};
use crate::stacks;
use core::fmt::Write;

/// The counts at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bounds {
    /// Records that were dropped: races can be lost.
    pub records: Dropped<u32>,
    /// Contexts that leave out repeats of recursive calls: no race is lost.
    pub folded: u32,
    /// Contexts that keep their innermost frame only: no race is lost.
    pub cut_off: u32,
}

impl Bounds {
    /// Nothing was reached.
    pub const NONE: Bounds = Bounds {
        records: Dropped {
            raced: 0,
            ended: 0,
            no_room: 0,
        },
        folded: 0,
        cut_off: 0,
    };

    /// The counts now.
    pub fn now() -> Bounds {
        let (folded, cut_off) = stacks::counters();
        Bounds {
            records: access::dropped(),
            folded,
            cut_off,
        }
    }

    /// Whether a race can have been lost.
    pub fn can_have_lost(&self) -> bool {
        self.records != Bounds::NONE.records
    }

    /// Whether there is something to tell to whoever was told `before`.  More
    /// contexts that leave something out are no news.
    pub fn is_news_after(&self, before: &Bounds) -> bool {
        let reached = |bounds: &Bounds| (bounds.folded != 0, bounds.cut_off != 0);
        self.records != before.records || reached(self) != reached(before)
    }

    /// The line; empty where nothing was reached.
    pub fn line(&self) -> Text {
        let mut text = Text::default();
        let records = &self.records;
        let parts = [
            (
                records.raced,
                "records of accesses that had raced gave way to newer ones",
            ),
            (
                records.ended,
                "records of ended goroutines were dropped to bound memory",
            ),
            (
                records.no_room,
                "accesses were checked and not kept, their word being full",
            ),
            (
                self.folded,
                "calling contexts leave out repeats of recursive calls",
            ),
            (
                self.cut_off,
                "calling contexts keep their innermost frame only",
            ),
        ];
        let mut separator = "gosan: bounds reached: ";
        for (count, what) in parts {
            if count != 0 {
                let _ = write!(text, "{separator}{count} {what}");
                separator = "; ";
            }
        }
        if text.0.is_empty() {
            return text;
        }
        let lost = if self.can_have_lost() {
            "; further races of such accesses can have been missed\n"
        } else {
            "; no race is missed for it\n"
        };
        let _ = text.write_str(lost);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bounds: Bounds) -> Vec<u8> {
        bounds.line().0
    }

    #[test]
    fn nothing_is_said_of_what_was_not_reached() {
        assert!(line(Bounds::NONE).is_empty());
        assert!(!Bounds::NONE.is_news_after(&Bounds::NONE));
    }

    #[test]
    fn each_bound_is_named_with_its_count() {
        let records = Dropped {
            raced: 3,
            ended: 0,
            no_room: 1,
        };
        let bounds = Bounds {
            records,
            folded: 7,
            cut_off: 0,
        };
        let expected = "gosan: bounds reached: 3 records of accesses that had raced gave way to \
                        newer ones; 1 accesses were checked and not kept, their word being full; \
                        7 calling contexts leave out repeats of recursive calls; further races of \
                        such accesses can have been missed\n";
        assert_eq!(String::from_utf8(line(bounds)).unwrap(), expected);
        let only_stacks = Bounds {
            records: Bounds::NONE.records,
            ..bounds
        };
        let text = String::from_utf8(line(only_stacks)).unwrap();
        assert!(text.ends_with("calls; no race is missed for it\n"));
    }

    #[test]
    fn the_same_is_not_told_twice() {
        let folded = |folded| Bounds {
            folded,
            ..Bounds::NONE
        };
        assert!(folded(1).is_news_after(&Bounds::NONE));
        assert!(!folded(2).is_news_after(&folded(1)));
        let mut dropped = folded(2);
        dropped.records.ended = 1;
        assert!(dropped.is_news_after(&folded(2)));
    }
}
