//! The source around an access: the lines, and the expression on them.
//!
//! Only Go files are read, and none of an unusual size: the names come from a
//! record, which someone else may have written.

mod expression;
mod scope;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::rc::Rc;

use tree_sitter::{Parser, Tree};

pub use expression::Wanted;

use crate::escape;

/// Larger Go files are generated, and slow to parse.
const LARGEST: u64 = 4 << 20;

/// Lines shown before and after the one that matters.
const CONTEXT: usize = 2;

/// A line of a file with those around it, as they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the first line.
    pub first: usize,
    /// The lines, escaped.
    pub lines: Vec<String>,
    /// Which of them matters.
    pub at: usize,
    /// The bytes of that line, as it is shown, that are marked.
    pub mark: Range<usize>,
    /// The columns of the very expression in the file, from 1, in UTF-16 units
    /// as other tools count them; None where the whole line is marked.
    pub columns: Option<Range<usize>>,
    /// The expression, where it is known and short enough for a sentence.
    pub expression: Option<String>,
}

/// The source files that were read so far.
#[derive(Default)]
pub struct Sources {
    files: RefCell<HashMap<String, Option<Rc<File>>>>,
}

struct File {
    text: String,
    tree: Option<Tree>,
}

impl Sources {
    /// The lines around a line, and where on it the wanted expression stands.
    /// None where the file is not there, or shorter than that.
    pub fn excerpt(&self, path: &str, line: usize, wanted: Option<&Wanted>) -> Option<Excerpt> {
        let file = self.file(path)?;
        let span = wanted
            .zip(file.tree.as_ref())
            .and_then(|(wanted, tree)| expression::find(tree, &file.text, line, wanted));
        Excerpt::cut(&file.text, line, span)
    }

    fn file(&self, path: &str) -> Option<Rc<File>> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone();
        }
        let file = read(path).map(|text| {
            Rc::new(File {
                tree: parse(&text),
                text,
            })
        });
        self.files
            .borrow_mut()
            .insert(path.to_owned(), file.clone());
        file
    }
}

fn read(path: &str) -> Option<String> {
    if !path.ends_with(".go") {
        return None;
    }
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > LARGEST {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
    parser.parse(text, None)
}

/// Longer expressions are no help in a headline.
const LONGEST_IN_WORDS: usize = 40;

impl Excerpt {
    fn cut(text: &str, line: usize, span: Option<Range<usize>>) -> Option<Self> {
        let index = line.checked_sub(1)?;
        let first = index.saturating_sub(CONTEXT);
        let raw = text.lines().nth(index)?;
        let lines: Vec<_> = text
            .lines()
            .skip(first)
            .take(index - first + 1 + CONTEXT)
            .map(|line| escape::source_line(line.trim_end()))
            .collect();
        let start = raw.as_ptr() as usize - text.as_ptr() as usize;
        let exact = span.is_some();
        // The whole line is marked without its indentation and what ends it.
        let span = match span {
            Some(span) => span.start - start..span.end - start,
            None => raw.len() - raw.trim_start().len()..raw.trim_end().len(),
        };
        let shown = |end: usize| escape::source_line(&raw[..end]).len();
        let column = |end: usize| raw[..end].encode_utf16().count() + 1;
        let columns = exact.then(|| column(span.start)..column(span.end));
        let expression = exact
            .then(|| escape::source_line(&raw[span.clone()]))
            .filter(|text| text.chars().count() <= LONGEST_IN_WORDS);
        Some(Self {
            first: first + 1,
            at: index - first,
            mark: shown(span.start.min(span.end))..shown(span.end),
            lines,
            columns,
            expression,
        })
    }

    /// The number of the line that matters.
    pub fn line(&self) -> usize {
        self.first + self.at
    }
}

#[cfg(test)]
mod tests;
