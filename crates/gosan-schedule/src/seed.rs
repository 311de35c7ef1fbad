//! Seeds: a strategy and all that decides what it does, in a form that fits on a
//! command line.
//!
//! `hold-4f21ab90` is a strategy and a number for its lots; `flip-4f21ab90-1b2+c3`
//! names orders too, of two places each. Places are hashes of return addresses, so
//! that a seed with orders is for one build of a test.

use std::fmt;
use std::str::FromStr;

use crate::log::Order;
use crate::strategy::{self, STRATEGIES, Strategy};

/// What one run does to the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seed {
    /// The place of the strategy in the table.
    pub strategy: usize,
    pub number: u32,
    /// The orders to turn round.
    pub orders: Vec<Order>,
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
    pub fn strategy(&self) -> &'static Strategy {
        &STRATEGIES[self.strategy]
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:08x}", self.strategy().name, self.number)?;
        for (at, Order { earlier, later }) in self.orders.iter().enumerate() {
            let separator = if at == 0 { '-' } else { '.' };
            write!(f, "{separator}{earlier:x}+{later:x}")?;
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
            let orders = match parts.next() {
                None => Vec::new(),
                Some(orders) => orders.split('.').map(order).collect::<Option<_>>()?,
            };
            parts.next().is_none().then_some(Self {
                strategy,
                number,
                orders,
            })
        };
        read().ok_or_else(|| BadSeed {
            text: text.to_owned(),
        })
    }
}

fn order(text: &str) -> Option<Order> {
    let (earlier, later) = text.split_once('+')?;
    let place = |text| u32::from_str_radix(text, 16).ok();
    Some(Order {
        earlier: place(earlier)?,
        later: place(later)?,
    })
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
        ] {
            let error = text.parse::<Seed>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
