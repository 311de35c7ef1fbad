//! Turns the user's arguments into a command of the assembled root.
//!
//! The arguments pass through as they are. `-race` is put in front of them, and
//! flags of the linker are added ([`LinkFlags`]).
//! Only for a user who works inside the real GOROOT's sources is more needed:
//! `go` accepts the standard library in its own root only, so the command runs
//! at the same place of the assembled root, and paths that the user meant
//! relative to the directory are made absolute.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::args::{GoArgs, Subcommand};
use crate::goroot::AssembledRoot;
use crate::toolchain::{Toolchain, environment};
use crate::{Error, Result, ldflags};

/// Flags whose value is a path that `go` takes relative to its directory.
const PATH_FLAGS: &[&str] = &[
    "blockprofile",
    "coverprofile",
    "cpuprofile",
    "memprofile",
    "modfile",
    "mutexprofile",
    "o",
    "outputdir",
    "overlay",
    "pgo",
    "pkgdir",
    "trace",
];

/// What gosan wants of the linker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkFlags {
    /// A text that stands for all that a test's result depends on and go's test
    /// cache does not see: it becomes a part of the program.
    pub test_key: String,
}

impl LinkFlags {
    /// The flags for a command. `go test` and `go run` leave the table of
    /// symbols out, which has the names of globals; `go build` keeps it.
    fn text(&self, subcommand: Subcommand) -> Option<String> {
        match subcommand {
            Subcommand::Build => None,
            Subcommand::Test if !self.test_key.is_empty() => {
                Some(format!("-s=false -X=testing.raceKey={}", self.test_key))
            }
            Subcommand::Test | Subcommand::Run => Some("-s=false".to_owned()),
        }
    }
}

/// A `go` command that is ready to run.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub program: Utf8PathBuf,
    /// The subcommand and everything after it.
    pub arguments: Vec<OsString>,
    /// Where it runs.
    pub directory: PathBuf,
    /// Where the user believes that it runs, if that is another place.
    pub mapped_from: Option<PathBuf>,
    /// What go's questions need in front of their own flags.
    pub(crate) chdir: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, Option<&'static str>)>,
}

impl Invocation {
    /// The command for the user's arguments, typed in `cwd`.
    pub fn new(
        args: &GoArgs,
        cwd: &Path,
        root: &AssembledRoot,
        toolchain: &Toolchain,
        link: &LinkFlags,
    ) -> Result<Self> {
        let (link, words) = match link.text(args.subcommand) {
            Some(flags) => ldflags::add(args, &toolchain.settings.goflags, &flags),
            None => (Vec::new(), args.words.clone()),
        };
        let directory = args.directory(cwd);
        let real_source = toolchain.goroot.join("src");
        let assembled_source = root.path.join("src");
        let mapped = map_directory(&directory, &real_source, &assembled_source)?;
        let (words, directory, mapped_from) = match mapped {
            Some(mapped) => {
                let words = with_absolute_paths(words, args, &directory)?;
                (words, mapped, Some(directory))
            }
            None => (words, directory, None),
        };
        let words = with_mapped_packages(words, args, &real_source, &assembled_source);
        // Otherwise left to go, which names the directory in its messages.
        let (runs_in, chdir) = match (&mapped_from, &args.chdir) {
            (None, Some(dir)) => (cwd.to_owned(), vec!["-C".into(), dir.into()]),
            _ => (directory, Vec::new()),
        };
        let mut arguments: Vec<OsString> = vec![args.subcommand.name().into()];
        arguments.extend_from_slice(&chdir);
        arguments.push("-race".into());
        arguments.extend(link);
        arguments.extend(words);
        Ok(Self {
            program: root.go(),
            arguments,
            directory: runs_in,
            mapped_from,
            chdir,
            environment: environment(toolchain).into_iter().collect(),
        })
    }

    /// A command of the root for gosan's own questions, in the same place and
    /// with the same environment as the user's.
    pub fn question(&self, subcommand: &str) -> Command {
        let mut command = self.bare_command();
        command.arg(subcommand).args(&self.chdir);
        command
    }

    /// The user's command.
    pub fn command(&self) -> Command {
        let mut command = self.bare_command();
        command.args(&self.arguments);
        command
    }

    fn bare_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.directory);
        if self.mapped_from.is_some() {
            command.env("PWD", &self.directory);
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// The place in the assembled root that stands for a directory in the real
/// one's sources, if it is such a directory.
fn map_directory(
    directory: &Path,
    real_source: &Utf8Path,
    assembled_source: &Utf8Path,
) -> Result<Option<PathBuf>> {
    let chdir = |source| Error::Chdir {
        path: directory.to_owned(),
        source,
    };
    let directory = directory.canonicalize().map_err(chdir)?;
    let real = real_source
        .as_std_path()
        .canonicalize()
        .map_err(Error::read(real_source))?;
    Ok(match directory.strip_prefix(&real) {
        Ok(relative) => Some(assembled_source.as_std_path().join(relative)),
        Err(_) => None,
    })
}

/// The words, with the values of path flags joined to the user's directory.
fn with_absolute_paths(
    mut words: Vec<OsString>,
    args: &GoArgs,
    directory: &Path,
) -> Result<Vec<OsString>> {
    let directory = std::path::absolute(directory).map_err(Error::read(directory))?;
    for flag in &args.flags {
        let Some(value) = &flag.value else { continue };
        let is_keyword = flag.name == "pgo" && (value == "auto" || value == "off");
        if !PATH_FLAGS.contains(&flag.name.as_str()) || value.is_empty() || is_keyword {
            continue;
        }
        let mut joined = directory.join(value).into_os_string();
        if value.as_encoded_bytes().ends_with(b"/") && !joined.as_encoded_bytes().ends_with(b"/") {
            joined.push("/");
        }
        if flag.words == 2 {
            words[flag.start + 1] = joined;
        } else {
            words[flag.start] = format!("-{}=", flag.name).into();
            words[flag.start].push(joined);
        }
    }
    Ok(words)
}

/// The words, with absolute paths to the real root's sources turned into paths
/// to the assembled root's.
fn with_mapped_packages(
    mut words: Vec<OsString>,
    args: &GoArgs,
    real_source: &Utf8Path,
    assembled_source: &Utf8Path,
) -> Vec<OsString> {
    for &at in &args.packages {
        if let Ok(relative) = Path::new(OsStr::new(&words[at])).strip_prefix(real_source) {
            words[at] = assembled_source.as_std_path().join(relative).into();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goroot::Note;
    use crate::toolchain::Settings;
    use crate::version::GoVersion;
    use std::fs;

    struct Place {
        _dir: tempfile::TempDir,
        base: PathBuf,
        root: AssembledRoot,
        toolchain: Toolchain,
    }

    fn place() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let utf8 = Utf8PathBuf::from_path_buf(base.clone()).unwrap();
        for name in ["real/src/fmt", "assembled/src/fmt", "work/sub"] {
            fs::create_dir_all(base.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(base.join("real/src"), base.join("link")).unwrap();
        Place {
            _dir: dir,
            base,
            root: AssembledRoot {
                path: utf8.join("assembled"),
                note: Note {
                    user_goroot: utf8.join("real"),
                    version: String::new(),
                    warnings: Vec::new(),
                    files_linked: 0,
                    files_copied: 0,
                },
                is_new: false,
            },
            toolchain: Toolchain {
                go: PathBuf::from("go"),
                goroot: utf8.join("real"),
                version: GoVersion::parse("go1.26.0").unwrap(),
                settings: Settings::default(),
            },
        }
    }

    impl Place {
        fn invoke(&self, cwd: &str, line: &str) -> Result<Invocation> {
            let line = line.replace("BASE", self.base.to_str().unwrap());
            let words = line.split_whitespace().map(OsString::from).collect();
            let args = GoArgs::parse(Subcommand::Test, words).unwrap();
            let link = LinkFlags {
                test_key: "k".to_owned(),
            };
            let cwd = self.base.join(cwd);
            Invocation::new(&args, &cwd, &self.root, &self.toolchain, &link)
        }

        /// The arguments, with the temporary directory as BASE.
        fn line(&self, invocation: &Invocation) -> String {
            let words: Vec<_> = invocation
                .arguments
                .iter()
                .map(|word| word.to_str().unwrap())
                .collect();
            words.join(" ").replace(self.base.to_str().unwrap(), "BASE")
        }
    }

    #[test]
    fn leaves_a_users_module_alone() {
        let place = place();
        let made = place.invoke("work", "-run X ./... -o a").unwrap();
        assert_eq!(
            place.line(&made),
            "test -race -ldflags=-s=false -X=testing.raceKey=k -run X ./... -o a"
        );
        assert_eq!(made.directory, place.base.join("work"));
        assert_eq!(made.mapped_from, None);
        assert!(made.program.ends_with("assembled/bin/go"));
    }

    #[test]
    fn puts_the_directory_first() {
        let place = place();
        let made = place.invoke("work", "-C sub -v ./...").unwrap();
        assert_eq!(
            place.line(&made),
            "test -C sub -race -ldflags=-s=false -X=testing.raceKey=k -v ./..."
        );
        assert_eq!(made.directory, place.base.join("work"));
    }

    #[test]
    fn moves_from_the_real_root_to_the_assembled_one() {
        let place = place();
        for (cwd, chdir) in [
            ("real/src/fmt", ""),
            ("link/fmt", ""),
            ("work", "-C ../real/src/fmt "),
        ] {
            let line = format!("{chdir}-o out -coverprofile=c.out -outputdir d/ -pgo off .");
            let made = place.invoke(cwd, &line).unwrap();
            let user = made.mapped_from.clone().unwrap();
            let user = user.strip_prefix(&place.base).unwrap().to_str().unwrap();
            assert_eq!(
                place.line(&made),
                format!(
                    "test -race -ldflags=-s=false -X=testing.raceKey=k -o BASE/{user}/out -coverprofile=BASE/{user}/c.out \
                     -outputdir BASE/{user}/d/ -pgo off ."
                )
            );
            assert_eq!(made.directory, place.base.join("assembled/src/fmt"));
        }
    }

    #[test]
    fn maps_packages_named_by_their_place() {
        let place = place();
        let made = place.invoke("work", "BASE/real/src/fmt BASE/work").unwrap();
        assert_eq!(
            place.line(&made),
            "test -race -ldflags=-s=false -X=testing.raceKey=k BASE/assembled/src/fmt BASE/work"
        );
    }

    #[test]
    fn names_a_directory_that_is_not_there() {
        let message = place()
            .invoke("work", "-C nowhere")
            .unwrap_err()
            .to_string();
        assert!(message.contains("work/nowhere"), "{message}");
    }

    #[test]
    fn keeps_the_users_goroot_from_go() {
        let place = place();
        let command = place.invoke("work", "").unwrap().command();
        let goroot = command.get_envs().find(|(name, _)| *name == "GOROOT");
        assert_eq!(goroot, Some((OsStr::new("GOROOT"), None)));
    }
}
