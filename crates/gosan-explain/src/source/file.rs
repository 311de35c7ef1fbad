//! A Go file with its syntax tree.

use camino::{Utf8Path, Utf8PathBuf};
use tree_sitter::{Node, Parser, Tree};

/// A parsed file. What is wrong in it is skipped, as tree-sitter does.
pub struct GoFile {
    pub path: Utf8PathBuf,
    text: String,
    tree: Tree,
}

impl GoFile {
    pub fn parse(path: &Utf8Path, text: String) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
        let tree = parser.parse(&text, None)?;
        Some(Self {
            path: path.to_owned(),
            text,
            tree,
        })
    }

    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text of a node.
    pub fn text(&self, node: Node) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    pub fn source(&self) -> &str {
        &self.text
    }

    /// A line, counted from 1.
    pub fn line(&self, number: u32) -> Option<&str> {
        self.text
            .lines()
            .nth(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The Go version that a `//go:build go1.21` line sets for the file.
    pub fn language(&self) -> Option<(u32, u32)> {
        let line = self
            .text
            .lines()
            .take_while(|line| !line.starts_with("package "))
            .find_map(|line| line.strip_prefix("//go:build go"))?;
        let (major, minor) = line.trim().split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

/// The named children of a node.
pub fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..node.named_child_count()).filter_map(move |index| node.named_child(index as u32))
}

/// All nodes below this one, this one first. `enter` says whether to go into a
/// node.
pub fn walk<'a>(node: Node<'a>, enter: &dyn Fn(Node<'a>) -> bool, visit: &mut dyn FnMut(Node<'a>)) {
    // Not recursive: what others write may nest as deep as it likes.
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        visit(node);
        if !enter(node) {
            continue;
        }
        let mut cursor = node.walk();
        let inner: Vec<_> = node.named_children(&mut cursor).collect();
        stack.extend(inner.into_iter().rev());
    }
}

/// The nodes around this one, the nearest first.
pub fn ancestors(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(node.parent(), Node::parent)
}
