//! What the files of one directory declare: fields, variables, methods.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};

use super::GoFile;
use super::file::children;

/// More files are not read.
const MAX_FILES: usize = 400;

/// A variable of the package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// The type, or the value that it begins with, as it is written.
    pub written: String,
}

/// The declarations of a directory.
#[derive(Debug, Default)]
pub struct Package {
    /// By the field's name: the struct, and the type as it is written.
    fields: HashMap<String, Vec<(String, String)>>,
    variables: HashMap<String, Variable>,
    /// Methods by name: whether each has its receiver by value.
    methods: HashMap<String, Vec<bool>>,
    /// Functions and methods that take a lock, give it back and return something.
    locking: HashSet<String>,
    /// The language version of `go.mod`, if one is found.
    pub language: Option<(u32, u32)>,
}

impl Package {
    /// Reads a directory.
    pub fn read(
        directory: &Utf8Path,
        mut open: impl FnMut(&Utf8Path) -> Option<Rc<GoFile>>,
    ) -> Self {
        let mut package = Self {
            language: language(directory),
            ..Self::default()
        };
        let Ok(entries) = directory.read_dir_utf8() else {
            return package;
        };
        let mut paths: Vec<Utf8PathBuf> = entries
            .filter_map(Result::ok)
            .map(camino::Utf8DirEntry::into_path)
            .filter(|path| path.extension() == Some("go"))
            .collect();
        paths.sort();
        for path in paths.iter().take(MAX_FILES) {
            if let Some(file) = open(path) {
                package.add(&file);
            }
        }
        package
    }

    /// The types that fields of this name have, as they are written.
    pub fn field_types(&self, field: &str) -> impl Iterator<Item = &str> {
        self.fields
            .get(field)
            .into_iter()
            .flatten()
            .map(|(_, written)| written.as_str())
    }

    /// The type of a field of this struct.
    pub fn field_of(&self, structure: &str, field: &str) -> Option<&str> {
        let (_, written) = self
            .fields
            .get(field)?
            .iter()
            .find(|(owner, _)| owner == structure)?;
        Some(written)
    }

    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// All methods of this name work on a copy of their receiver.
    pub fn is_by_value(&self, method: &str) -> bool {
        self.methods
            .get(method)
            .is_some_and(|receivers| receivers.iter().all(|by_value| *by_value))
    }

    /// A function of this name returns something from under a lock.
    pub fn is_locking(&self, function: &str) -> bool {
        self.locking.contains(function)
    }

    fn add_function(&mut self, file: &GoFile, item: tree_sitter::Node) {
        let Some(name) = item.child_by_field_name("name") else {
            return;
        };
        let name = file.text(name).to_owned();
        if let Some(receiver) = item.child_by_field_name("receiver") {
            let by_value = !file.text(receiver).contains('*');
            self.methods.entry(name.clone()).or_default().push(by_value);
        }
        if item
            .child_by_field_name("body")
            .is_some_and(|body| locks_and_returns(file.text(body)))
        {
            self.locking.insert(name);
        }
    }

    fn add(&mut self, file: &GoFile) {
        for item in children(file.root()) {
            match item.kind() {
                "type_declaration" => self.add_types(file, item),
                "var_declaration" => self.add_variables(file, item),
                "function_declaration" | "method_declaration" => self.add_function(file, item),
                _ => {}
            }
        }
    }

    fn add_types(&mut self, file: &GoFile, item: tree_sitter::Node) {
        for spec in children(item) {
            let (Some(name), Some(written)) = (
                spec.child_by_field_name("name"),
                spec.child_by_field_name("type"),
            ) else {
                continue;
            };
            if written.kind() != "struct_type" {
                continue;
            }
            let owner = file.text(name);
            for list in children(written) {
                for field in children(list) {
                    let Some(kind) = field.child_by_field_name("type") else {
                        continue;
                    };
                    let kind = file.text(kind);
                    let mut cursor = field.walk();
                    let mut names: Vec<&str> = field
                        .children_by_field_name("name", &mut cursor)
                        .map(|node| file.text(node))
                        .collect();
                    if names.is_empty() {
                        // Embedded: its name is the type's.
                        names.push(
                            kind.trim_start_matches('*')
                                .rsplit('.')
                                .next()
                                .unwrap_or(kind),
                        );
                    }
                    for name in names {
                        let known = self.fields.entry(name.to_owned()).or_default();
                        known.push((owner.to_owned(), kind.to_owned()));
                    }
                }
            }
        }
    }

    fn add_variables(&mut self, file: &GoFile, item: tree_sitter::Node) {
        let specs = children(item).flat_map(|inner| match inner.kind() {
            "var_spec_list" => children(inner).collect(),
            _ => vec![inner],
        });
        for spec in specs {
            let written = spec
                .child_by_field_name("type")
                .or_else(|| spec.child_by_field_name("value"))
                .map(|node| file.text(node).to_owned())
                .unwrap_or_default();
            let mut cursor = spec.walk();
            for name in spec.children_by_field_name("name", &mut cursor) {
                let variable = Variable {
                    written: written.clone(),
                };
                self.variables.insert(file.text(name).to_owned(), variable);
            }
        }
    }
}

/// What a function with this body returns was read under its lock.
pub fn locks_and_returns(body: &str) -> bool {
    body.contains("Lock()") && body.contains("return ")
}

/// The `go` line of the nearest go.mod.
fn language(directory: &Utf8Path) -> Option<(u32, u32)> {
    let text = directory
        .ancestors()
        .find_map(|directory| std::fs::read_to_string(directory.join("go.mod")).ok())?;
    let version = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("go "))?
        .trim();
    let mut numbers = version.split(['.', 'r', 'b', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
