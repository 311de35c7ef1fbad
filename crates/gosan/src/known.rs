//! Which races do not count in a run: the baseline's, and those that comments
//! in the sources ignore. Gathered before the run, told to its programs, and
//! looked at again when it has ended.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use gosan_go::invocation::Invocation;
use gosan_wire::read::Records;
use gosan_wire::{Process, gorace};
use sha2::{Digest, Sha256};

use crate::baseline::Baseline;
use crate::ignores::{self, Ignore, Module};
use crate::known_options::KnownOptions;
use crate::messages;

/// A test that go itself runs is started with this flag.
const RUN_BY_GO: &str = "-test.paniconexit0";
/// Flags of a test program that leave tests out.
const SELECTING: [&str; 4] = [
    "-test.run=",
    "-test.skip=",
    "-test.short=",
    "-test.failfast=",
];

/// What is known before a run.
#[derive(Debug)]
pub struct Known {
    baseline: Option<Baseline>,
    is_updated: bool,
    ignores: Vec<Ignore>,
}

impl Known {
    /// Reads the baseline and the sources of the user's modules.
    pub fn gather(options: &KnownOptions, modules: &[Module]) -> Result<Self> {
        let read = |path: &PathBuf| Baseline::read(path, options.update_baseline);
        Ok(Self {
            baseline: options.baseline.as_ref().map(read).transpose()?,
            is_updated: options.update_baseline,
            ignores: ignores::find(modules),
        })
    }

    /// The files for the programs of the run, by name.
    pub fn files(&self) -> [(&'static str, String); 2] {
        let baseline = self.baseline.as_ref().map(Baseline::fingerprints);
        [
            ("baseline", baseline.unwrap_or_default()),
            ("ignored", ignores::for_runtime(&self.ignores)),
        ]
    }

    /// A text that is another one for other known races, for go's test cache;
    /// empty where nothing is known. `gorace` may name further files, whose
    /// content go would not look at outside of the user's module.
    pub fn test_key(&self, gorace: &[u8]) -> String {
        let mut hash = Sha256::new();
        let mut is_empty = true;
        let named = gorace::options(gorace)
            .filter(|(name, _)| matches!(*name, b"suppressions" | b"baseline"))
            .map(|(_, path)| Path::new(bytes_as_path(path)).to_owned())
            .filter(|path| path.is_absolute())
            .map(|path| fs::read(path).unwrap_or_default());
        let told = self.files().map(|(_, text)| text.into_bytes());
        for part in told.into_iter().chain(named) {
            is_empty &= part.is_empty();
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        if is_empty {
            return String::new();
        }
        let digest: String = hash.finalize()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        digest
    }

    /// Looks at what a run recorded: writes the baseline where that was asked
    /// for, and warns of comments that are of no use.
    pub fn conclude(&mut self, records: &Records, quiet: bool) -> Result<()> {
        if let Some(baseline) = self.baseline.as_mut().filter(|_| self.is_updated) {
            let added = baseline.add(&records.races);
            baseline.write()?;
            if !quiet {
                messages::say(format_args!("races added to the baseline: {added}"));
            }
        }
        if quiet {
            return Ok(());
        }
        let ran = |directory: &Path| {
            let tests = records
                .processes
                .iter()
                .filter(|process| tests_all(process));
            tests
                .into_iter()
                .any(|process| Path::new(&process.directory) == directory)
        };
        ignores::without_reason(&self.ignores).for_each(messages::warn);
        ignores::unmatched(&self.ignores, &records.races, ran).for_each(messages::warn);
        Ok(())
    }
}

/// Whether a process is a package's tests, and all of them.
fn tests_all(process: &Process) -> bool {
    let has = |flag: &str| process.command.iter().any(|word| word.starts_with(flag));
    !process.child && has(RUN_BY_GO) && !SELECTING.iter().any(|flag| has(flag))
}

fn bytes_as_path(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

/// The user's own modules, as go names them where it runs; none outside of
/// modules.
pub fn modules(invocation: &Invocation) -> Vec<Module> {
    let mut command = invocation.question("list");
    command.args(["-m", "-f", "{{.Path}}\t{{.Dir}}"]);
    let Ok(output) = command.output() else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let modules = text.lines().filter_map(|line| {
        let (path, directory) = line.split_once('\t')?;
        Some(Module {
            path: path.to_owned(),
            directory: PathBuf::from(directory),
        })
    });
    modules
        .filter(|module| module.directory.is_absolute())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_for_all_that_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let known = |text: Option<&str>| {
            let path = dir.path().join("baseline");
            fs::write(&path, text.unwrap_or_default()).unwrap();
            let options = KnownOptions {
                baseline: text.map(|_| path),
                ..KnownOptions::default()
            };
            Known::gather(&options, &[]).unwrap()
        };
        assert_eq!(known(None).test_key(b"exitcode=3"), "");
        assert_eq!(known(Some("# nothing\n")).test_key(b""), "");
        let one = known(Some("00000000000000ff data a | b\n")).test_key(b"");
        assert_eq!(one.len(), 16);
        let reworded = known(Some("# x\n00000000000000ff\n"));
        assert_eq!(reworded.test_key(b""), one);
        assert_ne!(known(Some("00000000000000fe\n")).test_key(b""), one);
        let rules = dir.path().join("rules");
        let gorace = format!("suppressions={}", rules.display());
        fs::write(&rules, "race:a\n").unwrap();
        let first = known(None).test_key(gorace.as_bytes());
        fs::write(&rules, "race:b\n").unwrap();
        assert_ne!(known(None).test_key(gorace.as_bytes()), first);
    }
}
