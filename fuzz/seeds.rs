//! The targets that are fuzzed, by name, and the files that each begins with.

use std::fs;
use std::path::{Path, PathBuf};

/// A target.
pub struct Seeds {
    pub target: &'static str,
    /// Directories of the repository, and how the names of the files end.
    places: &'static [(&'static str, &'static str)],
}

pub static SEEDS: [Seeds; 3] = [
    Seeds {
        target: "explain_log",
        places: &[("crates/gosan-explain/fixtures", "log")],
    },
    Seeds {
        target: "explain_source",
        places: &[
            ("docs/codes", "md"),
            ("crates/gosan-explain/fixtures", "go"),
            ("corpus/primitives", "go"),
        ],
    },
    Seeds {
        target: "records",
        places: &[("crates/gosan-explain/fixtures/gosan", "log")],
    },
];

impl Seeds {
    /// The files, sorted.
    pub fn files(&self, repository: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for (directory, extension) in self.places {
            let mut directories = vec![repository.join(directory)];
            while let Some(directory) = directories.pop() {
                for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                    let path = entry.path();
                    if path.is_dir() {
                        directories.push(path);
                    } else if path.extension().is_some_and(|found| found == *extension) {
                        files.push(path);
                    }
                }
            }
        }
        files.sort();
        files
    }
}
