//! A set of small numbers.

use alloc::vec::Vec;

/// A set of small numbers, one bit each.
pub struct Bits(Vec<u64>);

impl Bits {
    /// No numbers.
    pub const fn new() -> Bits {
        Bits(Vec::new())
    }

    /// These numbers.
    pub fn of(members: &[u32]) -> Bits {
        let mut bits = Bits::new();
        members.iter().for_each(|member| bits.add(*member));
        bits
    }

    /// Adds a number.
    #[inline]
    pub fn add(&mut self, member: u32) {
        let word = member as usize / 64;
        if word >= self.0.len() {
            self.0.resize((word + 1).next_power_of_two(), 0);
        }
        self.0[word] |= 1 << (member % 64);
    }

    /// Whether a number is in the set.
    #[inline]
    pub fn has(&self, member: u32) -> bool {
        self.0
            .get(member as usize / 64)
            .is_some_and(|word| word & 1 << (member % 64) != 0)
    }
}

impl Default for Bits {
    fn default() -> Bits {
        Bits::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_hold_what_was_added() {
        let bits = Bits::of(&[0, 63, 64, 5000]);
        for member in 0..6000 {
            assert_eq!(bits.has(member), [0, 63, 64, 5000].contains(&member));
        }
    }
}
