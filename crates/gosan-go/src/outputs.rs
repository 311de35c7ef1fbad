//! Finds the files that a build has left behind, and checks that gosan's
//! runtime is in them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::{GoArgs, Subcommand};
use crate::invocation::Invocation;
use crate::{Error, Result, marker};

/// Flags of `go test` that make it keep the test program.
const KEEPING: [&str; 6] = [
    "c",
    "o",
    "blockprofile",
    "cpuprofile",
    "memprofile",
    "mutexprofile",
];

/// What a package may be built into, in the form that `go list` is asked for.
const QUESTION: &str =
    "{{.Name}}\t{{.ImportPath}}\t{{range $i, $f := .GoFiles}}{{if eq $i 0}}{{$f}}{{end}}{{end}}";

/// Whether the command leaves programs behind that can be checked.
pub fn are_kept(args: &GoArgs) -> bool {
    if args.is_on("n") {
        return false;
    }
    match args.subcommand {
        Subcommand::Run => false,
        Subcommand::Build => true,
        Subcommand::Test => args
            .flags
            .iter()
            .any(|flag| KEEPING.contains(&flag.name.as_str()) && flag.is_on()),
    }
}

/// Checks what a successful command has left behind. Returns the files that
/// were checked. Files that `go` wrote into the assembled root, because the
/// user stood in the real one, are moved to the user.
pub fn check(args: &GoArgs, invocation: &Invocation, marker: &[u8]) -> Result<Vec<PathBuf>> {
    let mut checked = Vec::new();
    if !are_kept(args) {
        return Ok(checked);
    }
    for path in expected(args, invocation)? {
        let is_file = fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
        if !is_file {
            // No test files, or /dev/null.
            continue;
        }
        if !marker::file_contains(&path, marker).map_err(Error::read(&path))? {
            return Err(Error::ForeignBinary { path });
        }
        checked.push(match &invocation.mapped_from {
            Some(user) => move_to(&path, &invocation.directory, user)?,
            None => path,
        });
    }
    Ok(checked)
}

/// Where programs may have been written.
fn expected(args: &GoArgs, invocation: &Invocation) -> Result<Vec<PathBuf>> {
    let directory = args.directory(&invocation.directory);
    let directory = match &invocation.mapped_from {
        Some(_) => invocation.directory.clone(),
        None => directory,
    };
    let output = match (&invocation.mapped_from, args.value("o")) {
        (_, None) => None,
        (Some(user), Some(value)) => Some((user.join(value), value)),
        (None, Some(value)) => Some((directory.join(value), value)),
    };
    let into_directory = |(path, value): &(PathBuf, &std::ffi::OsStr)| {
        path.is_dir() || value.as_encoded_bytes().ends_with(b"/")
    };
    match output {
        Some(output) if !into_directory(&output) => Ok(vec![output.0]),
        Some((path, _)) => Ok(names(args, invocation)?
            .into_iter()
            .map(|name| path.join(name))
            .collect()),
        None => {
            let names = names(args, invocation)?;
            // `go build` writes nothing for several packages.
            if args.subcommand == Subcommand::Build && names.len() != 1 {
                return Ok(Vec::new());
            }
            Ok(names.into_iter().map(|name| directory.join(name)).collect())
        }
    }
}

/// The names that `go` gives to the programs of the user's packages.
fn names(args: &GoArgs, invocation: &Invocation) -> Result<Vec<OsString>> {
    let mut command = invocation.question("list");
    command.args(["-race", "-find", "-f", QUESTION]);
    command.args(args.selecting_flags());
    command.arg("--").args(args.package_words());
    let output = command.output().map_err(|source| Error::Spawn {
        program: invocation.program.clone(),
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
    let buildmode = args.value("buildmode").and_then(|mode| mode.to_str());
    let suffix = match (args.subcommand, buildmode) {
        (Subcommand::Test, _) => ".test",
        (_, Some("c-archive")) => ".a",
        (_, Some("c-shared" | "plugin")) => ".so",
        _ => "",
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let (package, path) = (columns.next()?, columns.next()?);
        let first_file = columns.next().unwrap_or_default();
        let is_program = args.subcommand == Subcommand::Test || package == "main";
        is_program.then(|| program_name(args.subcommand, package, path, first_file) + suffix)
    });
    Ok(names.map(OsString::from).collect())
}

/// The name that `go` gives to a package's program, before any suffix.
fn program_name(subcommand: Subcommand, package: &str, path: &str, first_file: &str) -> String {
    if path == "command-line-arguments" {
        return match subcommand {
            Subcommand::Test => package.to_owned(),
            _ => first_file.trim_end_matches(".go").to_owned(),
        };
    }
    let mut elements = path.rsplit('/');
    let last = elements.next().unwrap_or(path);
    // The last element of example.com/tool/v2 is only a version.
    match elements.next() {
        Some(before) if is_major_version(last) => before.to_owned(),
        _ => last.to_owned(),
    }
}

fn is_major_version(element: &str) -> bool {
    let digits = element.strip_prefix('v').unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
        && !matches!(digits, "" | "1")
}

/// Moves a file from the directory where the command ran to the user's.
fn move_to(path: &Path, ran_in: &Path, user: &Path) -> Result<PathBuf> {
    let Ok(name) = path.strip_prefix(ran_in) else {
        return Ok(path.to_owned());
    };
    let target = user.join(name);
    let moved = match fs::rename(path, &target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(path, &target).and_then(|_| fs::remove_file(path))
        }
        other => other,
    };
    moved.map_err(|source| Error::Output {
        path: target.clone(),
        source,
    })?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(subcommand: Subcommand, line: &str) -> GoArgs {
        let words = line.split_whitespace().map(OsString::from).collect();
        GoArgs::parse(subcommand, words).unwrap()
    }

    /// An invocation of a `go` that answers every question with a line.
    fn answering(dir: &Path, line: &str) -> Invocation {
        let go = dir.join("go");
        gosan_testing::write_script(&go, &format!("#!/bin/sh\nprintf '{line}'\n"));
        Invocation {
            program: camino::Utf8PathBuf::from_path_buf(go).unwrap(),
            arguments: Vec::new(),
            directory: dir.to_owned(),
            mapped_from: None,
            chdir: Vec::new(),
            environment: Vec::new(),
        }
    }

    #[test]
    fn finds_the_programs_and_tells_foreign_ones() {
        use Subcommand::{Build, Test};
        for (subcommand, line, answer, file) in [
            (Build, "-o sub/x", "", "sub/x"),
            (
                Build,
                "-o sub",
                "main\tm/tool\ta.go\nlib\tm/lib\tb.go",
                "sub/tool",
            ),
            (Build, "-o new/", "main\tm/tool\ta.go\n", "new/tool"),
            (Build, "", "main\tm/tool/v2\ta.go\n", "tool"),
            (
                Build,
                "-buildmode=plugin",
                "main\tm/tool\ta.go\n",
                "tool.so",
            ),
            (
                Build,
                "-buildmode c-archive",
                "main\tm/tool\ta.go\n",
                "tool.a",
            ),
            (Test, "-c", "tool\tm/tool\ta.go\n", "tool.test"),
            (
                Test,
                "-c -o sub/ ./...",
                "a\tm/a\ta.go\nb\tm/b\tb.go",
                "sub/b.test",
            ),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let invocation = answering(dir.path(), answer);
            let path = dir.path().join(file);
            fs::create_dir_all(dir.path().join("sub")).unwrap();
            fs::create_dir_all(dir.path().join("new")).unwrap();
            let args = args(subcommand, line);
            assert_eq!(
                check(&args, &invocation, b"MARK").unwrap(),
                [""; 0].map(PathBuf::from)
            );
            fs::write(&path, "..MARK..").unwrap();
            assert_eq!(
                check(&args, &invocation, b"MARK").unwrap(),
                std::slice::from_ref(&path),
                "{line}"
            );
            fs::write(&path, "......").unwrap();
            let error = check(&args, &invocation, b"MARK").unwrap_err();
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
    }

    #[test]
    fn expects_no_program_from_several_packages() {
        let dir = tempfile::tempdir().unwrap();
        let invocation = answering(dir.path(), "main\tm/a\ta.go\nmain\tm/b\tb.go\n");
        fs::write(dir.path().join("a"), "the user's own file").unwrap();
        let args = args(Subcommand::Build, "./...");
        assert!(check(&args, &invocation, b"MARK").unwrap().is_empty());
    }

    #[test]
    fn moves_programs_to_where_the_user_is() {
        let (ran_in, user) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut invocation = answering(ran_in.path(), "main\tm/tool\ta.go\n");
        invocation.mapped_from = Some(user.path().to_owned());
        fs::write(ran_in.path().join("tool"), "..MARK..").unwrap();
        let found = check(&args(Subcommand::Build, ""), &invocation, b"MARK").unwrap();
        assert_eq!(found, [user.path().join("tool")]);
        assert!(found[0].exists() && !ran_in.path().join("tool").exists());
    }

    #[test]
    fn knows_which_commands_leave_programs() {
        for (subcommand, line, kept) in [
            (Subcommand::Build, "./...", true),
            (Subcommand::Build, "-n ./...", false),
            (Subcommand::Run, ".", false),
            (Subcommand::Test, "./...", false),
            (Subcommand::Test, "-c", true),
            (Subcommand::Test, "-c=false", false),
            (Subcommand::Test, "-o x.test", true),
            (Subcommand::Test, "-cpuprofile cpu.out", true),
            (Subcommand::Test, ". -args -c", false),
        ] {
            assert_eq!(are_kept(&args(subcommand, line)), kept, "{line}");
        }
    }

    #[test]
    fn names_programs_as_go_does() {
        use Subcommand::{Build, Test};
        for (subcommand, package, path, file, expected) in [
            (Build, "main", "example.com/tool", "a.go", "tool"),
            (Build, "main", "example.com/tool/v2", "a.go", "tool"),
            (Build, "main", "example.com/tool/v1", "a.go", "v1"),
            (Build, "main", "tool", "a.go", "tool"),
            (Build, "main", "command-line-arguments", "a.go", "a"),
            (Test, "x", "example.com/m/pkg", "a.go", "pkg"),
            (Test, "x", "command-line-arguments", "a.go", "x"),
        ] {
            assert_eq!(program_name(subcommand, package, path, file), expected);
        }
    }
}
