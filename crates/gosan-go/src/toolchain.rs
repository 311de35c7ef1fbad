//! Finds the user's Go and asks it what applies in the user's directory.
//!
//! A `toolchain` line in go.mod or GOTOOLCHAIN can make `go` hand over to
//! another version, so nothing is taken from the `go` command's own place: the
//! GOROOT is the one that `go env` names there.

use std::collections::HashMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use camino::Utf8PathBuf;
use serde::Deserialize;

use crate::version::GoVersion;
use crate::{Error, Result};

/// The settings that gosan asks for.
const ASKED: [&str; 12] = [
    "GOROOT",
    "GOVERSION",
    "GOHOSTOS",
    "GOHOSTARCH",
    "GOOS",
    "GOARCH",
    "GOAMD64",
    "CGO_ENABLED",
    "CC",
    "GOFLAGS",
    "GOCACHE",
    "GOENV",
];

/// A Go as it presents itself in one directory.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The command that was asked.
    pub go: PathBuf,
    /// The root that this command would build with.
    pub goroot: Utf8PathBuf,
    pub version: GoVersion,
    pub settings: Settings,
}

/// What `go env` says, in its own words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
pub struct Settings {
    pub goroot: String,
    pub goversion: String,
    pub gohostos: String,
    pub gohostarch: String,
    pub goos: String,
    pub goarch: String,
    pub goamd64: String,
    pub cgo_enabled: String,
    pub cc: String,
    pub goflags: String,
    pub gocache: String,
    pub goenv: String,
}

/// The `go` command to ask: the one named by the user (a command or a GOROOT),
/// else `GOSAN_GO`, else the first in PATH.
pub fn find_go(named: Option<&OsStr>) -> Result<PathBuf> {
    let from_env = env::var_os("GOSAN_GO").filter(|value| !value.is_empty());
    let Some(named) = named.map(OsStr::to_owned).or(from_env) else {
        return which::which("go").map_err(|_| Error::GoMissing);
    };
    let mut path = PathBuf::from(&named);
    if path.is_dir() {
        path = path.join("bin/go");
    }
    let unusable = |reason: String| Error::GoUnusable {
        path: path.clone(),
        reason,
    };
    let found =
        which::which(&path).map_err(|_| unusable("it is not an executable file".to_owned()))?;
    std::path::absolute(found).map_err(|error| unusable(error.to_string()))
}

impl Toolchain {
    /// Asks `go` in the directory where the user's command will run.
    pub fn query(go: &Path, dir: &Path) -> Result<Self> {
        let mut command = Command::new(go);
        command.args(["env", "-json"]).args(ASKED).current_dir(dir);
        command.env("PWD", dir);
        let output = command.output().map_err(|error| Error::GoUnusable {
            path: go.to_owned(),
            reason: error.to_string(),
        })?;
        if !output.status.success() {
            return Err(Error::GoFailed {
                stderr: String::from_utf8_lossy(&output.stderr)
                    .trim_end()
                    .to_owned(),
                code: output.status.code().unwrap_or(1),
            });
        }
        let garbled = |reason: String| Error::GoOutput {
            command: format!("{} env -json", go.display()),
            reason,
        };
        let settings: Settings =
            serde_json::from_slice(&output.stdout).map_err(|error| garbled(error.to_string()))?;
        let version = GoVersion::parse(&settings.goversion)
            .ok_or_else(|| garbled(format!("GOVERSION is {:?}", settings.goversion)))?;
        if settings.goroot.is_empty() {
            return Err(garbled("GOROOT is empty".to_owned()));
        }
        Ok(Self {
            go: go.to_owned(),
            goroot: Utf8PathBuf::from(&settings.goroot),
            version,
            settings,
        })
    }

    /// Refuses what gosan cannot work with, in one sentence.
    pub fn check_supported(&self) -> Result<()> {
        let Settings {
            gohostos,
            gohostarch,
            goos,
            goarch,
            ..
        } = &self.settings;
        if (gohostos.as_str(), gohostarch.as_str()) != ("linux", "amd64") {
            return Err(Error::HostUnsupported {
                os: gohostos.clone(),
                arch: gohostarch.clone(),
            });
        }
        if (goos.as_str(), goarch.as_str()) != ("linux", "amd64") {
            return Err(Error::TargetUnsupported {
                goos: goos.clone(),
                goarch: goarch.clone(),
            });
        }
        if !self.version.is_supported() {
            return Err(Error::VersionUnsupported {
                version: self.version.to_string(),
            });
        }
        if self.c_compiler().is_none() {
            return Err(Error::CompilerMissing {
                cc: self.settings.cc.clone(),
            });
        }
        if self.settings.cgo_enabled != "1" {
            return Err(Error::CgoDisabled);
        }
        Ok(())
    }

    /// Where the C compiler is, which `CC` names with or without arguments.
    pub fn c_compiler(&self) -> Option<PathBuf> {
        let words = crate::args::split_quoted(&self.settings.cc);
        which::which(words.first()?).ok()
    }

    /// Whether the user's settings could make the assembled root's `go` hand
    /// over to another Go. The root's own `go.env` forbids it, but the
    /// environment and the file of `go env -w` come before that.
    pub fn may_switch(&self) -> bool {
        if let Some(value) = env::var_os("GOTOOLCHAIN").filter(|value| !value.is_empty()) {
            return value != "local";
        }
        let text = fs::read_to_string(&self.settings.goenv).unwrap_or_default();
        let value = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("GOTOOLCHAIN="))
            .next_back();
        value.is_some_and(|value| !value.is_empty() && value != "local")
    }
}

/// Variables that the assembled root's `go` must be run with or (`None`)
/// without, whatever it is run for.
pub fn environment(toolchain: &Toolchain) -> HashMap<&'static str, Option<&'static str>> {
    // The root is the one that the command lies in.
    let mut changes = HashMap::from([("GOROOT", None)]);
    if toolchain.may_switch() {
        changes.insert("GOTOOLCHAIN", Some("local"));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use gosan_testing::write_script;

    fn fake_go(dir: &Path, script: &str) -> PathBuf {
        let path = dir.join("go");
        write_script(&path, &format!("#!/bin/sh\n{script}\n"));
        path
    }

    fn query(script: &str) -> Result<Toolchain> {
        let dir = tempfile::tempdir().unwrap();
        Toolchain::query(&fake_go(dir.path(), script), dir.path())
    }

    fn answer(changes: &[(&str, &str)]) -> String {
        let mut values = HashMap::from([
            ("GOROOT", "/go"),
            ("GOVERSION", "go1.26.0"),
            ("GOHOSTOS", "linux"),
            ("GOHOSTARCH", "amd64"),
            ("GOOS", "linux"),
            ("GOARCH", "amd64"),
            ("CGO_ENABLED", "1"),
            ("CC", "sh -x"),
        ]);
        values.extend(changes.iter().copied());
        format!(
            "cat <<'EOF'\n{}\nEOF",
            serde_json::to_string(&values).unwrap()
        )
    }

    #[test]
    fn reads_what_go_says() {
        let toolchain = query(&answer(&[])).unwrap();
        assert_eq!(toolchain.goroot, "/go");
        assert_eq!(toolchain.version.minor(), 26);
        toolchain.check_supported().unwrap();
    }

    #[test]
    fn refuses_in_words_that_name_the_way_out() {
        for (change, thing, way_out) in [
            (("GOVERSION", "go1.22.3"), "Go 1.22.3", "1.24 to 1.27"),
            (("GOVERSION", "go1.28.0"), "Go 1.28.0", "toolchain"),
            (("GOHOSTOS", "darwin"), "darwin/amd64", "container"),
            (("GOHOSTARCH", "arm64"), "linux/arm64", "container"),
            (("GOOS", "windows"), "windows/amd64", "unset GOOS"),
            (("CGO_ENABLED", "0"), "cgo", "CGO_ENABLED=1"),
            (("CC", "no-such-cc -m64"), "no-such-cc", "install gcc"),
        ] {
            let toolchain = query(&answer(&[change])).unwrap();
            let message = toolchain.check_supported().unwrap_err().to_string();
            assert!(message.contains(thing), "{change:?}: {message}");
            assert!(message.contains(way_out), "{change:?}: {message}");
        }
    }

    #[test]
    fn passes_on_what_go_complains_about() {
        let error = query("echo 'go: errors parsing go.mod' >&2; exit 3").unwrap_err();
        assert!(matches!(error, Error::GoFailed { code: 3, .. }));
        assert_eq!(error.to_string(), "go: errors parsing go.mod");
    }

    #[test]
    fn does_not_trust_what_is_no_go() {
        assert!(matches!(query("echo hello"), Err(Error::GoOutput { .. })));
        let named = OsStr::new("/nonexistent/go");
        let message = find_go(Some(named)).unwrap_err().to_string();
        assert!(message.contains("/nonexistent/go"), "{message}");
    }
}
