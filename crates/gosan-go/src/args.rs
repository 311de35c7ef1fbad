//! Reads the arguments that belong to `go`, without changing them.
//!
//! gosan has to know a few of them: where the command runs (`-C`), whether it
//! leaves files behind (`-o`, `-c`), and which words are packages. To tell a
//! flag's value from a package it has to know which flags take one, as `go`
//! does itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The commands of `go` that gosan stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subcommand {
    Test,
    Run,
    Build,
}

impl Subcommand {
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Run => "run",
            Self::Build => "build",
        }
    }
}

/// Flags whose value may be the next word. All others that `go` knows are
/// switches, which take one only behind an equals sign.
const WITH_VALUE: &[&str] = &[
    // Of every build.
    "C",
    "asmflags",
    "buildmode",
    "compiler",
    "covermode",
    "coverpkg",
    "debug-actiongraph",
    "debug-runtime-trace",
    "debug-trace",
    "exec",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "o",
    "overlay",
    "p",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
    // Of tests.
    "bench",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "count",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "fuzz",
    "fuzzminimizetime",
    "fuzztime",
    "list",
    "memprofile",
    "memprofilerate",
    "mutexprofile",
    "mutexprofilefraction",
    "outputdir",
    "parallel",
    "run",
    "shuffle",
    "skip",
    "timeout",
    "trace",
    "vet",
];

/// The switches of `go test`, `go run` and `go build`.
const SWITCHES: &[&str] = &[
    "a",
    "artifacts",
    "asan",
    "benchmem",
    "buildvcs",
    "c",
    "cover",
    "failfast",
    "fullpath",
    "i",
    "json",
    "linkshared",
    "modcacherw",
    "msan",
    "n",
    "race",
    "short",
    "trimpath",
    "v",
    "work",
    "x",
];

/// Flags that decide which packages a pattern means.
const SELECTING: [&str; 4] = ["mod", "modfile", "overlay", "tags"];

/// One flag as it stands in the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Its name without dashes, and without the prefix `test.`.
    pub name: String,
    pub value: Option<OsString>,
    /// Which words it is made of: where it starts, and how many there are.
    pub start: usize,
    pub words: usize,
}

impl Flag {
    /// What a switch is set to.
    pub fn is_on(&self) -> bool {
        match self.value.as_deref().and_then(OsStr::to_str) {
            None => true,
            Some(value) => !matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False"),
        }
    }
}

/// The arguments after `go test`, `go run` or `go build`, `-C` taken out.
#[derive(Debug, Clone)]
pub struct GoArgs {
    pub subcommand: Subcommand,
    /// The directory that `-C` names.
    pub chdir: Option<PathBuf>,
    /// All other words, in the user's order.
    pub words: Vec<OsString>,
    /// The flags of `go` among them.
    pub flags: Vec<Flag>,
    /// Which words are packages or files.
    pub packages: Vec<usize>,
}

impl GoArgs {
    /// Reads the words after the subcommand.
    pub fn parse(subcommand: Subcommand, mut words: Vec<OsString>) -> Result<Self> {
        let chdir = take_chdir(&mut words)?;
        let mut args = Self {
            subcommand,
            chdir,
            words,
            flags: Vec::new(),
            packages: Vec::new(),
        };
        match subcommand {
            Subcommand::Test => args.scan_test(),
            Subcommand::Run | Subcommand::Build => args.scan_build(),
        }
        if args.last("race").is_some_and(|flag| !flag.is_on()) {
            return Err(Error::RaceDisabled {
                place: "the command line".to_owned(),
            });
        }
        Ok(args)
    }

    /// The flag of this name that counts, if it is given.
    pub fn last(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| flag.name == name)
    }

    /// The value of the flag of this name.
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.last(name)?.value.as_deref()
    }

    /// Whether the switch of this name is given and on.
    pub fn is_on(&self, name: &str) -> bool {
        self.last(name).is_some_and(Flag::is_on)
    }

    /// The flags that decide what a pattern of packages means, in a form that
    /// every command of `go` understands.
    pub fn selecting_flags(&self) -> Vec<OsString> {
        let selecting = self.flags.iter().filter_map(|flag| {
            let value = flag.value.as_ref()?;
            SELECTING.contains(&flag.name.as_str()).then(|| {
                let mut word = OsString::from(format!("-{}=", flag.name));
                word.push(value);
                word
            })
        });
        selecting.collect()
    }

    /// The words that are packages or files.
    pub fn package_words(&self) -> impl Iterator<Item = &OsStr> {
        self.packages.iter().map(|&at| self.words[at].as_os_str())
    }

    /// The directory in which the command runs, for one started in `cwd`.
    pub fn directory(&self, cwd: &Path) -> PathBuf {
        match &self.chdir {
            Some(dir) => cwd.join(dir),
            None => cwd.to_owned(),
        }
    }

    /// `go build` and `go run` read flags up to the first other word.
    fn scan_build(&mut self) {
        let mut at = 0;
        while at < self.words.len() {
            if self.words[at] == "--" {
                at += 1;
                break;
            }
            let Some(flag) = read_flag(&self.words, at) else {
                break;
            };
            at += flag.words;
            self.flags.push(flag);
        }
        let end = match self.subcommand {
            // What follows the package, or the files, is the program's.
            Subcommand::Run => {
                let is_file = |word: &OsString| word.to_string_lossy().ends_with(".go");
                let files = self.words[at..].iter().take_while(|w| is_file(w)).count();
                self.words.len().min(at + files.max(1))
            }
            _ => self.words.len(),
        };
        self.packages.extend(at..end);
    }

    /// `go test` reads flags before and after one row of packages; words that
    /// it does not know are the test program's.
    fn scan_test(&mut self) {
        /// Where the row of packages is.
        #[derive(PartialEq)]
        enum Row {
            Ahead,
            Here,
            Behind,
        }
        let mut row = Row::Ahead;
        let mut may_be_value = false;
        let mut at = 0;
        while at < self.words.len() {
            let word = &self.words[at];
            if word == "--" || word == "-args" || word == "--args" {
                return;
            }
            if !is_flag(word) {
                match row {
                    Row::Ahead | Row::Here => {
                        row = Row::Here;
                        self.packages.push(at);
                    }
                    Row::Behind if may_be_value => {}
                    Row::Behind => return,
                }
                may_be_value = false;
                at += 1;
                continue;
            }
            if row == Row::Here {
                row = Row::Behind;
            }
            may_be_value = false;
            let flag = read_flag(&self.words, at).expect("the word is a flag");
            if is_known(&flag.name) {
                at += flag.words;
                self.flags.push(flag);
            } else {
                // The test program's own. It may take the next word, which
                // is why `go test` reads no packages any more.
                row = Row::Behind;
                may_be_value = flag.value.is_none();
                at += 1;
            }
        }
    }
}

/// Takes `-C dir` out, which `go` permits only as the first flag.
fn take_chdir(words: &mut Vec<OsString>) -> Result<Option<PathBuf>> {
    let Some(first) = words.first().filter(|word| is_flag(word)) else {
        return Ok(None);
    };
    let flag = read_flag(words, 0).expect("the word is a flag");
    if flag.name != "C" {
        return Ok(None);
    }
    debug_assert!(!first.is_empty());
    match flag.value {
        Some(value) => {
            words.drain(..flag.words);
            Ok(Some(PathBuf::from(value)))
        }
        None => Err(Error::ChdirValueMissing),
    }
}

fn is_known(name: &str) -> bool {
    WITH_VALUE.contains(&name) || SWITCHES.contains(&name)
}

/// Whether `go` takes the word for a flag.
fn is_flag(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    bytes.len() > 1 && bytes[0] == b'-' && bytes != b"--"
}

/// The flag that starts at this word.
fn read_flag(words: &[OsString], at: usize) -> Option<Flag> {
    let word = &words[at];
    if !is_flag(word) {
        return None;
    }
    let text = word.to_string_lossy();
    let name = text.strip_prefix("--").or(text.strip_prefix('-'))?;
    let name = name.strip_prefix("test.").unwrap_or(name);
    if let Some((name, _)) = name.split_once('=') {
        let value = after_equals_sign(word);
        return Some(Flag {
            name: name.to_owned(),
            value: Some(value),
            start: at,
            words: 1,
        });
    }
    let value = WITH_VALUE
        .contains(&name)
        .then(|| words.get(at + 1).cloned())
        .flatten();
    Some(Flag {
        name: name.to_owned(),
        words: 1 + usize::from(value.is_some()),
        value,
        start: at,
    })
}

fn after_equals_sign(word: &OsStr) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    let bytes = word.as_bytes();
    let at = bytes
        .iter()
        .position(|&b| b == b'=')
        .map_or(bytes.len(), |at| at + 1);
    OsStr::from_bytes(&bytes[at..]).to_owned()
}

/// Splits words as `go` does in GOFLAGS and CC: at spaces, with quotes around
/// words that hold some.
pub fn split_quoted(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, tail) = if matches!(first, '"' | '\'') {
            let body = &rest[1..];
            match body.split_once(first) {
                Some((word, tail)) => (word, tail),
                None => (body, ""),
            }
        } else {
            rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = tail.trim_start();
    }
    words
}

/// The values of a flag in GOFLAGS, in their order.
pub fn goflags_values(goflags: &str, name: &str) -> Vec<OsString> {
    let words: Vec<OsString> = split_quoted(goflags).into_iter().map(Into::into).collect();
    (0..words.len())
        .filter_map(|at| read_flag(&words, at))
        .filter(|flag| flag.name == name)
        .filter_map(|flag| flag.value)
        .collect()
}

/// Refuses a GOFLAGS that switches races off.
pub fn check_goflags(goflags: &str) -> Result<()> {
    let words: Vec<OsString> = split_quoted(goflags).into_iter().map(Into::into).collect();
    let race = (0..words.len())
        .filter_map(|at| read_flag(&words, at))
        .rfind(|flag| flag.name == "race");
    if race.is_some_and(|flag| !flag.is_on()) {
        return Err(Error::RaceDisabled {
            place: "GOFLAGS".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
