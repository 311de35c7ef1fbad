//! The table of strategies: ways to disturb a program.
//!
//! Each is one-sided. It brings out some races and hides others, and no single
//! one comes near the rotation of all (docs/design/schedules.md has what was
//! measured). So what counts is that they are unlike each other.
//!
//! "Ranked" is in the manner of PCT (Burckhardt and others, "A randomized
//! scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010): each
//! goroutine has a random rank, which changes at random points. Unlike there,
//! a lower rank slows a goroutine down and does not stop it, since Go's scheduler
//! stays in charge; so the probability proved there does not carry over.
//! "Flip" holds the earlier of two operations, or accesses, that were seen to
//! follow each other on one object until the later one has overtaken it. That the pairs come from
//! earlier runs is as in TSVD (Li and others, SOSP 2019), that one waits for the
//! other as in RaceFuzzer (Sen, PLDI 2008), which knows the pairs beforehand.
//! "Stall" holds a goroutine where nobody was seen to follow, until all others wait
//! too: delay-bounded scheduling (Emmi, Qadeer and Rakamaric, POPL 2011) with one
//! delay for each goroutine. "Meet" holds two goroutines at once, each before an
//! access, where no lock was common to both.

use std::time::Duration;

/// The hooks in Go's runtime, as bits. `patches/schedule/runtime.go` of
/// gosan-go has the same list.
pub mod kinds {
    pub const LOCK: u32 = 1 << 0;
    pub const LOCKED: u32 = 1 << 1;
    pub const UNLOCK: u32 = 1 << 2;
    pub const UNLOCKED: u32 = 1 << 3;
    pub const SEND: u32 = 1 << 4;
    pub const SENT: u32 = 1 << 5;
    pub const RECV: u32 = 1 << 6;
    pub const RECEIVED: u32 = 1 << 7;
    pub const CLOSE: u32 = 1 << 8;
    pub const CLOSED: u32 = 1 << 9;
    pub const SELECT: u32 = 1 << 10;
    pub const SELECTED: u32 = 1 << 11;
    pub const DONE: u32 = 1 << 12;
    pub const WAIT: u32 = 1 << 13;
    pub const CHILD: u32 = 1 << 14;
    pub const PARENT: u32 = 1 << 15;
    pub const EXIT: u32 = 1 << 16;
    pub const ATOMIC: u32 = 1 << 17;
    pub const ATOMICKED: u32 = 1 << 18;
    pub const TRY: u32 = 1 << 19;
    pub const ADD: u32 = 1 << 20;
    pub const LOAD: u32 = 1 << 21;
    pub const READ: u32 = 1 << 22;
    pub const WRITE: u32 = 1 << 23;
    pub const TRY_RECV: u32 = 1 << 24;

    /// Before something is handed to others, and after.
    pub const RELEASE: u32 = UNLOCK | UNLOCKED | SEND | SENT | CLOSE | CLOSED | DONE;
    /// Before something is taken from others, and after.
    pub const ACQUIRE: u32 =
        LOCK | LOCKED | RECV | RECEIVED | SELECT | SELECTED | TRY | TRY_RECV | WAIT;
    pub const ATOMICS: u32 = ATOMIC | ATOMICKED | LOAD;
    pub const ALL: u32 = RELEASE | ACQUIRE | ATOMICS | PARENT | EXIT;
}

/// Which goroutines a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Everybody = 0,
    /// The second child of its parent, the fourth, and so on.
    OddChildren = 1,
    EvenChildren = 2,
    /// Half of them, drawn by lot.
    Half = 3,
    /// Each as long as its rank says.
    Ranked = 4,
    /// Those that run a test's function.
    Tests = 5,
    /// All others, but for those that timers start.
    Helpers = 6,
}

/// Where a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Everywhere = 0,
    /// Half of the call sites, drawn by lot.
    HalfOfSites = 1,
    QuarterOfSites = 2,
}

/// At which hooks who is delayed, how often and how long.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub kinds: u32,
    pub who: Who,
    pub at: Where,
    pub percent: u32,
    /// From, and to, in microseconds. To 0 is a yield.
    pub delay: (u32, u32),
}

/// The number of processors, GOMAXPROCS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Procs {
    AsItIs,
    Just(u32),
    /// 1, 2, 4 or as it is.
    BySeed,
}

/// What a strategy learns from other runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aims {
    None,
    /// Orders that it turns round.
    Orders,
    /// Places where it holds goroutines until all others wait.
    Places,
    /// The same of one goroutine of each test, since others that are held may keep it from
    /// coming there.
    Place,
    /// Pairs of such places, before accesses that would race if they met.
    Meetings,
}

impl Aims {
    /// Whether goroutines are held at places, whatever others do there.
    pub fn are_places(self) -> bool {
        matches!(self, Aims::Places | Aims::Place)
    }
}

/// A way to disturb a program.
#[derive(Debug)]
pub struct Strategy {
    /// One word, which seeds begin with.
    pub name: &'static str,
    /// What it does, for people.
    pub what: &'static str,
    pub rules: &'static [Rule],
    pub procs: Procs,
    /// Per mille of a timer's time that pass.
    pub timers: u32,
    /// Per mille of a sleep's time that pass.
    pub sleeps: u32,
    /// Hooks that a goroutine passes between two changes of its rank.
    pub changes: u32,
    /// Whether delays end together, so that all go one step at a time.
    pub rounds: bool,
    /// How far away a timer may be to which time goes on when all wait. Those that
    /// guard against a program that hangs are set further.
    pub far: Duration,
    /// Whether time goes on to the next timer whenever all wait, and not only where something is
    /// delayed: so a test that sleeps costs no more than what it does.
    pub skips: bool,
    /// What its seeds name beside.
    pub aims: Aims,
}

const fn rule(kinds: u32, who: Who, at: Where, percent: u32, delay: (u32, u32)) -> Rule {
    Rule {
        kinds,
        who,
        at,
        percent,
        delay,
    }
}

const fn strategy(
    name: &'static str,
    what: &'static str,
    procs: Procs,
    rules: &'static [Rule],
) -> Strategy {
    Strategy {
        name,
        what,
        rules,
        procs,
        timers: 1000,
        sleeps: 1000,
        changes: 0,
        rounds: false,
        far: Duration::from_secs(2),
        skips: true,
        aims: Aims::None,
    }
}

/// The first run of each program: nothing but the wait at the end of a test.
pub const PLAIN: &str = "plain";

use Procs::{AsItIs, BySeed, Just};
use Where::{Everywhere, HalfOfSites};
use Who::{EvenChildren, Everybody, Half, Helpers, OddChildren, Ranked, Tests};

/// All strategies. A rotation takes them in this order as long as none has
/// earned more than another.
pub const STRATEGIES: &[Strategy] = &[
    Strategy {
        skips: false,
        ..strategy(PLAIN, "waits at the end of tests only", AsItIs, &[])
    },
    Strategy {
        aims: Aims::Places,
        ..strategy(
            "even",
            "starts the first, third, … child of a goroutine late, and slows it down",
            Just(4),
            &[
                rule(kinds::CHILD, EvenChildren, Everywhere, 100, (3000, 5000)),
                rule(kinds::ALL, EvenChildren, Everywhere, 100, (1000, 3000)),
            ],
        )
    },
    strategy(
        "give",
        "delays what hands over: sends, unlocks, closes, Done",
        AsItIs,
        &[rule(
            kinds::RELEASE,
            Everybody,
            Everywhere,
            100,
            (1000, 3000),
        )],
    ),
    strategy(
        "take",
        "delays what takes: receives, locks, selects, waits",
        AsItIs,
        &[rule(
            kinds::ACQUIRE,
            Everybody,
            Everywhere,
            100,
            (1000, 3000),
        )],
    ),
    strategy(
        "helpers",
        "delays the goroutines that tests start",
        BySeed,
        &[rule(kinds::ALL, Helpers, Everywhere, 100, (1000, 3000))],
    ),
    Strategy {
        aims: Aims::Orders,
        ..strategy(
            "flip",
            "lets operations overtake that came later in all runs so far",
            AsItIs,
            &[],
        )
    },
    Strategy {
        aims: Aims::Orders,
        ..strategy(
            "turn",
            "lets operations overtake that came later in all runs so far, and delays at random",
            BySeed,
            &[rule(kinds::ALL, Everybody, Everywhere, 50, (0, 2000))],
        )
    },
    Strategy {
        far: Duration::from_secs(20),
        aims: Aims::Places,
        ..strategy(
            "stall",
            "holds each goroutine at one of its places until all others wait",
            AsItIs,
            &[],
        )
    },
    Strategy {
        far: Duration::from_secs(20),
        aims: Aims::Place,
        ..strategy(
            "alone",
            "holds one goroutine of each test at one of its places until all others wait",
            AsItIs,
            &[],
        )
    },
    Strategy {
        far: Duration::from_secs(20),
        aims: Aims::Meetings,
        ..strategy(
            "meet",
            "holds two goroutines each before accesses that only their order keeps apart",
            AsItIs,
            &[],
        )
    },
    Strategy {
        timers: 1,
        aims: Aims::Places,
        ..strategy(
            "soon",
            "lets timers fire in a thousandth of their time, and delays the goroutines that tests start",
            AsItIs,
            &[rule(kinds::ALL, Helpers, Everywhere, 100, (1000, 3000))],
        )
    },
    Strategy {
        aims: Aims::Places,
        ..strategy(
            "odd",
            "starts every second child of a goroutine late, and slows it down",
            AsItIs,
            &[
                rule(kinds::CHILD, OddChildren, Everywhere, 100, (3000, 5000)),
                rule(kinds::ALL, OddChildren, Everywhere, 100, (1000, 3000)),
            ],
        )
    },
    strategy(
        "sites",
        "delays at half of the places",
        BySeed,
        &[rule(kinds::ALL, Everybody, HalfOfSites, 100, (1000, 3000))],
    ),
    Strategy {
        aims: Aims::Places,
        ..strategy(
            "tests",
            "delays the goroutines of the tests themselves",
            BySeed,
            &[rule(kinds::ALL, Tests, Everywhere, 100, (1000, 3000))],
        )
    },
    strategy(
        "atomics",
        "delays around atomic operations",
        BySeed,
        &[rule(
            kinds::ATOMICS,
            Everybody,
            Everywhere,
            100,
            (1000, 3000),
        )],
    ),
    strategy(
        "jitter",
        "delays at random everywhere",
        BySeed,
        &[
            rule(kinds::ALL, Everybody, Everywhere, 50, (0, 2500)),
            rule(kinds::CHILD, Everybody, Everywhere, 50, (0, 4000)),
        ],
    ),
    strategy(
        "hold",
        "delays what half of the goroutines hand over and take",
        AsItIs,
        &[rule(
            kinds::RELEASE | kinds::ACQUIRE,
            Half,
            Everywhere,
            100,
            (1000, 3000),
        )],
    ),
    Strategy {
        changes: 6,
        ..strategy(
            "ranks",
            "slows goroutines down by random ranks, which change now and then",
            Just(2),
            &[rule(
                kinds::ALL | kinds::CHILD,
                Ranked,
                Everywhere,
                100,
                (2000, 4000),
            )],
        )
    },
    Strategy {
        sleeps: 10,
        rounds: true,
        ..strategy(
            "rounds",
            "shortens sleeps, and lets the goroutines that tests start go one step at a time",
            AsItIs,
            &[rule(kinds::ALL, Helpers, Everywhere, 100, (1000, 1000))],
        )
    },
    Strategy {
        sleeps: 4000,
        ..strategy(
            "naps",
            "lets sleeps take four times as long, and timers not",
            AsItIs,
            &[],
        )
    },
    strategy(
        "receive",
        "delays receives and selects",
        AsItIs,
        &[rule(
            kinds::RECV | kinds::RECEIVED | kinds::SELECT | kinds::SELECTED,
            Everybody,
            Everywhere,
            100,
            (1000, 4000),
        )],
    ),
    strategy(
        "parent",
        "delays goroutines that have started another",
        Just(4),
        &[rule(
            kinds::PARENT,
            Everybody,
            Everywhere,
            100,
            (2000, 5000),
        )],
    ),
    strategy(
        "yield",
        "yields at random, on one processor",
        Just(1),
        &[rule(kinds::ALL, Everybody, Everywhere, 60, (0, 0))],
    ),
];

/// In which order a group of tests meets strategies that have earned alike. One
/// that learns from other runs comes more than once. Those that are not named
/// follow in the order of the table.
pub const ROTATION: [&str; 17] = [
    "even", "flip", "meet", "alone", "soon", "flip", "odd", "stall", "meet", "turn", "alone",
    "tests", "meet", "alone", "stall", "flip", "alone",
];

/// The place of the named strategy in the table.
pub fn index_of(name: &str) -> Option<usize> {
    STRATEGIES.iter().position(|strategy| strategy.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word_and_unlike() {
        for (at, strategy) in STRATEGIES.iter().enumerate() {
            assert!(strategy.name.bytes().all(|b| b.is_ascii_lowercase()));
            assert_eq!(index_of(strategy.name), Some(at));
        }
        assert_eq!(index_of(PLAIN), Some(0));
    }

    /// The hooks' own file is the other copy of the list of kinds.
    #[test]
    fn kinds_are_those_of_the_hooks() {
        let hooks = include_str!("../../gosan-go/patches/schedule/runtime.go");
        let list = hooks.split("const (\n").nth(1).unwrap();
        let list = list.split("\n)").next().unwrap();
        let names: Vec<&str> = list
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        for (name, bit) in [
            ("gosanLock", kinds::LOCK),
            ("gosanUnlocked", kinds::UNLOCKED),
            ("gosanSend", kinds::SEND),
            ("gosanReceived", kinds::RECEIVED),
            ("gosanClosed", kinds::CLOSED),
            ("gosanSelected", kinds::SELECTED),
            ("gosanWait", kinds::WAIT),
            ("gosanChild", kinds::CHILD),
            ("gosanParent", kinds::PARENT),
            ("gosanExit", kinds::EXIT),
            ("gosanAtomicked", kinds::ATOMICKED),
            ("gosanTry", kinds::TRY),
            ("gosanAdd", kinds::ADD),
            ("gosanLoad", kinds::LOAD),
            ("gosanRead", kinds::READ),
            ("gosanWrite", kinds::WRITE),
            ("gosanTryRecv", kinds::TRY_RECV),
        ] {
            let at = names.iter().position(|listed| *listed == name);
            assert_eq!(at.map(|at| 1 << at), Some(bit), "{name}");
        }
    }
}
