//! Test programs that are kept to be run again.
//!
//! `go test -exec` starts gosan in the place of each test program, with the
//! program's arguments, directory and environment as `go` makes them. gosan
//! keeps the program and all of these, and then becomes the program: so the
//! first run is `go test`'s own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Files in the directory of a kept program.
const ARGUMENTS: &str = "arguments";
const ENVIRONMENT: &str = "environment";
const DIRECTORY: &str = "directory";
const RUNNER: &str = "runner";
const LOG: &str = "log";

/// The beginning of each file of arguments, so that an empty list differs from
/// a list with an empty word.
const SEPARATOR: u8 = 0;

/// Flags of a test program that name a file, or a directory of files, that
/// `go test` or the user wants from the first run.
const LEAVES_FILES: [&str; 10] = [
    "blockprofile",
    "coverprofile",
    "cpuprofile",
    "gocoverdir",
    "memprofile",
    "mutexprofile",
    "outputdir",
    "testlogfile",
    "trace",
    "artifacts",
];

/// A test program that can be run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub binary: PathBuf,
    /// Where its package's sources are, which is where it runs.
    pub directory: PathBuf,
    /// The user's `-exec`, or nothing.
    pub runner: Vec<OsString>,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
    /// What the hooks wrote in the first run.
    pub log: PathBuf,
}

/// Keeps the program that `words` start (the user's `-exec`, `runner` words
/// long, the program, its arguments) and becomes it. Comes back only with an
/// error.
pub fn keep_and_become(
    kept: &Path,
    runner: &[OsString],
    words: &[OsString],
    schedule: impl FnOnce(&Path) -> String,
) -> io::Error {
    let Some((binary, arguments)) = words.split_first() else {
        return io::Error::new(io::ErrorKind::InvalidInput, "no test program is named");
    };
    let (binary, log) = match keep(kept, runner, Path::new(binary), arguments) {
        Ok(kept) => kept,
        Err(error) => return error,
    };
    become_program(runner, &binary, arguments, &schedule(&log))
}

/// Becomes the program under a schedule.
pub fn become_program(
    runner: &[OsString],
    binary: &Path,
    arguments: &[OsString],
    schedule: &str,
) -> io::Error {
    command(runner, binary)
        .args(arguments)
        .env(crate::spec::VARIABLE, schedule)
        .exec()
}

fn command(runner: &[OsString], binary: &Path) -> Command {
    match runner.split_first() {
        None => Command::new(binary),
        Some((program, words)) => {
            let mut command = Command::new(program);
            command.args(words).arg(binary);
            command
        }
    }
}

fn keep(
    kept: &Path,
    runner: &[OsString],
    binary: &Path,
    arguments: &[OsString],
) -> io::Result<(PathBuf, PathBuf)> {
    let place = kept.join(std::process::id().to_string());
    fs::create_dir(&place)?;
    let name = binary.file_name().unwrap_or(OsStr::new("program.test"));
    let copy = place.join(name);
    // `go` removes its own file when the tests have ended.
    if fs::hard_link(binary, &copy).is_err() {
        fs::copy(binary, &copy)?;
    }
    let environment: Vec<OsString> = std::env::vars_os()
        .map(|(name, value)| {
            let mut entry = name;
            entry.push("=");
            entry.push(value);
            entry
        })
        .collect();
    fs::write(place.join(ARGUMENTS), join(arguments))?;
    fs::write(place.join(ENVIRONMENT), join(&environment))?;
    fs::write(place.join(RUNNER), join(runner))?;
    let directory = std::env::current_dir()?;
    // Last: whoever finds it finds all of the others.
    fs::write(place.join(DIRECTORY), directory.as_os_str().as_bytes())?;
    Ok((copy, place.join(LOG)))
}

impl Program {
    /// All programs that were kept, in the order of their packages.
    pub fn all(kept: &Path) -> io::Result<Vec<Self>> {
        let mut programs = Vec::new();
        for entry in fs::read_dir(kept)? {
            let place = entry?.path();
            let Ok(directory) = fs::read(place.join(DIRECTORY)) else {
                continue;
            };
            let is_binary = |path: &PathBuf| path.extension() == Some(OsStr::new("test"));
            let binary = fs::read_dir(&place)?
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .find(is_binary);
            let Some(binary) = binary else { continue };
            programs.push(Self {
                binary,
                directory: OsString::from_vec(directory).into(),
                runner: split(&fs::read(place.join(RUNNER))?),
                arguments: split(&fs::read(place.join(ARGUMENTS))?),
                environment: split(&fs::read(place.join(ENVIRONMENT))?)
                    .iter()
                    .filter_map(|entry| name_and_value(entry))
                    .collect(),
                log: place.join(LOG),
            });
        }
        programs.sort_by(|a, b| a.directory.cmp(&b.directory));
        Ok(programs)
    }

    /// A command that runs the named tests, or all of the first run.
    pub fn command(&self, tests: Option<&[String]>, timeout: &str) -> Command {
        let mut command = command(&self.runner, &self.binary);
        let (flags, rest) = self.flags();
        let mut pattern = None;
        for flag in flags {
            match flag_name(flag) {
                Some("timeout") => {}
                Some(name) if LEAVES_FILES.contains(&name) => {}
                Some("run") if tests.is_some() => pattern = Some(flag_value(flag)),
                _ => {
                    command.arg(flag);
                }
            }
        }
        command.arg(format!("-test.timeout={timeout}"));
        if let Some(tests) = tests {
            command.arg(format!(
                "-test.run={}",
                run_pattern(tests, pattern.unwrap_or_default())
            ));
        }
        command.args(rest).current_dir(&self.directory);
        command.env_clear().envs(self.environment.iter().cloned());
        command
    }

    /// The time that the user gives the tests; `None` if there is no end to it.
    pub fn timeout(&self) -> Option<Duration> {
        let (flags, _) = self.flags();
        let is_timeout = |flag: &&OsString| flag_name(flag) == Some("timeout");
        let text = flag_value(flags.iter().rfind(is_timeout)?).to_str()?;
        let time = humantime::parse_duration(text).ok()?;
        (!time.is_zero()).then_some(time)
    }

    /// Whether the user wants its tests more than once in a process anyway.
    pub fn repeats(&self) -> bool {
        let (flags, _) = self.flags();
        flags.iter().any(|flag| match flag_name(flag) {
            Some("count") => flag_value(flag) != "1",
            Some("cpu") => true,
            _ => false,
        })
    }

    /// `go test` writes its flags as `-test.name=value`; what follows the first
    /// other word is the test's own.
    fn flags(&self) -> (&[OsString], &[OsString]) {
        let end = self
            .arguments
            .iter()
            .position(|word| flag_name(word).is_none())
            .unwrap_or(self.arguments.len());
        self.arguments.split_at(end)
    }
}

fn flag_name(word: &OsStr) -> Option<&str> {
    let end = word.as_bytes().iter().position(|&byte| byte == b'=');
    let name = &word.as_bytes()[..end.unwrap_or(word.len())];
    std::str::from_utf8(name).ok()?.strip_prefix("-test.")
}

fn flag_value(word: &OsStr) -> &OsStr {
    let at = word.as_bytes().iter().position(|&byte| byte == b'=');
    OsStr::from_bytes(at.map_or(b"", |at| &word.as_bytes()[at + 1..]))
}

/// A pattern for these tests that keeps what the user's says of subtests.
pub fn run_pattern(tests: &[String], user: &OsStr) -> String {
    let mut pattern = format!("^({})$", tests.join("|"));
    if let [test] = tests {
        pattern = format!("^{test}$");
    }
    let user = user.to_string_lossy();
    if let Some((_, subtests)) = split_subtests(&user) {
        pattern.push('/');
        pattern.push_str(subtests);
    }
    pattern
}

/// Splits at the first slash outside brackets, as package testing does.
fn split_subtests(pattern: &str) -> Option<(&str, &str)> {
    let (mut square, mut round, mut escaped) = (0, 0, false);
    for (at, byte) in pattern.bytes().enumerate() {
        match byte {
            _ if escaped => {
                escaped = false;
                continue;
            }
            b'\\' => escaped = true,
            b'[' => square += 1,
            b']' if square > 0 => square -= 1,
            b'(' if square == 0 => round += 1,
            b')' if square == 0 => round -= 1,
            b'/' if square == 0 && round == 0 => {
                return Some((&pattern[..at], &pattern[at + 1..]));
            }
            _ => {}
        }
    }
    None
}

fn name_and_value(entry: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = entry.as_bytes();
    let at = bytes.iter().position(|&byte| byte == b'=')?;
    let part = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    Some((part(&bytes[..at]), part(&bytes[at + 1..])))
}

fn join(words: &[OsString]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in words {
        bytes.push(SEPARATOR);
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes
}

fn split(bytes: &[u8]) -> Vec<OsString> {
    bytes
        .split(|&byte| byte == SEPARATOR)
        .skip(1)
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_kept_program_comes_back_with_all_that_it_was_started_with() {
        let dir = tempfile::tempdir().unwrap();
        let binary = dir.path().join("p.test");
        fs::write(&binary, "x").unwrap();
        let kept = dir.path().join("kept");
        fs::create_dir(&kept).unwrap();
        let arguments = words("-test.v=true -test.run=A/b  -x");
        keep(&kept, &words("env -i"), &binary, &arguments).unwrap();
        fs::remove_file(&binary).unwrap();
        let programs = Program::all(&kept).unwrap();
        assert_eq!(programs.len(), 1);
        assert_eq!(programs[0].arguments, arguments);
        assert_eq!(programs[0].runner, words("env -i"));
        assert_eq!(programs[0].directory, std::env::current_dir().unwrap());
        assert_eq!(fs::read(&programs[0].binary).unwrap(), b"x");
        assert!(
            programs[0]
                .environment
                .iter()
                .any(|(name, _)| name == "PATH")
        );
    }

    #[test]
    fn later_runs_take_the_named_tests_and_write_no_files() {
        let program = Program {
            binary: "/k/p.test".into(),
            directory: "/".into(),
            runner: Vec::new(),
            arguments: words(
                "-test.testlogfile=/x -test.paniconexit0 -test.timeout=10m0s \
                 -test.run=X/[/]y/z -test.coverprofile=c own -test.run=own",
            ),
            environment: Vec::new(),
            log: "/k/log".into(),
        };
        assert_eq!(program.timeout(), Some(Duration::from_secs(600)));
        let tests = ["TestA".to_owned(), "TestB".to_owned()];
        let command = program.command(Some(&tests), "5s");
        let line: Vec<_> = command.get_args().map(|w| w.to_str().unwrap()).collect();
        assert_eq!(
            line.join(" "),
            "-test.paniconexit0 -test.timeout=5s -test.run=^(TestA|TestB)$/[/]y/z own -test.run=own"
        );
        let command = program.command(None, "0");
        assert!(command.get_args().any(|word| word == "-test.run=X/[/]y/z"));
    }

    #[test]
    fn one_test_is_named_plainly() {
        let tests = ["TestA".to_owned()];
        assert_eq!(run_pattern(&tests, OsStr::new("")), "^TestA$");
        assert_eq!(run_pattern(&tests, OsStr::new("A|B(/)x")), "^TestA$");
    }
}
