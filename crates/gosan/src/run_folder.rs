//! The folder of a run: what gosan tells the programs that it runs, and what
//! they leave behind for it.
//!
//! It lies in gosan's cache under gosan's process number and start time, where
//! the runtime finds it by going up its parents; no environment variable is
//! needed, and children whose environment was replaced are reached as well.
//!
//! | name | what |
//! |---|---|
//! | `options` | options in GORACE's syntax, which GORACE then adds to |
//! | `baseline` | fingerprints of races that are known |
//! | `ignored` | lines that `//gosan:ignore` marks |
//! | `records/` | a file for each process |
//!
//! The folder is the user's alone, and goes when the run has ended; the records
//! are kept until the next run leaves some.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gosan_go::cache::Cache;
use gosan_wire::read::{Error, Records};

const OPTIONS: &str = "options";
const RECORDS: &str = "records";
/// Only the user may look into it.
const PRIVATE: u32 = 0o700;

/// The folder of this run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    last: PathBuf,
}

impl RunFolder {
    /// Makes the folder, with options in GORACE's syntax and further files.
    pub fn create(cache: &Cache, options: &str, files: &[(&str, String)]) -> Result<Self> {
        let runs = cache.runs().into_std_path_buf();
        let said = || format!("cannot make a folder in {}", runs.display());
        create(&runs).with_context(said)?;
        remove_abandoned(&runs).with_context(said)?;
        let name = identity("self").with_context(said)?;
        let folder = Self {
            path: runs.join(name),
            last: cache.last_run().into_std_path_buf(),
        };
        create(&folder.path.join(RECORDS)).with_context(said)?;
        for (name, text) in files {
            folder.put(name, text)?;
        }
        // It tells programs that the folder is there, so it comes last.
        folder.put(OPTIONS, options)?;
        Ok(folder)
    }

    /// Writes a file for the programs to read.
    fn put(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What the programs have recorded so far, and what could not be read.
    pub fn records(&self) -> (Records, Vec<Error>) {
        Records::read_all(&self.path.join(RECORDS))
    }

    /// Where they are.
    pub fn records_path(&self) -> PathBuf {
        self.path.join(RECORDS)
    }

    /// Keeps the records as those of the last run.
    pub fn keep_records(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.last) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(self.path.join(RECORDS), &self.last)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What is left is removed by the next run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE).create(path)
}

/// Removes the folders of runs whose gosan was killed.
fn remove_abandoned(runs: &Path) -> io::Result<()> {
    for entry in fs::read_dir(runs)? {
        let name = entry?.file_name();
        let pid = name.to_string_lossy();
        let pid = pid.split('-').next().unwrap_or_default();
        let alive = identity(pid).is_ok_and(|identity| identity == name);
        if !alive {
            // Another gosan may be at it at this moment.
            let _ = fs::remove_dir_all(runs.join(name));
        }
    }
    Ok(())
}

/// A process by number and start time, which together never come again.
fn identity(pid: &str) -> io::Result<OsString> {
    let text = fs::read(format!("/proc/{pid}/stat"))?;
    let text = String::from_utf8_lossy(&text);
    // The name is in parentheses and may hold anything; 19 fields behind it
    // comes the time.
    let number = text.split(' ').next().unwrap_or_default();
    let started = text
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(19))
        .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is not as expected")))?;
    Ok(format!("{number}-{started}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_private_and_goes_with_its_run() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path()).unwrap();
        let abandoned = cache.runs().join("1-12345");
        fs::create_dir_all(&abandoned).unwrap();
        let folder = RunFolder::create(&cache, "print=0", &[("baseline", String::new())]).unwrap();
        assert!(!abandoned.exists());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path), PRIVATE);
        assert_eq!(mode(&folder.path.join(RECORDS)), PRIVATE);
        let (records, errors) = folder.records();
        assert_eq!((records, errors.len()), (Records::default(), 0));
        // A second look leaves the folder of a living process alone.
        remove_abandoned(cache.runs().as_std_path()).unwrap();
        let path = folder.path.clone();
        assert!(path.exists());
        folder.keep_records().unwrap();
        drop(folder);
        assert!(!path.exists() && cache.last_run().exists());
    }
}
