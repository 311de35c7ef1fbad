//! gosan and stock, as the tasks that compare them use them: both build the same
//! Go code into a binary of their own, which is then run by itself.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::go::Go;
use crate::process;
use crate::workspace;

/// The first build of gosan's builds the standard library.
const BUILD_LIMIT: Duration = Duration::from_secs(10 * 60);

/// Who detects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    Gosan,
    Stock,
}

/// What to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The tests of a package.
    Tests,
    /// A package that is a program.
    Program,
}

/// What builds need to know.
pub struct Bench<'a> {
    pub go: &'a Go,
    pub gosan: &'a Utf8Path,
    /// Where binaries go.
    pub directory: &'a Utf8Path,
}

impl Detector {
    pub const BOTH: [Detector; 2] = [Detector::Gosan, Detector::Stock];

    pub fn name(self) -> &'static str {
        match self {
            Detector::Gosan => "gosan",
            Detector::Stock => "stock",
        }
    }

    /// Builds `package` of the module in `module`.  Where the binary is.
    pub fn build(
        self,
        bench: &Bench,
        module: &Utf8Path,
        package: &str,
        what: What,
    ) -> Result<Utf8PathBuf> {
        let path = match package {
            "." => module.as_str(),
            _ => package,
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        let binary = bench.directory.join(format!("{name}.{}", self.name()));
        let verb = match what {
            What::Tests => "test",
            What::Program => "build",
        };
        let mut command = match self {
            Detector::Gosan => {
                let mut command = Command::new(bench.gosan);
                command
                    .args([verb, "--quiet"])
                    .env("GOSAN_CACHE", workspace::test_cache());
                command
            }
            Detector::Stock => {
                let mut command = Command::new(&bench.go.bin);
                command.args([verb, "-race"]);
                command
            }
        };
        bench.go.use_in(&mut command);
        if what == What::Tests {
            command.arg("-c");
        }
        command
            .args(["-o", binary.as_str(), package])
            .current_dir(module)
            .env_remove("GORACE")
            .env_remove("GOFLAGS");
        process::must(&mut command, BUILD_LIMIT)?;
        Ok(binary)
    }
}
