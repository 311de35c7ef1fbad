//! Builds each row's program three ways: plain, with stock's detector, and with
//! gosan's.
//!
//! What is built stays under the target directory, and go builds again only
//! what changed.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::measure::Run;
use super::rows::{Program, Row};
use crate::go::Go;
use crate::process;
use crate::workspace;

/// The first build with a detector builds the standard library.
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    Plain,
    Stock,
    /// With the gosan of this number.
    Gosan(usize),
}

/// What builds with gosan: the command, or the `go` of a GOROOT that it
/// assembled.
#[derive(Clone, Debug)]
pub struct Gosan {
    /// For the table, where several are compared.
    pub name: String,
    path: Utf8PathBuf,
    is_go: bool,
}

impl Gosan {
    /// Takes a gosan command, a go command, or a GOROOT.
    pub fn at(path: &Utf8Path) -> Result<Gosan> {
        let path = if path.is_dir() {
            path.join("bin/go")
        } else {
            path.to_owned()
        };
        let path = path
            .canonicalize_utf8()
            .with_context(|| format!("there is no gosan {path}"))?;
        Ok(Gosan {
            name: path.to_string(),
            is_go: path.file_name() == Some("go"),
            path,
        })
    }

    /// As [`Gosan::at`], with a name of its own.
    pub fn named(name: &str, path: &Utf8Path) -> Result<Gosan> {
        let name = name.to_owned();
        Ok(Gosan {
            name,
            ..Gosan::at(path)?
        })
    }

    /// The gosan command, if it is one.
    pub fn command(&self) -> Option<&Utf8Path> {
        (!self.is_go).then_some(self.path.as_path())
    }
}

pub struct Builder {
    go: Go,
    gosans: Vec<Gosan>,
    directory: Utf8PathBuf,
    built: HashMap<(Variant, &'static str), Utf8PathBuf>,
}

impl Builder {
    pub fn new(go: Go, gosans: Vec<Gosan>) -> Builder {
        let directory = workspace::target_dir()
            .join("bench")
            .join(go.version.to_string());
        Builder {
            go,
            gosans,
            directory,
            built: HashMap::new(),
        }
    }

    /// What runs a row, built if it was not yet.
    pub fn run_of(&mut self, variant: Variant, row: &Row) -> Result<Run> {
        let (key, package, arguments, directory) = match row.program {
            Program::Work => ("work", "./work", vec![row.name.to_owned()], None),
            Program::Empty => ("empty", "./empty", Vec::new(), None),
            Program::Tests(package) => {
                let arguments = ["-test.short", "-test.timeout=240s"].map(str::to_owned);
                let directory = self.go.root.join("src").join(package);
                (package, package, arguments.to_vec(), Some(directory))
            }
        };
        let program = match self.built.get(&(variant, key)) {
            Some(program) => program.clone(),
            None => {
                let program = self.build(variant, row.program, package)?;
                self.built.insert((variant, key), program.clone());
                program
            }
        };
        Ok(Run {
            directory: directory.unwrap_or_else(|| self.directory.clone()),
            program,
            arguments,
        })
    }

    fn build(&self, variant: Variant, program: Program, package: &str) -> Result<Utf8PathBuf> {
        let (folder, mut command, race) = match variant {
            Variant::Plain => ("plain".to_owned(), Command::new(&self.go.bin), false),
            Variant::Stock => ("stock".to_owned(), Command::new(&self.go.bin), true),
            Variant::Gosan(index) => {
                let gosan = &self.gosans[index];
                let command = Command::new(&gosan.path);
                (format!("gosan-{index}"), command, gosan.is_go)
            }
        };
        let tests = matches!(program, Program::Tests(_));
        let folder = self.directory.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
        let output = folder.join(package.trim_start_matches("./").replace('/', "_"));
        if !matches!(variant, Variant::Gosan(index) if self.gosans[index].is_go) {
            self.go.use_in(&mut command);
        }
        command.arg(if tests { "test" } else { "build" });
        if race {
            command.arg("-race");
        }
        if tests {
            command.args(["-c", "-vet=off"]);
        }
        command.args(["-o", output.as_str(), package]);
        command.env("GOSAN_CACHE", cache());
        // A package of std is asked for away from its own sources, which belong
        // to another GOROOT than gosan's.
        command.current_dir(if tests {
            self.directory.clone()
        } else {
            workspace::root().join("bench")
        });
        let outcome = process::capture(&mut command, BUILD_LIMIT)?;
        if !outcome.success() {
            bail!(
                "{} failed ({}):\n{}{}",
                process::describe(&command),
                outcome.ending(),
                outcome.stdout,
                outcome.stderr
            );
        }
        Ok(output)
    }
}

/// GOSAN_CACHE as the caller has it, or the cache that all tasks share.
pub fn cache() -> Utf8PathBuf {
    match std::env::var("GOSAN_CACHE") {
        Ok(named) if !named.is_empty() => named.into(),
        _ => workspace::test_cache(),
    }
}
