//! Seeds: a strategy and all that decides what it does, in a form that fits on a
//! command line.
//!
//! `hold-4f21ab90` is a strategy and a number for its lots; `flip-4f21ab90-1b2.c3`
//! names places too. Places are hashes of return addresses, so that a seed with
//! places is for one build of a test.

use std::fmt;
use std::str::FromStr;

use crate::strategy::{self, STRATEGIES, Strategy};

/// What one run does to the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seed {
    /// The place of the strategy in the table.
    pub strategy: usize,
    pub number: u32,
    /// The places at which to delay.
    pub places: Vec<u32>,
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
        for (at, place) in self.places.iter().enumerate() {
            let separator = if at == 0 { '-' } else { '.' };
            write!(f, "{separator}{place:x}")?;
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
            let places = match parts.next() {
                None => Vec::new(),
                Some(places) => places
                    .split('.')
                    .map(|place| u32::from_str_radix(place, 16))
                    .collect::<Result<_, _>>()
                    .ok()?,
            };
            parts.next().is_none().then_some(Self {
                strategy,
                number,
                places,
            })
        };
        read().ok_or_else(|| BadSeed {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_text() {
        for text in ["hold-4f21ab90", "plain-00000000", "flip-00000001-ff.1b2"] {
            assert_eq!(text.parse::<Seed>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_none_and_names_it() {
        for text in ["", "hold", "nosuch-1", "hold-xyz", "hold-1-2-3", "flip-1-"] {
            let error = text.parse::<Seed>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
