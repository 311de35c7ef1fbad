//! What can go wrong, each with the thing it is about and a way out.

use std::io;
use std::path::PathBuf;

use camino::Utf8PathBuf;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of gosan itself, never of the user's program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "Go is not on this machine: no `go` in PATH; install Go 1.24 to 1.27, or name one with --go PATH or GOSAN_GO"
    )]
    GoMissing,
    #[error(
        "{path} cannot be used as Go: {reason}; give --go (or GOSAN_GO) the path of a `go` command"
    )]
    GoUnusable { path: PathBuf, reason: String },
    /// Go's own message, to be shown as it is.
    #[error("{stderr}")]
    GoFailed { stderr: String, code: i32 },
    #[error("`{command}` printed something that gosan does not understand: {reason}")]
    GoOutput { command: String, reason: String },
    #[error(
        "{version} is not supported; gosan works with Go 1.24 to 1.27 (a `toolchain` line in go.mod or GOTOOLCHAIN=go1.26.0 chooses one)"
    )]
    VersionUnsupported { version: String },
    #[error(
        "{os}/{arch} is not supported; gosan works on linux/amd64, so run it in a linux/amd64 container"
    )]
    HostUnsupported { os: String, arch: String },
    #[error(
        "the build is for {goos}/{goarch}, and gosan works for linux/amd64 only; unset GOOS and GOARCH, or use a linux/amd64 container"
    )]
    TargetUnsupported { goos: String, goarch: String },
    #[error("cgo is switched off, and race builds need it; set CGO_ENABLED=1")]
    CgoDisabled,
    #[error(
        "no C compiler found (`{cc}` is not in PATH), and race builds need one; install gcc or clang, or set CC"
    )]
    CompilerMissing { cc: String },
    #[error("{place} has -race=false, but gosan works through Go's -race; remove that flag")]
    RaceDisabled { place: String },
    #[error("flag needs an argument: -C")]
    ChdirValueMissing,
    #[error("cannot change to the directory {path}: {source}")]
    Chdir { path: PathBuf, source: io::Error },
    #[error(
        "there is no place for gosan's cache: neither GOSAN_CACHE, XDG_CACHE_HOME nor HOME is set; set GOSAN_CACHE to a directory"
    )]
    CacheHomeless,
    #[error(
        "the path {path} is not UTF-8, which Go's own file lists cannot hold; use another directory"
    )]
    NotUtf8 { path: PathBuf },
    #[error(
        "cannot write to gosan's cache {path}: {source}; free some space or permit writing there, or set GOSAN_CACHE to another directory"
    )]
    Cache {
        path: Utf8PathBuf,
        source: io::Error,
    },
    #[error("another gosan is running and uses {path}; try again when it has ended")]
    CacheBusy { path: Utf8PathBuf },
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "the Go in {goroot} is not one that gosan knows: {file} {reason}; use a release of Go 1.24 to 1.27"
    )]
    PatchRefused {
        goroot: Utf8PathBuf,
        file: String,
        reason: String,
    },
    #[error("cannot write {path}: {source}")]
    Output { path: PathBuf, source: io::Error },
    #[error("cannot run {program}: {source}")]
    Spawn {
        program: Utf8PathBuf,
        source: io::Error,
    },
    #[error(
        "{path} was built with another race runtime than gosan's; run `go clean -cache` and build again"
    )]
    ForeignBinary { path: PathBuf },
    #[error(
        "Go's build cache holds another race runtime than gosan's ({path}); run `go clean -cache` and try again"
    )]
    PoisonedCache { path: PathBuf },
    #[error(
        "this gosan was built without its runtime object; build it again with `cargo install --path crates/gosan`"
    )]
    ObjectMissing,
}

impl Error {
    /// Wraps a failed write below gosan's cache.
    pub(crate) fn cache(path: impl Into<Utf8PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache { path, source }
    }

    /// Wraps a failed read of a file that is not gosan's.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
