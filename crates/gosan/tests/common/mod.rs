//! What the tests of the command share: Go modules in temporary directories,
//! and a `gosan` with a cache that all tests use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Go module, or several, in a temporary directory.
pub struct Module {
    dir: tempfile::TempDir,
}

impl Module {
    /// Writes files, given as `-- name --` lines and text after each.
    pub fn new(archive: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for part in archive
            .split("\n-- ")
            .filter(|part| !part.trim().is_empty())
        {
            let (name, text) = part.split_once(" --\n").expect("a name and a text");
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// The cache of all tests, so that the standard library is built once.
pub fn shared_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("gosan-cache")
}

/// A `gosan` that knows nothing of the developer's own settings.
pub fn gosan(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gosan"));
    command.current_dir(dir).env("GOSAN_CACHE", shared_cache());
    for name in [
        "GOFLAGS", "GORACE", "GOROOT", "GOSAN_GO", "GOAMD64", "GOWORK", "CC",
    ] {
        command.env_remove(name);
    }
    command
}
