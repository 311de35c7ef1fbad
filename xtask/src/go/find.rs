//! Finds a Go that works and that gosan supports.
//!
//! `GOSAN_GO` is taken as given.  Then comes PATH, then what an earlier task
//! installed under the target directory, and then an installation.

use std::env;
use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::install;
use super::versions::{self, Version};
use crate::process;

const PROBE_LIMIT: Duration = Duration::from_secs(60);

/// A go command that was run and answered.
#[derive(Clone, Debug)]
pub struct Go {
    pub bin: Utf8PathBuf,
    pub root: Utf8PathBuf,
    pub version: Version,
}

/// What `go env -json` is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Env {
    goversion: String,
    goroot: Utf8PathBuf,
}

impl Go {
    /// Asks the go command at `bin` what it is.
    pub fn probe(bin: &Utf8Path) -> Result<Go> {
        let mut command = Command::new(bin);
        command.args(["env", "-json", "GOVERSION", "GOROOT"]);
        // Away from any go.mod whose toolchain line would make another Go answer.
        command.current_dir(env::temp_dir());
        command.env("GOTOOLCHAIN", "local").env_remove("GOROOT");
        let outcome = process::must(&mut command, PROBE_LIMIT)?;
        let env: Env = serde_json::from_str(&outcome.stdout)
            .with_context(|| format!("{bin} env printed no usable answer"))?;
        let version = Version::parse(&env.goversion)?;
        if !env.goroot.join("src/runtime/race.go").is_file() {
            bail!(
                "{bin} has no sources under {}/src: its installation is not complete",
                env.goroot
            );
        }
        Ok(Go {
            bin: bin.to_owned(),
            root: env.goroot,
            version,
        })
    }

    /// As [`Go::probe`], and refuses a version that gosan does not support.
    pub fn supported(bin: &Utf8Path) -> Result<Go> {
        let go = Go::probe(bin)?;
        if !go.version.is_supported() {
            bail!(
                "{bin} is Go {}; gosan supports {}",
                go.version,
                versions::range()
            );
        }
        Ok(go)
    }

    /// Sets up a child's environment so that it, and all that it starts, finds
    /// this Go and no other.
    pub fn use_in<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("PATH", self.path())
            .env("GOSAN_GO", &self.bin)
            .env("GOTOOLCHAIN", "local")
            .env_remove("GOROOT")
    }

    fn path(&self) -> OsString {
        let directory = self.bin.parent().unwrap_or(Utf8Path::new("."));
        let mut path = OsString::from(directory);
        if let Some(rest) = env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }
}

/// Finds a usable Go, or installs one; says on standard output which it is.
pub fn find_or_install() -> Result<Go> {
    if let Some(bin) = named() {
        let go = Go::supported(&bin).context("GOSAN_GO names an unusable Go")?;
        println!("Go {} as GOSAN_GO says: {}", go.version, go.bin);
        return Ok(go);
    }
    match on_path() {
        Some(bin) => match Go::supported(&bin) {
            Ok(go) => {
                println!("Go {} on PATH: {}", go.version, go.bin);
                return Ok(go);
            }
            Err(error) => println!("The Go on PATH cannot be used: {error:#}"),
        },
        None => println!("There is no Go on PATH."),
    }
    let go = install::install(versions::DEFAULT)?;
    println!("Go {} installed: {}", go.version, go.bin);
    Ok(go)
}

/// What GOSAN_GO names: a go command, or the GOROOT that holds one.
fn named() -> Option<Utf8PathBuf> {
    let named = env::var("GOSAN_GO")
        .ok()
        .filter(|named| !named.is_empty())?;
    let path = Utf8PathBuf::from(named);
    Some(if path.is_dir() {
        path.join("bin/go")
    } else {
        path
    })
}

/// The go command that a shell would run.
pub fn on_path() -> Option<Utf8PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .filter_map(|directory| Utf8PathBuf::from_path_buf(directory.join("go")).ok())
        .find(|candidate| candidate.is_file())
}

/// Checks for the C compiler that cgo needs, which -race cannot do without.
pub fn check_c_compiler(go: &Go) -> Result<()> {
    let mut command = Command::new(&go.bin);
    go.use_in(&mut command).args(["env", "CC"]);
    let outcome = process::must(&mut command, PROBE_LIMIT)?;
    let configured = outcome.stdout.trim().to_owned();
    let program = configured.split_whitespace().next().unwrap_or("gcc");
    if program.contains('/') && Utf8Path::new(program).is_file() || process::on_path(program) {
        return Ok(());
    }
    bail!(
        "there is no C compiler {program:?}, and Go needs one to link programs with a race \
         detector; install gcc (Debian and Ubuntu: apt-get install gcc libc6-dev), or set CC"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A go command that answers what the test wants.
    fn fake(directory: &Utf8Path, script: &str) -> Utf8PathBuf {
        let bin = directory.join("go");
        gosan_testing::write_script(&bin, &format!("#!/bin/sh\n{script}\n"));
        bin
    }

    fn root_with_sources() -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).expect("UTF-8");
        fs::create_dir_all(root.join("src/runtime")).expect("the directory is writable");
        fs::write(root.join("src/runtime/race.go"), "").expect("the directory is writable");
        (directory, root)
    }

    fn answer(version: &str, root: &Utf8Path) -> String {
        format!(r#"echo '{{"GOVERSION":"{version}","GOROOT":"{root}"}}'"#)
    }

    #[test]
    fn a_go_in_the_range_is_taken() {
        let (_keep, root) = root_with_sources();
        let bin = fake(&root, &answer("go1.25.3", &root));
        let go = Go::supported(&bin).expect("it is supported");
        assert_eq!(go.version.to_string(), "1.25.3");
        assert_eq!(go.root, root);
    }

    #[test]
    fn an_old_go_is_named_with_the_range() {
        let (_keep, root) = root_with_sources();
        let bin = fake(&root, &answer("go1.22.1", &root));
        let error = Go::supported(&bin).expect_err("too old").to_string();
        assert!(
            error.contains("1.22.1") && error.contains("1.24 to 1.27"),
            "{error}"
        );
    }

    #[test]
    fn a_broken_go_is_refused() {
        let (_keep, root) = root_with_sources();
        let bin = fake(&root, "echo 'cannot find GOROOT' >&2; exit 2");
        let error = format!("{:#}", Go::probe(&bin).expect_err("it fails"));
        assert!(error.contains("cannot find GOROOT"), "{error}");
        fs::remove_file(root.join("src/runtime/race.go")).expect("it exists");
        let bin = fake(&root, &answer("go1.25.3", &root));
        let error = Go::probe(&bin).expect_err("no sources").to_string();
        assert!(error.contains("not complete"), "{error}");
    }
}
