//! Finds the file that a frame names, on this machine.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{GoFile, Package, Site};
use crate::model::Frame;

/// A larger file is not Go that somebody wrote.
const MAX_FILE: u64 = 4 << 20;

/// Where the log's files are, and what was read of them.
#[derive(Default)]
pub struct Sources {
    roots: Vec<Root>,
    disabled: bool,
    files: RefCell<HashMap<Utf8PathBuf, Option<Rc<GoFile>>>>,
    packages: RefCell<HashMap<Utf8PathBuf, Rc<Package>>>,
}

/// A directory, and the prefix that it has in the log.
struct Root {
    /// Without one, the longest end of a path that exists is taken.
    prefix: Option<String>,
    directory: Utf8PathBuf,
}

impl Sources {
    /// Files are read where the log says that they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// No file is read.
    pub fn none() -> Self {
        Self {
            disabled: true,
            ..Self::default()
        }
    }

    /// Adds `DIR` or `PREFIX=DIR`.
    pub fn add(&mut self, option: &str) {
        let (prefix, directory) = match option.split_once('=') {
            Some((prefix, directory)) => (Some(slashes(prefix)), directory),
            None => (None, option),
        };
        self.roots.push(Root {
            prefix,
            directory: directory.into(),
        });
    }

    /// The file of a frame.
    pub fn find(&self, file: &str) -> Option<Rc<GoFile>> {
        if self.disabled || file.is_empty() || file.starts_with('<') {
            return None;
        }
        let named = slashes(file);
        let mapped = self.roots.iter().find_map(|root| root.find(&named));
        let path = mapped.unwrap_or_else(|| Utf8PathBuf::from(named));
        // A relative path says nothing about where to begin.
        if path.is_relative() && self.roots.is_empty() {
            return None;
        }
        self.read(&path)
    }

    /// What stands at a frame's line, if the file is the one that ran.
    pub fn site(&self, frame: &Frame) -> Option<Site> {
        let file = self.find(&frame.file)?;
        Site::at(&file, frame, &self.package(&file.path))
    }

    /// What the directory of a file declares.
    pub fn package(&self, file: &Utf8Path) -> Rc<Package> {
        let directory = file.parent().unwrap_or(Utf8Path::new("."));
        if let Some(known) = self.packages.borrow().get(directory) {
            return Rc::clone(known);
        }
        let package = Rc::new(Package::read(directory, |path| self.read(path)));
        self.packages
            .borrow_mut()
            .insert(directory.to_owned(), Rc::clone(&package));
        package
    }

    fn read(&self, path: &Utf8Path) -> Option<Rc<GoFile>> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone();
        }
        let small = path
            .metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_FILE);
        let file = small
            .then(|| std::fs::read_to_string(path).ok())
            .flatten()
            .and_then(|text| GoFile::parse(path, text))
            .map(Rc::new);
        self.files
            .borrow_mut()
            .insert(path.to_owned(), file.clone());
        file
    }
}

impl Root {
    fn find(&self, named: &str) -> Option<Utf8PathBuf> {
        if let Some(prefix) = &self.prefix {
            let rest = named.strip_prefix(prefix.as_str())?;
            let path = self.directory.join(rest.trim_start_matches('/'));
            return path.is_file().then_some(path);
        }
        let named = named.trim_start_matches('/');
        let mut rest = Some(named);
        while let Some(end) = rest {
            let path = self.directory.join(end);
            if path.is_file() {
                return Some(path);
            }
            rest = end.split_once('/').map(|(_, rest)| rest);
        }
        None
    }
}

fn slashes(path: &str) -> String {
    path.replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_paths() {
        let here = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
        let ours = here.join("src/source/locate.rs");
        let mut sources = Sources::new();
        sources.add(here.as_str());
        let root = &sources.roots[0];
        for named in [
            "/build/x/src/source/locate.rs",
            "C:/x/src/source/locate.rs",
            "src/source/locate.rs",
        ] {
            assert_eq!(root.find(named), Some(ours.clone()), "{named}");
        }
        assert_eq!(root.find("/x/other.rs"), None);
        let mut sources = Sources::new();
        sources.add(&format!("/build={here}"));
        let root = &sources.roots[0];
        assert_eq!(root.find("/build/src/source/locate.rs"), Some(ours));
        assert_eq!(root.find("/other/src/source/locate.rs"), None);
    }
}
