//! The rows of the benchmark, their groups, and what each group is to reach.
//!
//! A row is a fixed amount of work, never a fixed time.  Goals are ratios of
//! gosan to stock, both measured in one run.

use anyhow::{Result, bail};

use super::logs;

/// What kind of work a row does, which decides its goals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Access,
    Sync,
    Whole,
    Scale,
    StartUp,
}

/// Ratios that a row of a group is not to exceed; `None` where a measure says
/// little about the group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goals {
    /// Processor time, user and system, of gosan over that of stock.
    pub processor: Option<f64>,
    /// The same, as the geometric mean of the group.
    pub processor_mean: Option<f64>,
    /// Time on the clock, stock's second of sleep at the end included.
    pub wall: Option<f64>,
    /// What gosan adds to the plain program's peak over what stock adds.
    pub memory: f64,
}

/// The program that does a row's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `bench/work` with the row's name.
    Work,
    /// `bench/empty`.
    Empty,
    /// The tests of a package of the standard library, in its directory.
    Tests(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    pub group: Group,
    pub program: Program,
    /// Memory that must be free, in GiB: stock takes three times the heap.
    pub needs_gib: u64,
}

impl Group {
    pub const ALL: [Group; 5] = [
        Group::Access,
        Group::Sync,
        Group::Whole,
        Group::Scale,
        Group::StartUp,
    ];

    /// The name by which the group is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Group::Access => "access",
            Group::Sync => "sync",
            Group::Whole => "whole",
            Group::Scale => "scale",
            Group::StartUp => "start-up",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Group::Access => "Access-heavy",
            Group::Sync => "Sync-heavy",
            Group::Whole => "Whole programs",
            Group::Scale => "Scale",
            Group::StartUp => "Start-up and exit",
        }
    }

    pub fn goals(self) -> Goals {
        let (processor, processor_mean, wall, memory) = match self {
            Group::Access => (Some(0.6), Some(0.45), None, 0.6),
            Group::Sync => (Some(0.8), Some(0.5), None, 0.6),
            Group::Whole => (Some(0.5), None, Some(0.4), 0.6),
            Group::Scale => (Some(0.5), None, None, 0.4),
            // Stock sleeps here, which takes no processor time.
            Group::StartUp => (None, None, Some(0.05), 0.4),
        };
        Goals {
            processor,
            processor_mean,
            wall,
            memory,
        }
    }
}

const fn work(name: &'static str, group: Group) -> Row {
    Row {
        name,
        group,
        program: Program::Work,
        needs_gib: 0,
    }
}

const fn tests(name: &'static str, package: &'static str) -> Row {
    Row {
        name,
        group: Group::Whole,
        program: Program::Tests(package),
        needs_gib: 0,
    }
}

/// All rows, by group.
pub const ROWS: &[Row] = &[
    work("json", Group::Access),
    work("sort", Group::Access),
    work("maps", Group::Access),
    work("trees", Group::Access),
    work("matrix", Group::Access),
    work("strings", Group::Access),
    work("regexp", Group::Access),
    work("compress", Group::Access),
    work("mutex", Group::Sync),
    work("mutex-contended", Group::Sync),
    work("rwmutex-readers", Group::Sync),
    work("atomics", Group::Sync),
    work("chan-unbuffered", Group::Sync),
    work("chan-buffered", Group::Sync),
    work("chan-select", Group::Sync),
    work("waitgroup", Group::Sync),
    work("goroutine-start", Group::Sync),
    work("contention-64", Group::Sync),
    work("sync-pool", Group::Sync),
    work("http", Group::Whole),
    tests("encoding/json.test", "encoding/json"),
    tests("regexp.test", "regexp"),
    tests("compress/flate.test", "compress/flate"),
    tests("encoding/gob.test", "encoding/gob"),
    tests("go/parser.test", "go/parser"),
    tests("net/http.test", "net/http"),
    work("goroutines-100k", Group::Scale),
    Row {
        needs_gib: 14,
        ..work("heap-4g", Group::Scale)
    },
    work("garbage", Group::Scale),
    Row {
        program: Program::Empty,
        ..work("empty", Group::StartUp)
    },
];

/// The row of a name.
pub fn find(name: &str) -> Option<Row> {
    ROWS.iter().find(|row| row.name == name).copied()
}

/// The rows that were asked for, by their own names or their groups'; all of
/// them when none was.
pub fn select(names: &[String]) -> Result<Vec<Row>> {
    for name in names {
        let known = |row: &Row| row.name == name || row.group.name() == name;
        if !ROWS.iter().any(known) && !logs::is_known(name) {
            let logs = logs::LOGS.iter().map(|log| log.name);
            let rows: Vec<&str> = ROWS.iter().map(|row| row.name).chain(logs).collect();
            let groups = Group::ALL.map(Group::name);
            bail!(
                "no row and no group is named {name:?}; groups: {} {}; rows: {}",
                groups.join(" "),
                logs::GROUP,
                rows.join(" ")
            );
        }
    }
    let asked = |row: &&Row| {
        let by = |name: &String| row.name == name || row.group.name() == name;
        names.is_empty() || names.iter().any(by)
    };
    Ok(ROWS.iter().filter(asked).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn rows_are_asked_for_by_name_and_by_group() {
        let names = |asked: &[&str]| -> Vec<&str> {
            let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
            let rows = select(&asked).expect("they are known");
            rows.iter().map(|row| row.name).collect()
        };
        assert_eq!(names(&["sort"]), ["sort"]);
        assert_eq!(names(&["empty", "scale"]).len(), 4);
        assert_eq!(names(&[]).len(), ROWS.len());
        assert_eq!(names(&["explain", "log-200mb"]), Vec::<&str>::new());
        let error = select(&["sorts".to_owned()]).expect_err("no such row");
        assert!(error.to_string().contains("goroutines-100k"), "{error}");
    }

    #[test]
    fn the_go_program_knows_the_same_rows() {
        let file = workspace::root().join("bench/work/main.go");
        let text = std::fs::read_to_string(file).expect("it is there");
        let mut there: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\":"))
            .map(|(name, _)| name)
            .collect();
        let mut here: Vec<&str> = ROWS
            .iter()
            .filter(|row| row.program == Program::Work)
            .map(|row| row.name)
            .collect();
        there.sort_unstable();
        here.sort_unstable();
        assert_eq!(there, here);
    }
}
