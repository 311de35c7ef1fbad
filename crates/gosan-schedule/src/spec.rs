//! The text in which a schedule reaches the hooks: the variable that the runtime
//! takes out of the environment before the program begins.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::log::{Hold, Order, Visitor};
use crate::seed::Seed;
use crate::strategy::Procs;

/// Where the hooks look.
pub const VARIABLE: &str = "GOSAN_SCHEDULE";

/// How long a test's end waits for what the test has left running.
const GRACE: Duration = Duration::from_millis(25);

/// What a seed's number decides beside the lots that are drawn from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Draws {
    /// Whether goroutines that choose among few choose the same, and every walk
    /// over a map begins at one place. Which one is in the number's lowest bits, so
    /// that numbers that follow each other go through the eight places of a small
    /// map.
    alike: bool,
    /// How select chooses: 1 at random, the same way for each run with one seed;
    /// 2 the first case that is ready; 3 the last.
    choice: u32,
    /// GOMAXPROCS, for strategies that leave it to the seed; 0 is as it is.
    procs: u32,
    /// How long a hold lasted for who looks at the program's clock, beside the time that it
    /// takes: caches and tokens expire so.
    leap: Duration,
}

impl Draws {
    fn of(number: u32) -> Self {
        let pick = |shift: u32, from: [u32; 4]| from[(number >> shift) as usize % 4];
        Self {
            alike: number >> 3 & 7 != 0,
            choice: pick(6, [1, 1, 2, 3]),
            procs: pick(8, [0, 1, 2, 4]),
            leap: Duration::from_millis(pick(10, [0, 0, 100, 60_000]).into()),
        }
    }
}

/// What all rounds of a run have in common.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// How much longer delays may make each test.
    pub allow: Duration,
    /// How much longer delays may make the run beside, where it is not known how long
    /// it takes: so much, and a part of what has passed.
    pub free: Option<Duration>,
    /// How long all rounds may take; one is always done.
    pub within: Duration,
    /// Per mille of the tests that each round leaves out, by lot.
    pub leave: u32,
    /// The file that the hooks write.
    pub log: Option<&'a Path>,
}

/// The value of the variable: a round under each of the seeds, as long as there is
/// time.
pub fn text(seeds: &[Seed], frame: &Frame) -> String {
    let mut text = format!("within={}", frame.within.as_micros());
    if let Some(free) = frame.free {
        text.push_str(&format!(";free={}", free.as_micros()));
    }
    for (at, seed) in seeds.iter().enumerate() {
        text.push_str(if at == 0 { ";" } else { ";next;" });
        add_round(&mut text, seed, frame);
    }
    if let Some(log) = frame.log {
        text.insert_str(0, &format!("log={};", log.display()));
    }
    text
}

fn add_round(text: &mut String, seed: &Seed, frame: &Frame) {
    let strategy = seed.strategy();
    let draws = Draws::of(seed.number);
    let procs = match strategy.procs {
        Procs::AsItIs => 0,
        Procs::Just(procs) => procs,
        Procs::BySeed => draws.procs,
    };
    let mut add = |part: std::fmt::Arguments| {
        text.write_fmt(part).expect("a string takes everything");
    };
    add(format_args!(
        "seed={};procs={procs};grace={};allow={};leave={};choice={};alike={};rounds={};timers={};sleeps={};far={};leap={};skips={};changes={}",
        seed.number,
        GRACE.as_micros(),
        frame.allow.as_micros(),
        frame.leave,
        draws.choice,
        u32::from(draws.alike),
        u32::from(strategy.rounds),
        strategy.timers,
        strategy.sleeps,
        strategy.far.as_micros(),
        draws.leap.as_micros(),
        u32::from(strategy.skips),
        strategy.changes,
    ));
    for rule in strategy.rules {
        let (kinds, who, at) = (rule.kinds, rule.who as u32, rule.at as u32);
        let (from, to) = rule.delay;
        let percent = rule.percent;
        add(format_args!(
            ";rule={kinds},{who},{at},{percent},{from},{to}"
        ));
    }
    for Order { earlier, later } in &seed.orders {
        add(format_args!(";aim={earlier}.{later}"));
    }
    for Hold { visitor, visit } in &seed.holds {
        let Visitor { goroutine, place } = visitor;
        add(format_args!(";hold={place}.{goroutine}.{visit}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_all_that_the_hooks_read() {
        let seeds: Vec<Seed> = ["flip-0000000a-7+8", "stall-00000001-5@6:7"]
            .map(|seed| seed.parse().unwrap())
            .into();
        let frame = Frame {
            allow: Duration::from_millis(3),
            free: Some(Duration::from_secs(4)),
            within: Duration::from_secs(1),
            leave: 0,
            log: Some(Path::new("/l/x")),
        };
        let text = text(&seeds, &frame);
        assert!(text.starts_with(
            "log=/l/x;within=1000000;free=4000000;seed=10;procs=0;grace=25000;allow=3000;leave=0;"
        ));
        assert!(text.contains(";aim=7.8;next;seed=1;"), "{text}");
        assert!(text.ends_with(";hold=5.6.7"), "{text}");
        let hooks = include_str!("../../gosan-go/patches/schedule/rounds.go");
        for field in text.split(';') {
            let key = field.split('=').next().unwrap();
            assert!(hooks.contains(&format!("case \"{key}\":")), "{key}");
        }
    }
}
