//! Reads files and directories of records.
//!
//! A process that was killed may have left its last line cut: that is expected,
//! the line is left out, and the file is named in [`Records::cut`].  A line in
//! the middle that is no record is an error, and so is one of a newer format,
//! since a tool that guesses at it would lose races.

use crate::fingerprint::Fingerprint;
use crate::record::{Address, Line, Process, Race, SCHEMA};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What record files end in.
pub const EXTENSION: &str = "jsonl";

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of a newer gosan.
    #[error(
        "{path}:{line}: the record has format {schema}, and this gosan knows up to {SCHEMA}; \
         use a gosan as new as the one that wrote it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Its format.
        schema: u64,
    },
    /// Something else than a record.
    #[error("{path}:{line}: not a record of a race: {reason}")]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The races, each with its process and its last known count, in the order
    /// of files and lines.
    pub races: Vec<Race>,
    /// Every process that left a file, raced or not.
    pub processes: Vec<Process>,
    /// Files whose last line was cut.
    pub cut: Vec<PathBuf>,
}

impl Records {
    /// Reads a file, or all record files of a directory in the order of their
    /// names.
    pub fn read(path: &Path) -> Result<Records, Error> {
        let mut records = Records::default();
        records.add(path)?;
        Ok(records)
    }

    /// Reads more of them.
    pub fn add(&mut self, path: &Path) -> Result<(), Error> {
        files(path)?.iter().try_for_each(|file| self.add_file(file))
    }

    /// Reads what can be read, and says what is wrong with the rest: a process
    /// that a full disk kept from writing has not spoilt those of others.
    pub fn read_all(path: &Path) -> (Records, Vec<Error>) {
        let mut records = Records::default();
        let files = match files(path) {
            Ok(files) => files,
            Err(error) => return (records, vec![error]),
        };
        let failed = files.iter().filter_map(|file| records.add_file(file).err());
        let failed = failed.collect();
        (records, failed)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let bytes = fs::read(path).map_err(io_error(path))?;
        self.add_text(path, &bytes)
    }

    /// Takes over the text of a file; the path is for messages.
    pub fn add_text(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut process = None;
        let mut first_race = self.races.len();
        let ends = bytes.split_inclusive(|byte| *byte == b'\n');
        for (index, bytes) in ends.enumerate() {
            let text = bytes.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match parse(text) {
                Ok(Line::Process(header)) => {
                    self.processes.push(header.clone());
                    process = Some(header);
                    // A program that replaced itself by another goes on here.
                    first_race = self.races.len();
                }
                Ok(Line::Race(mut race)) => {
                    race.process = race.process.or_else(|| process.clone());
                    self.races.push(*race);
                }
                Ok(Line::Repeat(repeat)) => {
                    let place = usize::try_from(repeat.race).unwrap_or(usize::MAX);
                    let races = &mut self.races[first_race..];
                    if let Some(race) = races.get_mut(place) {
                        race.count = race.count.max(repeat.count);
                    }
                }
                Err(Flaw::Text(_)) if !bytes.ends_with(b"\n") => self.cut.push(path.to_owned()),
                Err(Flaw::Text(reason)) => {
                    return Err(Error::NotARecord {
                        path: path.to_owned(),
                        line: index + 1,
                        reason,
                    });
                }
                Err(Flaw::Newer(schema)) => {
                    return Err(Error::Newer {
                        path: path.to_owned(),
                        line: index + 1,
                        schema,
                    });
                }
            }
        }
        Ok(())
    }
}

/// The file itself, or the record files of a directory, in the order of their
/// names.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let error = io_error(path);
    if !fs::metadata(path).map_err(&error)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(&error)? {
        let file = entry.map_err(&error)?.path();
        if file.extension().is_some_and(|ending| ending == EXTENSION) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}

enum Flaw {
    Newer(u64),
    Text(String),
}

fn parse(text: &[u8]) -> Result<Line, Flaw> {
    let mut value: Value = serde_json::from_slice(text).map_err(flaw)?;
    match value.get("schema").and_then(Value::as_u64) {
        None => return Err(Flaw::Text("it has no field `schema`".to_owned())),
        Some(schema) if schema > u64::from(SCHEMA) => return Err(Flaw::Newer(schema)),
        Some(_) => {}
    }
    if value.get("fingerprint").is_some() {
        let race = serde_json::from_value(value).map_err(flaw)?;
        return Ok(Line::Race(Box::new(race)));
    }
    if let Some(process) = value.get_mut("process") {
        let process = serde_json::from_value(process.take()).map_err(flaw)?;
        return Ok(Line::Process(process));
    }
    match value.get_mut("repeat") {
        Some(repeat) => {
            let repeat = serde_json::from_value(repeat.take()).map_err(flaw)?;
            Ok(Line::Repeat(repeat))
        }
        None => Err(Flaw::Text(
            "it is neither a process, nor a race, nor a repetition".to_owned(),
        )),
    }
}

fn flaw(error: serde_json::Error) -> Flaw {
    Flaw::Text(error.to_string())
}

/// Gives a type that is written as text serde's traits.
macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text! { Address Fingerprint }

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
