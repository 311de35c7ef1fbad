//! Runs `test -json` under gosan and under Go's own detector, and sorts what
//! comes out by test.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

/// What would make a run depend on the developer's own settings.
const SETTINGS: [&str; 8] = [
    "GOFLAGS",
    "GORACE",
    "GOROOT",
    "GOSAN_GO",
    "GOAMD64",
    "GOWORK",
    "GODEBUG",
    "CORPUS_CHILD",
];

/// Two runs at once would only make each other slow.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Who detects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runner {
    Gosan,
    Stock,
}

/// The Go that both runners use.
#[derive(Clone)]
pub struct Go {
    command: PathBuf,
    /// What `GOSAN_CORPUS_GO` says, if it says anything.
    chosen: Option<OsString>,
}

/// What came of a run, by package and test.
pub struct Run {
    outcomes: HashMap<(String, String), Outcome>,
    /// What a package printed outside its tests, and what its build printed.
    packages: HashMap<String, String>,
    /// What the command itself said.
    stderr: String,
}

/// What came of a test. What its subtests printed belongs to it.
#[derive(Default)]
pub struct Outcome {
    /// `pass`, `fail` or `skip`; nothing if the test did not end.
    pub action: Option<String>,
    pub output: String,
}

impl Go {
    /// Takes the Go that `GOSAN_CORPUS_GO` names, or the one in PATH.
    pub fn find() -> Result<Self, String> {
        let chosen = env::var_os("GOSAN_CORPUS_GO").filter(|value| !value.is_empty());
        let command = match &chosen {
            None => PathBuf::from("go"),
            Some(path) if Path::new(path).is_dir() => Path::new(path).join("bin/go"),
            Some(path) => PathBuf::from(path),
        };
        let go = Self { command, chosen };
        match go.stock(Path::new(".")).arg("version").output() {
            Ok(output) if output.status.success() => Ok(go),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(format!(
                "{}: {error}; put Go into PATH, or name one in GOSAN_CORPUS_GO",
                go.command.display()
            )),
        }
    }

    /// The go command itself, in this directory.
    pub fn stock(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.command);
        command.current_dir(directory);
        forget_settings(&mut command);
        command
    }
}

fn forget_settings(command: &mut Command) {
    for name in SETTINGS {
        command.env_remove(name);
    }
}

impl Runner {
    pub fn name(self) -> &'static str {
        match self {
            Self::Gosan => "gosan",
            Self::Stock => "stock",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Gosan, Self::Stock]
            .into_iter()
            .find(|runner| runner.name() == name)
    }

    /// Runs the tests of some packages of the module in this directory.
    pub fn run(
        self,
        go: &Go,
        directory: &Path,
        packages: &BTreeSet<String>,
    ) -> Result<Run, String> {
        let _turn = ONE_AT_A_TIME
            .lock()
            .map_err(|_| "another run has panicked".to_owned())?;
        let mut command = match self {
            Self::Gosan => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_gosan"));
                let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gosan-cache");
                command.current_dir(directory).env("GOSAN_CACHE", cache);
                forget_settings(&mut command);
                command.arg("test");
                if let Some(chosen) = &go.chosen {
                    command.arg("--go").arg(chosen);
                }
                command
            }
            Self::Stock => {
                let mut command = go.stock(directory);
                command.args(["test", "-race"]);
                command
            }
        };
        // Tests about parallel tests need room for two, on any machine.
        command.args(["-json", "-count=1", "-parallel=8", "-timeout=240s"]);
        command.args(packages);
        let output = command
            .output()
            .map_err(|error| format!("{}: {error}", self.name()))?;
        let mut run = Run {
            outcomes: HashMap::new(),
            packages: HashMap::new(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            match serde_json::from_str(line) {
                Ok(event) => run.take(&event),
                Err(_) => run.stderr += &format!("{line}\n"),
            }
        }
        if run.outcomes.is_empty() {
            return Err(format!(
                "{} ran no test of {} ({})\n{}",
                self.name(),
                directory.display(),
                output.status,
                run.everything_said()
            ));
        }
        Ok(run)
    }
}

impl Run {
    fn take(&mut self, event: &Value) {
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let test = text("Test");
        let top = test.split('/').next().unwrap_or_default();
        if top.is_empty() {
            // "ImportPath" is what events about the build carry, and may have
            // the test's package in brackets behind it.
            let package = match text("Package") {
                "" => text("ImportPath").split(' ').next().unwrap_or_default(),
                package => package,
            };
            *self.packages.entry(package.to_owned()).or_default() += text("Output");
            return;
        }
        let key = (text("Package").to_owned(), top.to_owned());
        let outcome = self.outcomes.entry(key).or_default();
        outcome.output += text("Output");
        if test == top && matches!(text("Action"), "pass" | "fail" | "skip") {
            outcome.action = Some(text("Action").to_owned());
        }
    }

    pub fn outcome(&self, package: &str, test: &str) -> Option<&Outcome> {
        self.outcomes.get(&(package.to_owned(), test.to_owned()))
    }

    /// What a package printed outside its tests.
    pub fn outside_tests(&self, package: &str) -> &str {
        self.packages.get(package).map_or("", String::as_str)
    }

    /// Says whether anything of the package was run.
    pub fn ran(&self, package: &str) -> bool {
        self.outcomes.keys().any(|(name, _)| name == package)
    }

    /// Everything that was printed outside tests, for messages.
    pub fn everything_said(&self) -> String {
        let mut said = self.stderr.clone();
        for output in self.packages.values() {
            said += output;
        }
        said
    }

    /// What the package and the command printed, for messages.
    pub fn said_of(&self, package: &str) -> String {
        format!("{}{}", self.outside_tests(package), self.stderr)
    }
}
