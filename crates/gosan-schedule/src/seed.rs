//! Seeds: a strategy and all that decides what it does, in a form that fits on a
//! command line.
//!
//! `hold-4f21ab90` is a strategy and a number for its lots; `flip-4f21ab90-1b2+c3`
//! names an order too, of two places, and `stall-4f21ab90-1b2@c3:1` a goroutine that
//! is held when it comes to a place for the first time. Places are hashes of return
//! addresses, so that such a seed is for one build of a test.

use std::fmt;
use std::str::FromStr;

use crate::log::{Hold, Order, Visitor};
use crate::strategy::{self, STRATEGIES, Strategy};

/// What one run does to the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seed {
    /// The place of the strategy in the table.
    pub strategy: usize,
    pub number: u32,
    /// The orders to turn round.
    pub orders: Vec<Order>,
    /// Where goroutines are held.
    pub holds: Vec<Hold>,
}

/// A text that is no seed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a seed; give one as a report of `gosan test --schedules` names it, such as hold-4f21ab90"
)]
pub struct BadSeed {
    text: String,
}

impl Seed {
    /// A seed that does nothing beside what its strategy and its number say.
    pub fn new(strategy: usize, number: u32) -> Self {
        Self {
            strategy,
            number,
            orders: Vec::new(),
            holds: Vec::new(),
        }
    }

    pub fn strategy(&self) -> &'static Strategy {
        &STRATEGIES[self.strategy]
    }

    /// How many orders it turns round and goroutines it holds.
    pub fn aims(&self) -> usize {
        self.orders.len() + self.holds.len()
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:08x}", self.strategy().name, self.number)?;
        let mut separators = std::iter::once('-').chain(std::iter::repeat('.'));
        let mut next = || separators.next().unwrap_or('.');
        for Order { earlier, later } in &self.orders {
            write!(f, "{}{earlier:x}+{later:x}", next())?;
        }
        for Hold { visitor, visit } in &self.holds {
            let Visitor { goroutine, place } = visitor;
            write!(f, "{}{place:x}@{goroutine:x}:{visit}", next())?;
        }
        Ok(())
    }
}

impl FromStr for Seed {
    type Err = BadSeed;

    fn from_str(text: &str) -> Result<Self, BadSeed> {
        let read = || {
            let mut parts = text.split('-');
            let strategy = strategy::index_of(parts.next()?)?;
            let number = u32::from_str_radix(parts.next()?, 16).ok()?;
            let mut seed = Self::new(strategy, number);
            for aim in parts.next().into_iter().flat_map(|aims| aims.split('.')) {
                match (order(aim), hold(aim)) {
                    (Some(order), None) => seed.orders.push(order),
                    (None, Some(hold)) => seed.holds.push(hold),
                    _ => return None,
                }
            }
            parts.next().is_none().then_some(seed)
        };
        read().ok_or_else(|| BadSeed {
            text: text.to_owned(),
        })
    }
}

fn order(text: &str) -> Option<Order> {
    let (earlier, later) = text.split_once('+')?;
    Some(Order {
        earlier: number(earlier)?,
        later: number(later)?,
    })
}

fn hold(text: &str) -> Option<Hold> {
    let (place, rest) = text.split_once('@')?;
    let (goroutine, visit) = rest.split_once(':')?;
    let visitor = Visitor {
        goroutine: number(goroutine)?,
        place: number(place)?,
    };
    let visit = visit.parse().ok().filter(|&visit| visit > 0)?;
    Some(Hold { visitor, visit })
}

/// A place or a goroutine. None is 0.
fn number(text: &str) -> Option<u32> {
    let number = u32::from_str_radix(text, 16).ok()?;
    (number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_text() {
        for text in [
            "hold-4f21ab90",
            "plain-00000000",
            "flip-00000001-ff+1b2.3+4",
            "stall-00000001-ff@1b2:1",
            "turn-00000001-ff+1b2.3@4:17",
        ] {
            assert_eq!(text.parse::<Seed>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_none_and_names_it() {
        for text in [
            "",
            "hold",
            "nosuch-1",
            "hold-xyz",
            "hold-1-2-3",
            "flip-1-",
            "flip-1-2",
            "stall-1-2+0",
            "stall-1-2@3:0",
            "stall-1-2@3",
        ] {
            let error = text.parse::<Seed>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
