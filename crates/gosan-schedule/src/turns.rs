//! Orders of two operations that were seen, and which of them the next rounds turn round.
//!
//! What waits so is overtaken once: see docs/design/schedules.md, which also says what this
//! cannot find.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::log::{Log, Moment, Order};

/// The most orders that one run tries to turn round. The hooks have room for no
/// more.
pub const FLIPPED: usize = 1024;

/// Runs that try to turn one order round.
const TURNS: u32 = 3;

/// The orders of one group of tests.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    seen: BTreeSet<Order>,
    /// See [`Log::moments`].
    moments: BTreeMap<Order, Moment>,
    /// Rounds that have turned orders round.
    rounds: usize,
    turned: BTreeMap<Order, u32>,
}

impl Turns {
    /// What a first round saw, and what earlier commands did.
    pub fn of_first_run(log: &Log, known: BTreeSet<Order>) -> Self {
        let mut turns = Self {
            seen: known,
            ..Self::default()
        };
        turns.learn(log);
        turns
    }

    /// All that were seen.
    pub fn seen(&self) -> &BTreeSet<Order> {
        &self.seen
    }

    /// Takes in what a round saw; how many of them are new.
    pub fn learn(&mut self, log: &Log) -> usize {
        let before = self.seen.len();
        self.seen.extend(&log.orders);
        self.moments.extend(&log.moments);
        self.seen.len() - before
    }

    /// The places of accesses to words that were seen in two goroutines.
    pub fn shared_places(&self) -> BTreeSet<u32> {
        let accesses = self.seen.iter().filter(|order| order.is_of_accesses());
        accesses
            .flat_map(|order| [order.earlier, order.later])
            .collect()
    }

    /// Orders that may be worth to be turned round, and were not often. Of
    /// synchronisation these are what was seen one way round only. Accesses that
    /// were seen both ways may still have kept others apart, while one of them
    /// was under way.
    pub fn worth_a_turn(&self) -> Vec<Order> {
        let orders = self.seen.iter().copied();
        orders
            .filter(|order| order.is_of_accesses() || order.is_open(&self.seen))
            .filter(|order| self.times(order) < TURNS)
            .collect()
    }

    /// Some of these orders, those first that were tried least. A goroutine that waits at two
    /// moments is overtaken at the first only, so each shall wait at one: the first time at the
    /// last moment that has an open order, then at the one before that, and so on. For
    /// orders of earlier commands it is not known which these are.
    pub fn choose(&mut self, mut worth: Vec<Order>, most: usize, rng: &mut Rng) -> Vec<Order> {
        rng.shuffle(&mut worth);
        worth.sort_by_key(|order| self.times(order));
        let turn = self.rounds;
        self.rounds += 1;
        // The moments of each goroutine, and whether an order of it is open.
        let mut moments: BTreeMap<u32, BTreeMap<u32, bool>> = BTreeMap::new();
        for order in &worth {
            if let Some(Moment { goroutine, when }) = self.moments.get(order) {
                let moments = moments.entry(*goroutine).or_default();
                *moments.entry(*when).or_default() |= order.is_open(&self.seen);
            }
        }
        let in_turn = |moments: BTreeMap<u32, bool>| {
            let mut moments: Vec<(bool, u32)> = moments.into_iter().map(|(w, o)| (o, w)).collect();
            moments.sort_unstable_by_key(|&moment| Reverse(moment));
            moments[turn % moments.len()].1
        };
        let chosen: BTreeMap<u32, u32> = moments
            .into_iter()
            .map(|(goroutine, moments)| (goroutine, in_turn(moments)))
            .collect();
        let half = worth.len().div_ceil(2);
        let is_chosen = |at: usize, order: &Order| match self.moments.get(order) {
            Some(Moment { goroutine, when }) => chosen[goroutine] == *when,
            None => at < half,
        };
        let places = worth.iter().enumerate();
        let in_turn = places.filter(|&(at, order)| is_chosen(at, order));
        let mut orders: Vec<Order> = in_turn.map(|(_, order)| *order).collect();
        orders.truncate(most);
        for &order in &orders {
            *self.turned.entry(order).or_default() += 1;
        }
        orders
    }

    /// How many rounds have tried to turn an order round.
    pub(crate) fn times(&self, order: &Order) -> u32 {
        self.turned.get(order).copied().unwrap_or(0)
    }

    /// Makes as if these had not been tried.
    pub fn take_back(&mut self, orders: &[Order]) {
        for order in orders {
            if let Some(turned) = self.turned.get_mut(order) {
                *turned = turned.saturating_sub(1);
            }
        }
    }

    /// Makes as if the last round that turned orders round had not been planned.
    pub fn take_back_round(&mut self) {
        self.rounds -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: u32 = 1 << 31;

    #[test]
    fn each_open_order_is_turned_round_a_few_times() {
        let mut turns = Turns::default();
        let order = |earlier| Order { earlier, later: 99 };
        turns.seen.extend((0..10).map(order));
        turns.seen.insert(order(0).reversed());
        let mut rng = Rng::with_seed(1);
        let mut turned = Vec::new();
        for _ in 0..200 {
            let worth = turns.worth_a_turn();
            turned.extend(
                turns
                    .choose(worth, FLIPPED, &mut rng)
                    .iter()
                    .map(|o| o.earlier),
            );
        }
        // Two runs turn all round before any comes again; 0 is not open.
        let mut first: Vec<u32> = turned[..9].to_vec();
        first.sort_unstable();
        assert_eq!(first, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(turned.len(), 9 * TURNS as usize);
        turns.take_back(&[order(3)]);
        assert_eq!(turns.worth_a_turn(), [order(3)]);
    }

    #[test]
    fn a_goroutine_waits_in_one_moment_the_last_open_one_first() {
        let mut turns = Turns::default();
        let order = |earlier| Order {
            earlier: ACCESS | earlier,
            later: ACCESS | 99,
        };
        for when in 1..=4 {
            // Two accesses of each moment.
            for place in [when, when + 10] {
                let goroutine = 7;
                let moment = Moment { goroutine, when };
                turns.seen.insert(order(place));
                turns.moments.insert(order(place), moment);
            }
        }
        // The last ones were seen both ways.
        turns
            .seen
            .extend([order(4), order(14)].map(Order::reversed));
        let mut rng = Rng::with_seed(1);
        let mut chosen = Vec::new();
        for _ in 0..4 {
            let worth = turns.worth_a_turn();
            let orders = turns.choose(worth, FLIPPED, &mut rng);
            let known = orders.iter().filter(|o| turns.moments.contains_key(o));
            let mut places: Vec<u32> = known.map(|order| order.earlier & !ACCESS).collect();
            places.sort_unstable();
            chosen.push(places);
        }
        assert_eq!(chosen, [[3, 13], [2, 12], [1, 11], [4, 14]]);
    }
}
