//! `cargo xtask codes`: the lists in `docs/codes/`.
//!
//! `README.md` lists all codes with their titles, `corpus.md` the programs of the
//! corpus by the code of what is behind their race. Both are made of the pages
//! and of `corpus/codes.txt`, which the corpus's harness asserts.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// What the first two digits of a code stand for.
const GROUPS: &[(&str, &str)] = &[
    ("GS01", "Maps"),
    ("GS02", "HTTP"),
    ("GS03", "Closures"),
    ("GS04", "Slices"),
    ("GS05", "Locks"),
    ("GS06", "Atomics and initialisation"),
    ("GS07", "WaitGroup"),
    ("GS08", "Channels"),
    ("GS09", "Package variables"),
    ("GS10", "Pools, timers, library types"),
    ("GS11", "Tests"),
    ("GS12", "Goroutines that stand still"),
];

/// Writes the lists, or says whether they are current.
pub fn run(check: bool) -> Result<bool> {
    let root = workspace::root();
    let directory = root.join("docs/codes");
    let titles = titles(&directory)?;
    let corpus = fs::read_to_string(root.join("corpus/codes.txt")).context("corpus/codes.txt")?;
    let mut current = true;
    for (name, text) in [
        ("README.md", index(&titles)?),
        ("corpus.md", programs(&titles, &corpus)?),
    ] {
        let path = directory.join(name);
        let known = fs::read_to_string(&path).unwrap_or_default();
        if known == text {
            continue;
        }
        if check {
            println!("{path} is not current: run `cargo xtask codes`");
            current = false;
        } else {
            fs::write(&path, text).with_context(|| path.to_string())?;
            println!("wrote {path}");
        }
    }
    Ok(current)
}

/// The titles of all pages, by code.
pub fn titles(directory: &camino::Utf8Path) -> Result<BTreeMap<String, String>> {
    let mut titles = BTreeMap::new();
    for entry in directory
        .read_dir_utf8()
        .with_context(|| directory.to_string())?
    {
        let entry = entry?;
        let Some(code) = entry
            .file_name()
            .strip_suffix(".md")
            .filter(|name| name.starts_with("GS"))
        else {
            continue;
        };
        let text = fs::read_to_string(entry.path()).with_context(|| entry.path().to_string())?;
        let heading = text.lines().next().unwrap_or_default();
        let Some(title) = heading.strip_prefix(&format!("# {code}: ")) else {
            bail!("{} does not begin with `# {code}: `", entry.path());
        };
        titles.insert(code.to_owned(), title.to_owned());
    }
    Ok(titles)
}

fn index(titles: &BTreeMap<String, String>) -> Result<String> {
    let mut text = String::from(
        "# Codes\n\nWhat `gosan explain` finds behind races, crashes and goroutines that stand still. \
         `gosan explain GS0101` shows\na page in the terminal. The programs on the pages are run in CI. \
         [corpus.md](corpus.md) lists the programs of the\ncorpus by code. `cargo xtask codes` writes \
         this list.\n",
    );
    for (prefix, group) in GROUPS {
        write!(text, "\n## {group}\n\n")?;
        for (code, title) in titles.iter().filter(|(code, _)| code.starts_with(prefix)) {
            writeln!(text, "- [{code}]({code}.md): {title}")?;
        }
    }
    Ok(text)
}

fn programs(titles: &BTreeMap<String, String>, corpus: &str) -> Result<String> {
    let mut by_code: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in corpus.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        if let (Some(test), Some(code)) = (words.next(), words.next()) {
            by_code.entry(code).or_default().push(test);
        }
    }
    let count: usize = by_code.values().map(Vec::len).sum();
    let mut text = format!(
        "# What is behind the races of the corpus\n\n{count} programs with a race, by the code that \
         `gosan explain` must give their report.\n`cargo test -p gosan --test corpus` asserts it, and \
         that nothing is found in what the clean programs print.\n`cargo xtask codes` writes this list \
         from `corpus/codes.txt`.\n",
    );
    for (code, tests) in by_code {
        match titles.get(code) {
            Some(title) => write!(text, "\n## [{code}]({code}.md): {title}\n\n")?,
            None if code == "none" => write!(text, "\n## No diagnosis\n\n")?,
            None => bail!("corpus/codes.txt: there is no page for {code}"),
        }
        for test in tests {
            writeln!(text, "- `{test}`")?;
        }
    }
    Ok(text)
}
