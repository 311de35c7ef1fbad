//! Builds the standard library of an assembled root before its first use, and
//! checks that what programs will be linked with is gosan's runtime.
//!
//! The check looks at the compiled package that the race object is packed in,
//! as `go` itself takes it from its build cache. That cache can hold
//! ThreadSanitizer under gosan's name, for instance after a build with an
//! `-overlay` for the object; and a root with only one of its two objects
//! replaced would go unnoticed for programs of the other GOAMD64.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::args::{GoArgs, Subcommand, split_quoted};
use crate::cache::Cache;
use crate::goroot::AssembledRoot;
use crate::invocation::Invocation;
use crate::toolchain::{Toolchain, environment};
use crate::{Error, Result, marker};

/// Words of GOFLAGS that mean something in the user's module only.
const MODULE_FLAGS: [&str; 4] = ["mod", "modfile", "overlay", "C"];

/// Packages that every race build is linked with, and that no package imports.
const LINKED_ALWAYS: [&str; 2] = ["runtime/race", "runtime/cgo"];

/// The standard library of one root, in one build cache, with one set of flags.
#[derive(Debug)]
pub struct StdBuild<'a> {
    cache: &'a Cache,
    root: &'a AssembledRoot,
    toolchain: &'a Toolchain,
    marker: &'a [u8],
}

/// The note that a check has passed, and about which file.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp {
    archive: PathBuf,
    bytes: u64,
}

impl<'a> StdBuild<'a> {
    pub fn new(
        cache: &'a Cache,
        root: &'a AssembledRoot,
        toolchain: &'a Toolchain,
        marker: &'a [u8],
    ) -> Self {
        Self {
            cache,
            root,
            toolchain,
            marker,
        }
    }

    /// Whether the library was built and checked before, and is still there.
    /// The files of Go's build cache are named by their content, so one of the
    /// same name and size is the one that was checked.
    pub fn is_verified(&self) -> bool {
        let stamp = fs::read(self.stamp_path())
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Stamp>(&bytes).ok());
        stamp.is_some_and(|stamp| {
            fs::metadata(&stamp.archive).is_ok_and(|metadata| metadata.len() == stamp.bytes)
        })
    }

    /// The command that builds as much of the library as the user's packages
    /// need, or all of it where that cannot be told.
    pub fn build_command(&self, args: &GoArgs, invocation: &Invocation) -> Command {
        let mut command = self.go("build");
        command.arg("-race").args(LINKED_ALWAYS);
        match needed_packages(args, invocation) {
            Some(packages) => command.args(packages),
            None => command.arg("std"),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Checks the library, building what is missing, and remembers the result.
    pub fn verify(&self) -> Result<()> {
        let output = self
            .go("list")
            .args(["-race", "-export", "-f", "{{.Export}}"])
            .arg(self.object_package())
            .stdin(Stdio::null())
            .output()
            .map_err(|source| Error::Spawn {
                program: self.root.go(),
                source,
            })?;
        if !output.status.success() {
            return Err(Error::GoFailed {
                stderr: String::from_utf8_lossy(&output.stderr)
                    .trim_end()
                    .to_owned(),
                code: output.status.code().unwrap_or(1),
            });
        }
        let archive = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if !marker::file_contains(&archive, self.marker).map_err(Error::read(&archive))? {
            return Err(Error::PoisonedCache { path: archive });
        }
        let bytes = fs::metadata(&archive).map_err(Error::read(&archive))?.len();
        let stamp = Stamp { archive, bytes };
        let text = serde_json::to_vec(&stamp).expect("a stamp is plain data");
        // Without the stamp the next run checks again, which is no harm.
        let _ = fs::write(self.stamp_path(), text);
        Ok(())
    }

    /// The package that the race object of the user's GOAMD64 belongs to.
    fn object_package(&self) -> &'static str {
        match self.toolchain.settings.goamd64.as_str() {
            "v3" | "v4" => "runtime/race/internal/amd64v3",
            _ => "runtime/race/internal/amd64v1",
        }
    }

    fn go(&self, subcommand: &str) -> Command {
        let source = self.root.path.join("src");
        let mut command = Command::new(self.root.go());
        command
            .arg(subcommand)
            .current_dir(&source)
            .env("PWD", &source)
            .env("GOWORK", "off")
            .env("GOFLAGS", self.goflags());
        for (name, value) in environment(self.toolchain) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The user's GOFLAGS, without what the standard library's module lacks.
    fn goflags(&self) -> String {
        let is_for_module = |word: &str| {
            let name = word.trim_start_matches('-');
            let name = name.split('=').next().unwrap_or(name);
            MODULE_FLAGS.contains(&name)
        };
        let words: Vec<String> = split_quoted(&self.toolchain.settings.goflags)
            .into_iter()
            .filter(|word| !is_for_module(word))
            .map(|word| match word.contains(char::is_whitespace) {
                true if word.contains('\'') => format!("\"{word}\""),
                true => format!("'{word}'"),
                false => word,
            })
            .collect();
        words.join(" ")
    }

    fn stamp_path(&self) -> Utf8PathBuf {
        let settings = &self.toolchain.settings;
        let mut hash = Sha256::new();
        let experiment = std::env::var("GOEXPERIMENT").unwrap_or_default();
        let goflags = self.goflags();
        for part in [
            self.root.path.as_str(),
            &settings.gocache,
            self.object_package(),
            &settings.goamd64,
            &settings.cc,
            &goflags,
            &experiment,
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let hash = hash.finalize();
        let name = hash[..8].iter().map(|byte| format!("{byte:02x}"));
        self.cache.stamps().join(name.collect::<String>() + ".json")
    }
}

/// The packages of the standard library that the user's packages are built on,
/// or `None` if `go` cannot say: its complaint comes again with the build.
fn needed_packages(args: &GoArgs, invocation: &Invocation) -> Option<Vec<String>> {
    let mut command = invocation.question("list");
    command.args([
        "-race",
        "-deps",
        "-f",
        "{{if .Standard}}{{.ImportPath}}{{end}}",
    ]);
    if args.subcommand == Subcommand::Test {
        command.arg("-test");
    }
    command.args(args.selecting_flags());
    command.arg("--").args(args.package_words());
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // Packages that are recompiled for a test have its name behind a space.
    let is_plain = |line: &&str| !line.is_empty() && !line.contains(' ');
    let packages = text.lines().filter(is_plain).map(str::to_owned).collect();
    output.status.success().then_some(packages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goroot::Note;
    use crate::toolchain::Settings;
    use crate::version::GoVersion;
    use gosan_testing::write_script;

    /// Calls `check` with a build in a root whose `go` prints a line.
    fn with_build(goflags: &str, line: &str, check: impl FnOnce(&StdBuild, &std::path::Path)) {
        let dir = tempfile::tempdir().unwrap();
        let base = Utf8PathBuf::from_path_buf(dir.path().to_owned()).unwrap();
        let cache = Cache::at(&dir.path().join("cache")).unwrap();
        let _in_use = cache.enter().unwrap();
        let root = AssembledRoot {
            path: base.join("root"),
            note: Note {
                user_goroot: base.join("go"),
                version: String::new(),
                warnings: Vec::new(),
                files_linked: 0,
                files_copied: 0,
            },
            is_new: false,
        };
        for dir in ["root/bin", "root/src"] {
            fs::create_dir_all(base.join(dir)).unwrap();
        }
        write_script(root.go(), &format!("#!/bin/sh\necho {line}\n"));
        let toolchain = Toolchain {
            go: PathBuf::from("go"),
            goroot: base.join("go"),
            version: GoVersion::parse("go1.26.0").unwrap(),
            settings: Settings {
                goflags: goflags.to_owned(),
                ..Settings::default()
            },
        };
        check(
            &StdBuild::new(&cache, &root, &toolchain, b"MARK"),
            dir.path(),
        );
    }

    #[test]
    fn remembers_a_check_as_long_as_the_archive_is_there() {
        with_build("", "../pkg.a", |build, dir| {
            let archive = dir.join("root/src/../pkg.a");
            fs::write(&archive, "..MARK..").unwrap();
            let archive = archive.canonicalize().unwrap();
            let script = format!("#!/bin/sh\necho {}\n", archive.display());
            write_script(build.root.go(), &script);
            assert!(!build.is_verified());
            build.verify().unwrap();
            assert!(build.is_verified());
            fs::remove_file(archive).unwrap();
            assert!(!build.is_verified());
        });
    }

    #[test]
    fn tells_a_foreign_runtime() {
        with_build("", "/etc/passwd", |build, _| {
            let error = build.verify().unwrap_err();
            assert!(matches!(error, Error::PoisonedCache { .. }), "{error}");
            assert!(error.to_string().contains("go clean -cache"));
            assert!(!build.is_verified());
        });
    }

    #[test]
    fn passes_on_flags_that_the_library_understands() {
        with_build(
            "-mod=vendor -tags=a '-ldflags=-s -w' -trimpath",
            "",
            |build, _| {
                assert_eq!(build.goflags(), "-tags=a '-ldflags=-s -w' -trimpath");
            },
        );
    }
}
