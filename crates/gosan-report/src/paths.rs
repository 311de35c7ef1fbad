//! How the names of files are shown: relative where they lie below the
//! directory that a rendering is read in.

use camino::{Utf8Path, Utf8PathBuf};

/// The directories that names are shown relative to.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Where the user is: names for people are relative to it.
    here: Utf8PathBuf,
    /// The top of the repository: names for programs are relative to it.
    root: Utf8PathBuf,
}

impl Paths {
    /// For a user in a directory. The repository is that of version control
    /// around it; without any, the directory itself.
    pub fn of(here: &Utf8Path) -> Self {
        let is_top = |dir: &&Utf8Path| dir.join(".git").exists();
        let root = here.ancestors().find(is_top).unwrap_or(here);
        Self {
            here: here.to_owned(),
            root: root.to_owned(),
        }
    }

    /// For people: relative to where they are, if it lies below.
    pub fn for_people<'a>(&self, file: &'a str) -> &'a str {
        relative(&self.here, file).unwrap_or(file)
    }

    /// For programs: relative to the top of the repository; None for a file
    /// outside.
    pub fn in_repository<'a>(&self, file: &'a str) -> Option<&'a str> {
        relative(&self.root, file)
    }

    /// The top of the repository.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }
}

fn relative<'a>(base: &Utf8Path, file: &'a str) -> Option<&'a str> {
    let rest = Utf8Path::new(file).strip_prefix(base).ok()?;
    (!rest.as_str().is_empty()).then_some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_where_they_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(dir.path()).unwrap();
        std::fs::create_dir_all(top.join(".git")).unwrap();
        let paths = Paths::of(&top.join("a/b"));
        let file = top.join("a/b/c.go").into_string();
        assert_eq!(paths.for_people(&file), "c.go");
        assert_eq!(paths.in_repository(&file), Some("a/b/c.go"));
        let beside = top.join("a/bc.go").into_string();
        assert_eq!(paths.for_people(&beside), beside);
        assert_eq!(paths.in_repository(&beside), Some("a/bc.go"));
        assert_eq!(paths.in_repository("/usr/go/src/x.go"), None);
    }
}
