//! The baseline: a file with the races that are known, so that only new ones
//! fail.
//!
//! A line is a race: its fingerprint, its kind, and the functions of its two
//! sides. Only the fingerprint counts; the rest is for whoever reviews the
//! file. The lines are sorted, so that two branches that add races rarely
//! conflict.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use gosan_wire::fingerprint::sides;
use gosan_wire::{Fingerprint, Race, Status};

const HEADER: &str = "\
# Known data races, one a line: fingerprint, kind, and the functions of both sides.
# `gosan test --baseline FILE` fails on other races only; --update-baseline adds to it.
";

/// What a baseline file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    path: PathBuf,
    /// What is said of each race to people.
    races: BTreeMap<Fingerprint, String>,
}

impl Baseline {
    /// Reads the file. It may be missing if it is going to be written.
    pub fn read(path: &Path, may_be_missing: bool) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_missing => {
                String::new()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "the baseline {} does not exist; add --update-baseline to write it",
                path.display()
            ),
            other => other.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let mut races = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (word, said) = line.split_once(' ').unwrap_or((line, ""));
            let place = || format!("{}:{}", path.display(), index + 1);
            let fingerprint = word.parse().with_context(place)?;
            races.insert(fingerprint, said.trim().to_owned());
        }
        let path = path.to_owned();
        Ok(Self { path, races })
    }

    /// The fingerprints as the runtime reads them, which also tells one list
    /// from another.
    pub fn fingerprints(&self) -> String {
        let lines = self
            .races
            .keys()
            .map(|fingerprint| format!("{fingerprint}\n"));
        lines.collect()
    }

    /// Adds the races that count: how many were not in it.
    pub fn add<'a>(&mut self, races: impl IntoIterator<Item = &'a Race>) -> usize {
        let before = self.races.len();
        for race in races {
            if race.status != Status::Suppressed {
                self.races.insert(race.fingerprint, describe(race));
            }
        }
        self.races.len() - before
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self) -> Result<()> {
        let said = || format!("cannot write {}", self.path.display());
        let mut text = HEADER.to_owned();
        for (fingerprint, race) in &self.races {
            text += format!("{fingerprint} {race}").trim_end();
            text.push('\n');
        }
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = tempfile::NamedTempFile::new_in(directory).with_context(said)?;
        fs::write(&file, text).with_context(said)?;
        // A temporary file is private; this one is meant to be committed.
        let mode = fs::metadata(&self.path).map_or_else(
            |_| std::os::unix::fs::PermissionsExt::from_mode(0o644),
            |metadata| metadata.permissions(),
        );
        fs::set_permissions(&file, mode).with_context(said)?;
        file.persist(&self.path).with_context(said)?;
        Ok(())
    }
}

/// The kind of a race and its two sides, on one line.
fn describe(race: &Race) -> String {
    let [one, other] = race
        .accesses
        .each_ref()
        .map(|access| access.stack.iter().map(|frame| frame.function.as_bytes()));
    let [one, other] = sides(one, other).map(|(function, callee)| {
        let function = String::from_utf8_lossy(function);
        match String::from_utf8_lossy(callee) {
            callee if callee.is_empty() => function.into_owned(),
            callee => format!("{function} > {callee}"),
        }
    });
    let line = format!("{} {one} | {other}", race.kind.name());
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_added_to_and_written_sorted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("races.txt");
        let missing = Baseline::read(&path, false).unwrap_err().to_string();
        assert!(missing.contains("--update-baseline"), "{missing}");
        fs::write(
            &path,
            "# x\n\n00000000000000ff data b | c\n08798ab690d93ec6\n",
        )
        .unwrap();
        let mut baseline = Baseline::read(&path, false).unwrap();
        assert_eq!(
            baseline.fingerprints(),
            "00000000000000ff\n08798ab690d93ec6\n"
        );
        assert_eq!(baseline.add([]), 0);
        baseline.write().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            format!("{HEADER}00000000000000ff data b | c\n08798ab690d93ec6\n")
        );
        assert_eq!(Baseline::read(&path, false).unwrap(), baseline);
        fs::write(&path, "08798ab690d93ec6\nnonsense\n").unwrap();
        let broken = format!("{:#}", Baseline::read(&path, true).unwrap_err());
        assert!(
            broken.contains("races.txt:2: not a fingerprint"),
            "{broken}"
        );
    }
}
