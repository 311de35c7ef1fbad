//! `cargo xtask tidy`: the repository's rules that no compiler checks.
//!
//! `rust` holds the rules for Rust's files, `docs` those for pages and links,
//! `diagnoses` those for what gosan explain says.
//! The allow-lists and limits stand here, in one place.

mod diagnoses;
mod docs;
mod rust;

use std::fmt;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use crate::process;
use crate::workspace;

/// Where `unsafe` may be used.
const UNSAFE_ALLOWED: &[&str] = &["crates/gosan-rt/"];

/// Longer Rust files hold more than one concept.
const MAX_LINES: usize = 900;

/// Words that mark unfinished work.  Put together here, or this file would be
/// the first to be found.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Go files that gofmt cannot read: templates, and what is wrong on purpose.
const NOT_FORMATTED: &[&str] = &["crates/gosan-go/patches/", "/testdata/"];

const GOFMT_LIMIT: Duration = Duration::from_secs(120);

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub file: Utf8PathBuf,
    /// Counted from 1; None when it is about the file as a whole.
    pub line: Option<usize>,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file, self.what),
            None => write!(formatter, "{}: {}", self.file, self.what),
        }
    }
}

pub fn run() -> Result<bool> {
    let root = workspace::root();
    let files = files(root)?;
    let mut findings = Vec::new();
    for file in &files {
        let kind = file.extension().unwrap_or_default();
        if !matches!(kind, "rs" | "go" | "md" | "sh" | "toml" | "s") {
            continue;
        }
        let path = root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        if kind == "rs" {
            findings.extend(rust::check(file, &text));
        }
        findings.extend(unfinished(file, &text));
    }
    findings.extend(docs::check(root, &files)?);
    findings.extend(diagnoses::check(&files));
    findings.extend(gofmt(root, &files)?);
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings.", files.len(), findings.len());
    Ok(findings.is_empty())
}

/// The repository's files, relative to its root, without what git ignores.
fn files(root: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let mut files = Vec::new();
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .parents(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_path(Ord::cmp)
        .build();
    for entry in walk {
        let entry = entry.with_context(|| format!("cannot list {root}"))?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let path = Utf8PathBuf::from_path_buf(entry.into_path());
            let Ok(path) = path else {
                bail!("a file's name under {root} is not UTF-8");
            };
            files.push(path.strip_prefix(root).map(Utf8Path::to_owned)?);
        }
    }
    Ok(files)
}

/// Finds words for unfinished work.  In Go they count in comments only: Go has a
/// function of such a name, `context`'s.
fn unfinished(file: &Utf8Path, text: &str) -> Vec<Finding> {
    let comments_only = file.extension() == Some("go");
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let checked = match (comments_only, line.split_once("//")) {
            (true, Some((_, comment))) => comment,
            (true, None) => continue,
            (false, _) => line,
        };
        let mut words = checked.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = words.find(|word| UNFINISHED.contains(word)) {
            findings.push(Finding {
                file: file.to_owned(),
                line: Some(index + 1),
                what: format!("{word} marks unfinished work; finish it or leave it out"),
            });
        }
    }
    findings
}

/// Go files must be as gofmt leaves them.
fn gofmt(root: &Utf8Path, files: &[Utf8PathBuf]) -> Result<Vec<Finding>> {
    let sources: Vec<&Utf8PathBuf> = files
        .iter()
        .filter(|file| file.extension() == Some("go"))
        .filter(|file| {
            !NOT_FORMATTED
                .iter()
                .any(|part| file.as_str().contains(part))
        })
        .collect();
    if sources.is_empty() || !process::on_path("gofmt") {
        return Ok(Vec::new());
    }
    let mut command = Command::new("gofmt");
    command.arg("-l").args(&sources).current_dir(root);
    let outcome = process::capture(&mut command, GOFMT_LIMIT)?;
    let finding = |file: &str, what: &str| Finding {
        file: file.into(),
        line: None,
        what: what.to_owned(),
    };
    let mut findings: Vec<Finding> = outcome
        .stdout
        .lines()
        .map(|file| finding(file, "not as gofmt -w leaves it"))
        .collect();
    let errors = outcome.stderr.lines();
    findings.extend(errors.map(|line| finding("gofmt", line)));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(file: &str, text: &str) -> usize {
        unfinished(Utf8Path::new(file), text).len()
    }

    #[test]
    fn words_for_unfinished_work_are_found_as_words() {
        let word = UNFINISHED[0];
        assert_eq!(words("a.rs", &format!("fn f() {{}} // {word}: more")), 1);
        assert_eq!(words("a.md", word), 1);
        assert_eq!(words("a.rs", &format!("let MY_{word}_LIST = 1;")), 0);
        assert_eq!(words("a.sh", &format!("mktemp -d /tmp/a.{}XX", "XXXX")), 0);
    }

    #[test]
    fn in_go_only_comments_count() {
        let word = UNFINISHED[0];
        assert_eq!(words("a.go", &format!("ctx := context.{word}()")), 0);
        assert_eq!(words("a.go", &format!("x() // {word} y")), 1);
    }

    #[test]
    fn the_walk_leaves_out_what_git_ignores() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Utf8Path::from_path(directory.path()).expect("UTF-8");
        for file in ["target/made.rs", ".ci/run", "src/a.rs"] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
            fs::write(path, "").expect("it is ours");
        }
        fs::write(root.join(".gitignore"), "/target\n").expect("it is ours");
        let found = files(root).expect("it can be listed");
        assert_eq!(found, [".ci/run", ".gitignore", "src/a.rs"]);
    }
}
