//! Reads what the hooks wrote about a run: which tests ran, how much went on in
//! them, and in which orders goroutines synchronised.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Two places of the program, and that the second followed the first in another
/// goroutine on the same object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Order {
    pub earlier: u32,
    pub later: u32,
}

impl Order {
    pub fn reversed(self) -> Self {
        Self {
            earlier: self.later,
            later: self.earlier,
        }
    }
}

/// The places of accesses have this bit, those of synchronisation do not.
const ACCESS: u32 = 1 << 31;

impl Order {
    /// Whether it is one of accesses.
    pub fn is_of_accesses(self) -> bool {
        self.later & ACCESS != 0
    }

    /// Whether it was seen one way round only.
    pub fn is_open(self, seen: &BTreeSet<Self>) -> bool {
        !seen.contains(&self.reversed())
    }
}

/// A stretch of a goroutine's time in one run: an operation that synchronises, and
/// the accesses since the one before. Whether a goroutine waits before these or
/// after them makes no difference to what others know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub goroutine: u32,
    pub when: u32,
}

/// A goroutine at a place of the program. Goroutines have the same name in each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Visitor {
    pub goroutine: u32,
    pub place: u32,
}

/// A goroutine is held when it comes to a place for the given time, the first being 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hold {
    pub visitor: Visitor,
    pub visit: u32,
}

/// How often a goroutine came to a place, and at which of its moments the first and
/// the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visits {
    pub first: u32,
    pub last: u32,
    pub count: u32,
}

/// A top-level test that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub name: String,
    /// Goroutines that were started for it.
    pub goroutines: u64,
    pub took: Duration,
}

/// The log of one process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    pub ended: Vec<Ended>,
    /// Tests that began and did not end, but for those that waited for others to end.
    pub unfinished: Vec<String>,
    /// Goroutines that were started before the first test.
    pub strays: u64,
    /// How long all of it took.
    pub whole: Duration,
    /// How much of that package testing took for all tests.
    pub testing: Duration,
    /// The time in which something was delayed.
    pub delayed: Duration,
    pub orders: BTreeSet<Order>,
    /// Who came to which place.
    pub visits: BTreeMap<Visitor, Visits>,
    /// The test that a goroutine works for, by the hash of its name.
    pub tests: BTreeMap<u32, u32>,
    /// Where two goroutines can be held so that accesses of theirs meet that no lock
    /// keeps apart.
    pub meetings: BTreeSet<[Hold; 2]>,
    /// Who came to the earlier place of an order, and when.
    pub moments: BTreeMap<Order, Moment>,
    /// Whether the hooks wrote anything.
    pub is_armed: bool,
}

impl Log {
    /// Reads the logs of all rounds of a run, of which there is one at least.
    pub fn rounds(text: &str) -> Vec<Self> {
        text.split("round\t\n").map(Self::read).collect()
    }

    /// Reads the log of a round. A line that was cut off by a crash is left out.
    pub fn read(text: &str) -> Self {
        let mut log = Self::default();
        for line in text
            .split_inclusive('\n')
            .filter_map(|l| l.strip_suffix('\n'))
        {
            log.is_armed = true;
            let mut fields = line.split('\t');
            let word = fields.next().unwrap_or_default();
            let name = fields.next().unwrap_or_default();
            let numbers: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
            note_running(&mut log.unfinished, word, name);
            match (word, numbers.as_slice()) {
                ("end", [_, took]) if name.is_empty() => {
                    log.testing += Duration::from_micros(*took);
                }
                ("end", [goroutines, took]) => {
                    log.ended.push(Ended {
                        name: name.to_owned(),
                        goroutines: *goroutines,
                        took: Duration::from_micros(*took),
                    });
                }
                ("meetings", numbers) => log.read_meetings(numbers),
                ("visits", numbers) => log.read_visits(numbers),
                ("orders", [whole, delayed, strays, pairs @ ..]) => {
                    log.whole = Duration::from_micros(*whole);
                    log.delayed = Duration::from_micros(*delayed);
                    log.strays = *strays;
                    log.read_orders(pairs);
                }
                _ => {}
            }
        }
        // Subtests that run beside each other are the same test.
        log.unfinished.sort();
        log.unfinished.dedup();
        log
    }

    /// How long a program takes before and behind its tests.
    pub fn around(&self) -> Duration {
        self.whole.saturating_sub(self.testing)
    }

    /// Reads who came where, the first and the last moment, how often and for which test.
    fn read_visits(&mut self, numbers: &[u64]) {
        for entry in numbers.chunks_exact(4) {
            let (goroutine, place) = halves(entry[0]);
            let (first, last) = halves(entry[1]);
            let visits = Visits {
                first: step(first),
                last: step(last),
                count: u32::try_from(entry[2]).unwrap_or(u32::MAX),
            };
            self.visits.insert(Visitor { goroutine, place }, visits);
            self.tests.insert(goroutine, halves(entry[3]).1);
        }
    }

    /// Reads two goroutines and places each, and at which visits they were there
    /// first and last.
    fn read_meetings(&mut self, numbers: &[u64]) {
        for entry in numbers.chunks_exact(4) {
            for visits in &entry[2..] {
                let (one, other) = halves(*visits);
                let hold = |(goroutine, place), visit| Hold {
                    visitor: Visitor { goroutine, place },
                    visit,
                };
                let mut meeting = [hold(halves(entry[0]), one), hold(halves(entry[1]), other)];
                meeting.sort_unstable();
                self.meetings.insert(meeting);
            }
        }
    }

    /// Reads pairs of numbers: two places, and who came to the first of them in
    /// which of its steps.
    fn read_orders(&mut self, numbers: &[u64]) {
        for pair in numbers.chunks_exact(2) {
            let order = order(pair[0]);
            self.orders.insert(order);
            self.moments.insert(order, moment(pair[1]));
        }
    }
}

/// Notes which tests run, by a line's first two fields. Package testing's own, around all
/// others, has no name. A test that pauses goes on, with another "begin", when others have
/// ended; parallel subtests begin and pause under the name of their test, several at a time.
pub fn note_running(running: &mut Vec<String>, word: &str, name: &str) {
    match word {
        "begin" if !name.is_empty() => running.push(name.to_owned()),
        "pause" | "end" => {
            if let Some(at) = running.iter().position(|begun| begun == name) {
                running.remove(at);
            }
        }
        "round" => running.clear(),
        _ => {}
    }
}

#[expect(clippy::cast_possible_truncation, reason = "each half is wanted")]
fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

fn order(pair: u64) -> Order {
    let (earlier, later) = halves(pair);
    Order { earlier, later }
}

fn moment(number: u64) -> Moment {
    let (goroutine, when) = halves(number);
    Moment {
        goroutine,
        when: step(when),
    }
}

/// Operation n is 2n, accesses after it are 2n + 1; these belong to what follows.
fn step(when: u32) -> u32 {
    when.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tests_orders_and_leaves_out_what_was_cut_off() {
        let log = Log::read(
            "begin\t\nbegin\tTestA\nend\tTestA\t2\t1500\nbegin\tTestB\nend\t\t0\t1600\n\
             meetings\t\t21474836481\t25769803778\t12884901890\t12884901890\n\
             visits\t\t21474836481\t12884901893\t4\t9\n\
             orders\t\t1700\t250\t1\t4294967298\t21474836481\t4294967299\t21474836482\nend\tTest",
        );
        assert_eq!(log.ended.len(), 1);
        assert_eq!(log.ended[0].goroutines, 2);
        assert_eq!(log.ended[0].took, Duration::from_micros(1500));
        assert_eq!(log.unfinished, ["TestB"]);
        assert_eq!(log.whole, Duration::from_micros(1700));
        assert_eq!(log.around(), Duration::from_micros(100));
        assert_eq!(log.strays, 1);
        assert_eq!(log.delayed, Duration::from_micros(250));
        let order = |later| Order { earlier: 1, later };
        let moment = |when| Moment { goroutine: 5, when };
        let moments: Vec<_> = log.moments.into_iter().collect();
        assert_eq!(moments, [(order(2), moment(1)), (order(3), moment(1))]);
        assert_eq!(log.orders, BTreeSet::from([order(2), order(3)]));
        let visitor = Visitor {
            goroutine: 5,
            place: 1,
        };
        let other = Visitor {
            goroutine: 6,
            place: 2,
        };
        let meeting = [(visitor, 3), (other, 2)].map(|(visitor, visit)| Hold { visitor, visit });
        assert_eq!(log.meetings, BTreeSet::from([meeting]));
        let visits = Visits {
            first: 2,
            last: 3,
            count: 4,
        };
        assert_eq!(log.visits, BTreeMap::from([(visitor, visits)]));
        assert_eq!(log.tests, BTreeMap::from([(5, 9)]));
        assert!(log.is_armed);
        assert_eq!(Log::read(""), Log::default());
    }

    #[test]
    fn a_test_that_waits_for_others_to_end_is_not_what_hangs() {
        let text = "begin\tTestA\npause\tTestA\nbegin\tTestB\n";
        assert_eq!(Log::read(text).unfinished, ["TestB"]);
        let on = format!("{text}end\tTestB\t0\t5\nbegin\tTestA\n");
        assert_eq!(Log::read(&on).unfinished, ["TestA"]);
        let subtests = "begin\tTestA\npause\tTestA\nbegin\tTestA\nbegin\tTestA\n";
        assert_eq!(Log::read(subtests).unfinished, ["TestA"]);
        let one = format!("{subtests}pause\tTestA\n");
        assert_eq!(Log::read(&one).unfinished, ["TestA"]);
        let none = format!("{one}pause\tTestA\n");
        assert!(Log::read(&none).unfinished.is_empty());
    }

    #[test]
    fn rounds_have_a_log_each() {
        let logs = Log::rounds("begin\tTestA\nend\tTestA\t2\t15\nround\t\nbegin\tTestA\n");
        assert_eq!(logs.len(), 2);
        assert_eq!(logs[0].ended.len(), 1);
        assert_eq!(logs[1].unfinished, ["TestA"]);
        assert_eq!(Log::rounds("").len(), 1);
    }

    #[test]
    fn what_was_seen_both_ways_is_not_open() {
        let order = |earlier, later| Order { earlier, later };
        let seen = BTreeSet::from([order(1, 2), order(2, 1), order(1, 3)]);
        assert!(!order(1, 2).is_open(&seen));
        assert!(order(1, 3).is_open(&seen));
    }
}
