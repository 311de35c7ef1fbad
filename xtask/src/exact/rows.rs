//! What `cargo xtask exact` asks: the tests of `exact/`, with their distances.

/// How often and how far a test is run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The environment variable DISTANCE.
    pub distance: u64,
    pub rounds: usize,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub test: &'static str,
    /// The racing access, then ...; `{}` stands for the distance.
    pub what: &'static str,
    /// In CI.
    pub quick: Run,
    pub full: Run,
    pub asks: Asks,
}

/// What a row asks beside the races that the test names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing.
    Races,
    /// The race on each of `distance / per` words.
    Words { per: u64 },
    /// Memory that stays as it is.
    FlatMemory,
}

const fn run(distance: u64, rounds: usize) -> Run {
    Run { distance, rounds }
}

const fn row(test: &'static str, what: &'static str, quick: Run, full: Run) -> Row {
    Row {
        test,
        what,
        quick,
        full,
        asks: Asks::Races,
    }
}

/// The package `races`: each must be found in each round.
pub const RACES: &[Row] = &[
    row(
        "TestRaceGoroutinesSinceItEnded",
        "its goroutine ends, and {} others come and go",
        run(1000, 1),
        run(66, 20),
    ),
    row(
        "TestRaceGoroutinesSinceItEnded",
        "its goroutine ends, and {} others come and go",
        run(20_000, 1),
        run(100_000, 20),
    ),
    row(
        "TestRaceGoroutinesWhileItLives",
        "its goroutine lives on, and {} others come and go",
        run(1000, 1),
        run(254, 20),
    ),
    row(
        "TestRaceGoroutinesWhileItLives",
        "its goroutine lives on, and {} others come and go",
        run(20_000, 1),
        run(100_000, 20),
    ),
    row(
        "TestRaceGoroutinesAlive",
        "{} goroutines are started, and alive at the later access",
        run(1000, 1),
        run(10_000, 20),
    ),
    row(
        "TestRaceAccessesSince",
        "its goroutine makes {} other accesses",
        run(65_000, 1),
        run(65_000, 20),
    ),
    row(
        "TestRaceAccessesSince",
        "its goroutine makes {} other accesses",
        run(5_000_000, 1),
        run(50_000_000, 10),
    ),
    row(
        "TestRaceLocksSince",
        "{} Lock/Unlock pairs elsewhere",
        run(500_000, 1),
        run(1_500_000, 10),
    ),
    row(
        "TestRaceLocksSince",
        "{} Lock/Unlock pairs elsewhere",
        run(2_500_000, 1),
        run(100_000_000, 2),
    ),
    row(
        "TestRaceHandoversSince",
        "{} Lock/Unlock pairs by two goroutines, with accesses under the lock",
        run(300_000, 1),
        run(5_000_000, 3),
    ),
    row(
        "TestRaceSubwordNeighbours",
        "8 goroutines use the 8 bytes of its word",
        run(8, 3),
        run(8, 200),
    ),
    row(
        "TestRaceAccessors",
        "{} goroutines in all read its word, and stay unordered",
        run(8, 3),
        run(8, 200),
    ),
    row(
        "TestRaceAccessors",
        "{} goroutines in all read its word, and stay unordered",
        run(64, 3),
        run(64, 200),
    ),
    row(
        "TestRaceAccessorsAlike",
        "the same with {}, by one call, the racing one in the middle",
        run(64, 3),
        run(64, 200),
    ),
    row(
        "TestRaceAccessorsEnded",
        "the same with {}, all ended",
        run(200, 1),
        run(2000, 20),
    ),
    row(
        "TestRaceSecondInWord",
        "a race for another byte of its word",
        run(1, 3),
        run(1, 20),
    ),
    row(
        "TestRaceSecondOfThree",
        "two more goroutines write the same word: three races",
        run(1, 3),
        run(1, 20),
    ),
    row(
        "TestRaceByteThenRange",
        "(to a byte) a range of {} bytes that has it in its middle",
        run(4096, 3),
        run(1 << 20, 20),
    ),
    row(
        "TestRaceRangeThenByte",
        "(to a range of {} bytes) a byte in its middle",
        run(4096, 3),
        run(1 << 20, 20),
    ),
    Row {
        test: "TestRaceSameInstant",
        what: "at the same instant on another processor, {} words",
        quick: run(1000, 1),
        full: run(10_000, 5),
        asks: Asks::Words { per: 1 },
    },
    Row {
        test: "TestRaceCrowd",
        what: "{} goroutines alive at once use a lock; every 1,000th races",
        quick: run(10_000, 1),
        full: run(100_000, 3),
        asks: Asks::Words { per: 1000 },
    },
    Row {
        test: "TestRaceAfterPanics",
        what: "(after as many) {} recovered panics",
        quick: run(200_000, 1),
        full: run(1_000_000, 1),
        asks: Asks::FlatMemory,
    },
];

/// The package `ordered`: nothing may be reported.
pub const ORDERED: &[Row] = &[
    row(
        "TestNoRaceGoroutinesSinceItEnded",
        "{} goroutines in between",
        run(20_000, 1),
        run(100_000, 5),
    ),
    row(
        "TestNoRaceGoroutinesWhileItLives",
        "{} goroutines in between, it lives on",
        run(20_000, 1),
        run(100_000, 5),
    ),
    row(
        "TestNoRaceOldLockAfterManyGoroutines",
        "a lock that was released {} goroutines ago",
        run(20_000, 1),
        run(100_000, 5),
    ),
    row(
        "TestNoRaceGoroutinesAlive",
        "{} goroutines alive at once",
        run(1000, 1),
        run(10_000, 5),
    ),
    row(
        "TestNoRaceAccessesSince",
        "{} accesses in between",
        run(5_000_000, 1),
        run(50_000_000, 2),
    ),
    row(
        "TestNoRaceLocksSince",
        "{} Lock/Unlock pairs by two goroutines",
        run(300_000, 1),
        run(5_000_000, 3),
    ),
    row(
        "TestNoRaceAccessors",
        "{} readers of one word",
        run(200, 1),
        run(2000, 20),
    ),
    row(
        "TestNoRaceSubwordNeighbours",
        "8 goroutines use a byte each of one word",
        run(8, 3),
        run(8, 20),
    ),
    row(
        "TestNoRaceRangesThatMeet",
        "two ranges of {} bytes that meet in a word",
        run(4096, 3),
        run(1 << 20, 20),
    ),
    row(
        "TestNoRaceAfterPanics",
        "{} recovered panics in two goroutines each",
        run(20_000, 1),
        run(250_000, 1),
    ),
    row(
        "TestNoRaceCrowd",
        "{} goroutines alive at once use a lock",
        run(10_000, 1),
        run(100_000, 2),
    ),
];
