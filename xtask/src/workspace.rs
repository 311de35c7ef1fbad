//! The repository's directories, and the gosan binary built from it.

use std::env;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::process::{self, Stream};

/// A cold release build takes about two minutes on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

/// The repository's root.
pub fn root() -> &'static Utf8Path {
    let manifest = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Where cargo and the tasks put what they make.
pub fn target_dir() -> Utf8PathBuf {
    match env::var("CARGO_TARGET_DIR") {
        Ok(directory) if !directory.is_empty() => root().join(directory),
        _ => root().join("target"),
    }
}

/// The cache that the tests of the command use: shared, so that the standard
/// library is built once for all of them.
pub fn test_cache() -> Utf8PathBuf {
    target_dir().join("tmp/gosan-cache")
}

/// A cargo command in the repository.
pub fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root());
    // Set for this process by `cargo run`; they would make the children's
    // builds differ from the same builds started by hand.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// Builds the gosan command and says where it is.
pub fn build_gosan(profile: Profile) -> Result<Utf8PathBuf> {
    build("gosan", "gosan", profile)
}

/// Builds a program of the workspace and says where it is.
pub fn build(package: &str, program: &str, profile: Profile) -> Result<Utf8PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--package", package, "--bin", program]);
    command.arg("--message-format=json-render-diagnostics");
    if profile == Profile::Release {
        command.arg("--release");
    }
    let mut executable = None;
    let outcome = process::run(&mut command, BUILD_LIMIT, |stream, line| match stream {
        Stream::Out => executable = executable_of(line, program).or_else(|| executable.take()),
        Stream::Err => eprintln!("{line}"),
    })?;
    if !outcome.success() {
        bail!("{program} does not build ({})", outcome.ending());
    }
    executable.with_context(|| format!("cargo built {program} but named no executable"))
}

/// The executable that a line of cargo's messages announces, if it does.
fn executable_of(line: &str, program: &str) -> Option<Utf8PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    (message["target"]["name"] == program).then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.toml").is_file());
        assert!(root().join("xtask").is_dir());
    }

    #[test]
    fn only_the_programs_executable_is_taken() {
        let line = |target: &str, executable: &str| {
            format!(r#"{{"target":{{"name":"{target}"}},"executable":{executable}}}"#)
        };
        assert_eq!(
            executable_of(&line("gosan", r#""/t/gosan""#), "gosan"),
            Some("/t/gosan".into())
        );
        assert_eq!(
            executable_of(&line("other", r#""/t/other""#), "gosan"),
            None
        );
        assert_eq!(executable_of(&line("gosan", "null"), "gosan"), None);
        assert_eq!(executable_of("warning: text", "gosan"), None);
    }
}
