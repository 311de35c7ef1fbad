//! Runs `gosan` and reads the records that the run left, judged by the schema
//! in the docs.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex};

use gosan_wire::Race;
use gosan_wire::read::Records;

use crate::common::shared_cache;

/// The records of the last run are one place for all tests.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = include_str!("../../../../docs/schema/record.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
});

/// What a run printed and left.
pub struct Run {
    pub output: Output,
    pub records: Records,
}

/// Runs a command that runs `gosan`.
pub fn run(command: &mut Command) -> Run {
    let _guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let last = shared_cache().join("last-run");
    let _ = fs::remove_dir_all(&last);
    let output = command.output().unwrap();
    let records = if last.exists() {
        read(&last)
    } else {
        Records::default()
    };
    Run { output, records }
}

/// Reads a directory of records; every whole line obeys the schema.
pub fn read(directory: &Path) -> Records {
    for entry in fs::read_dir(directory).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let value = serde_json::from_str(line).unwrap();
            if let Err(error) = SCHEMA.validate(&value) {
                panic!("{error} at {} in {line}", error.instance_path());
            }
        }
    }
    Records::read(directory).unwrap()
}

impl Run {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn all_output(&self) -> String {
        self.stdout() + &String::from_utf8_lossy(&self.output.stderr)
    }

    /// The only race; shows everything where there is another number of them.
    pub fn race(&self) -> &Race {
        match self.records.races.as_slice() {
            [race] => race,
            races => panic!("{} races\n{}", races.len(), self.all_output()),
        }
    }

    /// The tests of the races, sorted.
    pub fn tests(&self) -> Vec<&str> {
        let tests = self.records.races.iter();
        let mut tests: Vec<_> = tests
            .map(|race| race.test.as_deref().unwrap_or("-"))
            .collect();
        tests.sort_unstable();
        tests
    }
}
