//! Finds the Go modules to judge, their packages, and the tests in these.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::runner::Go;

/// How long the module proxy may take to answer.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(120);

/// A Go module of `corpus/` or `examples/`.
pub enum Module {
    /// What it depends on cannot be had here.
    Unreachable {
        name: String,
        reason: String,
    },
    Listed(Vec<Arc<Package>>),
}

/// A Go package with tests.
pub struct Package {
    /// The directory below the repository's root, with `/`.
    pub name: String,
    pub import_path: String,
    pub dir: PathBuf,
    pub tests: Vec<GoTest>,
    /// Tests in files that this Go, or this machine, leaves out.
    pub excluded: Vec<GoTest>,
}

/// A Go test, as its source declares it.
#[derive(Clone)]
pub struct GoTest {
    pub name: String,
    pub expects: Expectation,
    /// A stack that a report must show, from `// stack: leaf < caller < …`.
    pub stack: Option<Vec<String>>,
}

/// What the name of a test promises.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    Race,
    NoRace,
}

/// The directories of all modules: the corpus, and one for each example.
pub fn directories(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![root.join("corpus")];
    let examples = root.join("examples");
    let entries =
        fs::read_dir(&examples).map_err(|error| format!("{}: {error}", examples.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.join("go.mod").is_file() {
            found.push(path);
        }
    }
    found[1..].sort();
    Ok(found)
}

impl Module {
    /// Downloads what the module depends on, and lists its tests.
    pub fn list(root: &Path, directory: &Path, go: &Go) -> Result<Self, String> {
        let name = below(root, directory);
        if let Err(reason) = download(directory, go) {
            // A proxy that cannot be reached is no fault of ours; a wrong sum is.
            if reason.contains("checksum mismatch") || reason.contains("SECURITY ERROR") {
                return Err(format!("{name}: {reason}"));
            }
            return Ok(Self::Unreachable { name, reason });
        }
        let fields = "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,IgnoredGoFiles,Error";
        let output = go
            .stock(directory)
            .args(["list", "-race", "-e", fields, "./..."])
            .output()
            .map_err(|error| format!("go list: {error}"))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("go list in {name}: {stderr}"));
        }
        let mut packages = Vec::new();
        for value in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
            let value = value.map_err(|error| format!("go list in {name}: {error}"))?;
            if let Some(package) = Package::read(root, &value)? {
                packages.push(Arc::new(package));
            }
        }
        if packages.is_empty() {
            return Err(format!("{name} holds no test"));
        }
        Ok(Self::Listed(packages))
    }
}

impl Package {
    /// The names of all tests, below the repository's root.
    pub fn test_names(&self) -> impl Iterator<Item = String> {
        let tests = self.tests.iter().chain(&self.excluded);
        tests.map(|test| format!("{}/{}", self.name, test.name))
    }

    fn read(root: &Path, listed: &Value) -> Result<Option<Self>, String> {
        let dir = PathBuf::from(listed["Dir"].as_str().unwrap_or_default());
        let mut tests = Vec::new();
        for file in files(listed, "TestGoFiles").chain(files(listed, "XTestGoFiles")) {
            tests.extend(tests_of(&dir.join(file))?);
        }
        let mut excluded = Vec::new();
        for file in files(listed, "IgnoredGoFiles").filter(|file| file.ends_with("_test.go")) {
            excluded.extend(tests_of(&dir.join(file))?);
        }
        if tests.is_empty() && excluded.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            name: below(root, &dir),
            import_path: listed["ImportPath"].as_str().unwrap_or_default().to_owned(),
            dir,
            tests,
            excluded,
        }))
    }
}

fn files<'a>(listed: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    listed[key]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Reads the tests that a file declares.
fn tests_of(path: &Path) -> Result<Vec<GoTest>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut tests = Vec::new();
    let mut stack = None;
    for line in text.lines() {
        if let Some(frames) = line.strip_prefix("// stack: ") {
            stack = Some(frames.split(" < ").map(str::to_owned).collect());
        } else if let Some(name) = declared_test(line) {
            let expects = if name.starts_with("TestRace") {
                Expectation::Race
            } else if name.starts_with("TestNoRace") {
                Expectation::NoRace
            } else {
                return Err(format!(
                    "{}: {name} carries no verdict: call it TestRace… or TestNoRace…",
                    path.display()
                ));
            };
            tests.push(GoTest {
                name: name.to_owned(),
                expects,
                stack: stack.take(),
            });
        } else if !line.starts_with("//") {
            stack = None;
        }
    }
    Ok(tests)
}

fn declared_test(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("func ")?;
    let (name, _) = rest.split_once('(')?;
    (name.starts_with("Test") && name != "TestMain").then_some(name)
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

/// Fetches a module's dependencies, with a limit: a proxy that drops packets
/// would otherwise hold up everything.
fn download(directory: &Path, go: &Go) -> Result<(), String> {
    if !directory.join("go.sum").is_file() {
        return Ok(());
    }
    let mut messages = tempfile::tempfile().map_err(|error| error.to_string())?;
    let stderr: File = messages.try_clone().map_err(|error| error.to_string())?;
    let mut child = go
        .stock(directory)
        .args(["mod", "download"])
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("go mod download: {error}"))?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if started.elapsed() > DOWNLOAD_LIMIT {
            // It may have ended by itself in the meantime.
            let _ = child.kill();
            let _ = child.wait();
            let seconds = DOWNLOAD_LIMIT.as_secs();
            return Err(format!("no answer within {seconds} s"));
        }
        thread::sleep(Duration::from_millis(20));
    };
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    messages
        .rewind()
        .and_then(|()| messages.read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    Err(text.lines().last().unwrap_or("no message").to_owned())
}
