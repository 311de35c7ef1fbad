//! `gosan doctor`: which Go is used, where things are, and what is wrong.

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use camino::Utf8Path;
use gosan_go::args::check_goflags;
use gosan_go::cache::Cache;
use gosan_go::goroot::Assembly;
use gosan_go::std_build::StdBuild;
use gosan_go::toolchain::{Toolchain, find_go};
use gosan_go::{marker, table};

use crate::cli::Options;
use crate::{exit_codes, runtime};

/// The GORACE options that gosan's runtime knows.
const GORACE_OPTIONS: [&str; 9] = [
    "log_path",
    "exitcode",
    "strip_path_prefix",
    "history_size",
    "halt_on_error",
    "atexit_sleep_ms",
    "suppressions",
    "suppress_equal_stacks",
    "suppress_equal_addresses",
];

/// What has been found out so far.
#[derive(Default)]
struct Report {
    problems: Vec<String>,
}

impl Report {
    fn fact(&self, name: &str, value: impl std::fmt::Display) {
        println!("{name:<18}{value}");
    }

    fn problem(&mut self, text: impl std::fmt::Display) {
        println!("{:<18}{text}", "PROBLEM");
        self.problems.push(text.to_string());
    }

    fn check(&mut self, result: gosan_go::Result<()>) {
        if let Err(error) = result {
            self.problem(error);
        }
    }
}

/// Prints the report. The exit code says whether gosan can work.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut report = Report::default();
    report.fact("gosan", env!("CARGO_PKG_VERSION"));
    let object = runtime::embedded().object;
    if object.is_empty() {
        report.problem(gosan_go::Error::ObjectMissing);
    }
    report.fact("runtime object", format!("{} bytes", object.len()));
    let cache = match Cache::locate() {
        Ok(cache) => Some(cache),
        Err(error) => {
            report.problem(error);
            None
        }
    };
    if let Some(cache) = &cache {
        describe_cache(&mut report, cache);
    }
    match find_toolchain(options) {
        Ok(toolchain) => {
            describe_toolchain(&mut report, &toolchain);
            if let Some(cache) = &cache {
                describe_root(&mut report, cache, &toolchain);
            }
        }
        Err(error) => report.problem(error),
    }
    check_gorace(&mut report, &std::env::var("GORACE").unwrap_or_default());

    match report.problems.as_slice() {
        [] => println!("\ngosan can work here."),
        [_] => println!("\n1 problem: see above."),
        many => println!("\n{} problems: see above.", many.len()),
    }
    Ok(ExitCode::from(if report.problems.is_empty() {
        exit_codes::SUCCESS
    } else {
        exit_codes::FAILURE
    }))
}

fn find_toolchain(options: &Options) -> gosan_go::Result<Toolchain> {
    let go = find_go(options.go.as_deref())?;
    let cwd = std::env::current_dir().map_err(|source| gosan_go::Error::Chdir {
        path: ".".into(),
        source,
    })?;
    Toolchain::query(&go, &cwd)
}

fn describe_toolchain(report: &mut Report, toolchain: &Toolchain) {
    let settings = &toolchain.settings;
    report.fact("go command", toolchain.go.display());
    report.fact("Go version", &toolchain.version);
    report.fact("GOROOT", &toolchain.goroot);
    report.fact(
        "platform",
        format!(
            "{}/{}, GOAMD64={}",
            settings.goos, settings.goarch, settings.goamd64
        ),
    );
    report.fact(
        "C compiler",
        match toolchain.c_compiler() {
            Some(path) => path.display().to_string(),
            None => format!("{} (not found)", settings.cc),
        },
    );
    report.fact("CGO_ENABLED", &settings.cgo_enabled);
    if !settings.goflags.is_empty() {
        report.fact("GOFLAGS", &settings.goflags);
    }
    report.fact("Go's build cache", &settings.gocache);
    report.check(toolchain.check_supported());
    report.check(check_goflags(&settings.goflags));
    if let Err(error) =
        fs::create_dir_all(&settings.gocache).and_then(|()| try_to_write(&settings.gocache))
    {
        report.problem(format_args!(
            "Go's build cache {} cannot be written: {error}; set GOCACHE to another directory",
            settings.gocache
        ));
    }
}

fn describe_cache(report: &mut Report, cache: &Cache) {
    report.fact("gosan's cache", cache.dir());
    let existing = cache.dir().ancestors().find(|dir| dir.exists());
    let writable = existing.map_or(Ok(()), try_to_write);
    if let Err(error) = writable {
        report.problem(format_args!(
            "gosan's cache {} cannot be written: {error}; set GOSAN_CACHE to another directory",
            cache.dir()
        ));
    }
}

/// Makes a file in the directory, which says more than its permissions.
fn try_to_write(dir: impl AsRef<Utf8Path>) -> std::io::Result<()> {
    let path = dir
        .as_ref()
        .join(format!(".gosan-doctor-{}", std::process::id()));
    fs::File::create(&path)?;
    fs::remove_file(path)
}

fn describe_root(report: &mut Report, cache: &Cache, toolchain: &Toolchain) {
    if !toolchain.version.is_supported() {
        return;
    }
    let runtime = runtime::embedded();
    let assembly = Assembly {
        cache,
        toolchain,
        runtime,
        flavour: table::Flavour::Plain,
    };
    let root = match (assembly.path(), assembly.existing()) {
        (Ok(_), Ok(Some(root))) => root,
        (Ok(path), Ok(None)) => {
            report.fact("assembled GOROOT", format!("{path} (made on first use)"));
            return;
        }
        (Err(error), _) | (_, Err(error)) => return report.problem(error),
    };
    report.fact("assembled GOROOT", &root.path);
    report.fact(
        "",
        format!(
            "{} files shared with GOROOT, {} copied",
            root.note.files_linked, root.note.files_copied
        ),
    );
    for warning in &root.note.warnings {
        report.fact("warning", warning);
    }
    for file in table::OBJECTS {
        let path = root.path.join(file);
        let is_ours = fs::read(&path).is_ok_and(|bytes| bytes == runtime.object)
            && marker::file_contains(path.as_std_path(), runtime.marker).unwrap_or(false);
        if !is_ours {
            report.problem(format_args!(
                "{path} is not gosan's runtime; run `gosan clean`"
            ));
        }
    }
    let library = StdBuild::new(cache, &root, toolchain, runtime.marker);
    report.fact(
        "standard library",
        if library.is_verified() {
            "built, and holds gosan's runtime"
        } else {
            "built on first use"
        },
    );
}

/// Names options that the runtime would not know.
fn check_gorace(report: &mut Report, gorace: &str) {
    if gorace.is_empty() {
        return;
    }
    report.fact("GORACE", gorace);
    for word in gorace
        .split([' ', ',', ':', '\n', '\t', '\r'])
        .filter(|word| !word.is_empty())
    {
        let name = word.split('=').next().unwrap_or(word);
        if word.contains('=') && !GORACE_OPTIONS.contains(&name) {
            report.problem(format_args!(
                "GORACE has the unknown option {name:?}; gosan knows {}",
                GORACE_OPTIONS.join(", ")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(gorace: &str) -> Vec<String> {
        let mut report = Report::default();
        check_gorace(&mut report, gorace);
        report.problems
    }

    #[test]
    fn knows_the_options_of_gorace() {
        assert!(problems("").is_empty());
        assert!(problems("halt_on_error=1 log_path=/tmp/a:exitcode=3").is_empty());
        assert!(problems("suppressions=a/b.txt").is_empty());
        let found = problems("exitcod=3 history_size=2");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("\"exitcod\""), "{found:?}");
    }
}
