//! Finds `//gosan:ignore REASON` in the sources of the user's modules.
//!
//! Behind code the comment is about its line; on a line of its own about the
//! next one; in the comment above a function about the whole function. A race
//! is suppressed if a stack of its accesses passes through such a line.
//!
//! The files are searched for the word, and only those that have it are parsed,
//! so that a string with the word in it is none.

use std::ffi::OsStr;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use gosan_wire::{Race, Status};
use tree_sitter::{Node, Parser};
use walkdir::{DirEntry, WalkDir};

const MARK: &str = "//gosan:ignore";

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The file, absolute.
    file: PathBuf,
    /// The name that a program built with -trimpath knows it by.
    trimmed: Option<String>,
    /// The line of the comment.
    line: usize,
    /// The lines that it is about.
    covers: RangeInclusive<usize>,
    /// Whether it says why.
    has_reason: bool,
}

/// A module of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its import path.
    pub path: String,
    /// Its directory, absolute.
    pub directory: PathBuf,
}

impl Ignore {
    /// What it is called in records and warnings.
    pub fn name(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }

    /// Whether it covers a race of the records.
    fn covers(&self, race: &Race) -> bool {
        race.status == Status::Suppressed && race.suppressed_by == Some(self.name())
    }
}

/// All comments of the modules, in the order of files and lines. What cannot be
/// read is left to go, which says so.
pub fn find(modules: &[Module]) -> Vec<Ignore> {
    let mut found = Vec::new();
    for module in modules {
        let files = WalkDir::new(&module.directory).sort_by_file_name();
        let go_may_build = |entry: &DirEntry| entry.depth() == 0 || !is_skipped(entry);
        for entry in files.into_iter().filter_entry(go_may_build).flatten() {
            if entry.path().extension() != Some(OsStr::new("go")) {
                continue;
            }
            let Ok(text) = fs::read(entry.path()) else {
                continue;
            };
            if memchr::memmem::find(&text, MARK.as_bytes()).is_some() {
                found.extend(in_file(module, entry.path(), &text));
            }
        }
    }
    found
}

/// Directories in which go does not look for packages, and modules of their own.
fn is_skipped(entry: &DirEntry) -> bool {
    let name = entry.file_name().as_encoded_bytes();
    entry.file_type().is_dir()
        && (matches!(name.first(), Some(b'.' | b'_'))
            || matches!(name, b"testdata" | b"vendor" | b"node_modules")
            || entry.path().join("go.mod").exists())
}

fn in_file(module: &Module, file: &Path, text: &[u8]) -> Vec<Ignore> {
    let mut parser = Parser::new();
    let language = tree_sitter_go::LANGUAGE.into();
    let tree = parser
        .set_language(&language)
        .ok()
        .and_then(|()| parser.parse(text, None));
    let Some(tree) = tree else { return Vec::new() };
    let relative = file.strip_prefix(&module.directory).ok();
    let trimmed = relative.map(|name| format!("{}/{}", module.path, name.display()));
    let mut found = Vec::new();
    visit(tree.root_node(), &mut |node| {
        let comment = &text[node.byte_range()];
        let Some(rest) = comment.strip_prefix(MARK.as_bytes()) else {
            return;
        };
        if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
            return;
        }
        found.push(Ignore {
            file: file.to_owned(),
            trimmed: trimmed.clone(),
            line: node.start_position().row + 1,
            covers: covered(node, text),
            has_reason: !rest.trim_ascii().is_empty(),
        });
    });
    found
}

/// Calls `f` with every comment, in their order.
fn visit(node: Node, f: &mut impl FnMut(Node)) {
    if node.kind() == "comment" {
        f(node);
    }
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        visit(child, f);
    }
}

/// The lines that a comment is about.
fn covered(comment: Node, text: &[u8]) -> RangeInclusive<usize> {
    let row = comment.start_position().row;
    let before = &text[comment.start_byte() - comment.start_position().column..];
    let before = &before[..comment.start_position().column];
    if !before.trim_ascii().is_empty() {
        return row + 1..=row + 1;
    }
    // The comments below it belong to the same block.
    let mut last = row;
    let mut next = comment.next_sibling();
    while let Some(node) = next.filter(|node| node.start_position().row == last + 1) {
        let is_function = matches!(node.kind(), "function_declaration" | "method_declaration");
        if is_function {
            return node.start_position().row + 1..=node.end_position().row + 1;
        }
        if node.kind() != "comment" {
            break;
        }
        last = node.start_position().row;
        next = node.next_sibling();
    }
    last + 2..=last + 2
}

/// The lines as the runtime reads them.
pub fn for_runtime(ignores: &[Ignore]) -> String {
    let mut text = String::new();
    for ignore in ignores {
        let (first, last) = (ignore.covers.start(), ignore.covers.end());
        let names = [
            Some(ignore.file.to_string_lossy().into_owned()),
            ignore.trimmed.clone(),
        ];
        for file in names.into_iter().flatten() {
            // A name with a line break in it cannot be told; go refuses it too.
            if !file.contains(['\n', '\t']) {
                text += &format!("{first}\t{last}\t{file}\t{}\n", ignore.name());
            }
        }
    }
    text
}

/// What is wrong with the comments themselves.
pub fn without_reason(ignores: &[Ignore]) -> impl Iterator<Item = String> {
    let bad = ignores.iter().filter(|ignore| !ignore.has_reason);
    bad.map(|ignore| format!("{}: {MARK} has no reason; say why", ignore.name()))
}

/// Comments that no race of a run fell under. `ran` says whether all tests of
/// the package in a directory ran.
pub fn unmatched(
    ignores: &[Ignore],
    races: &[Race],
    ran: impl Fn(&Path) -> bool,
) -> impl Iterator<Item = String> {
    let bad = ignores.iter().filter(move |ignore| {
        let directory = ignore.file.parent().unwrap_or(&ignore.file);
        ran(directory) && !races.iter().any(|race| ignore.covers(race))
    });
    bad.map(|ignore| format!("{}: {MARK} matched no race of this run", ignore.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"package shop

var total int //gosan:ignore only for show

//gosan:ignore

var other int

// Add adds.
//gosan:ignore the sum is approximate
// on purpose.
func (c *Cart) Add(n int) {
	//gosan:ignore next line
	c.n += n
	text := "//gosan:ignore not a comment"
	//gosan:ignored nor this
	_ = text
}
"#;

    #[test]
    fn comments_are_about_their_line_the_next_or_a_function() {
        let dir = tempfile::tempdir().unwrap();
        let module = Module {
            path: "example.com/shop".to_owned(),
            directory: dir.path().to_owned(),
        };
        for name in ["cart.go", "vendor/v.go", ".git/g.go", "note.txt"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, SOURCE).unwrap();
        }
        let found = find(&[module]);
        let lines: Vec<_> = found
            .iter()
            .map(|ignore| (ignore.line, *ignore.covers.start(), *ignore.covers.end()))
            .collect();
        assert_eq!(lines, [(3, 3, 3), (5, 6, 6), (10, 12, 18), (13, 14, 14)]);
        let told: Vec<_> = without_reason(&found).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("cart.go:5: //gosan:ignore has no reason"));
        let told: Vec<_> = unmatched(&found, &[], |path| path == dir.path()).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(unmatched(&found, &[], |_| false).count(), 0);
        let text = for_runtime(&found);
        assert!(
            text.contains("\n12\t18\texample.com/shop/cart.go\t/"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 8);
    }
}
