//! Makes a second copy of a directory tree out of real directories and files.
//!
//! Files are hard links where the file system permits it, and copies elsewhere.
//! Symbolic links are replaced by what they point to: `go` silently ignores
//! packages behind linked directories, and refuses to embed linked files.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{Error, Result};

/// Directories at the top of a GOROOT that no build needs.
const SKIPPED_AT_TOP: [&str; 1] = [".git"];

/// What a copy of a tree consisted of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    pub linked: usize,
    pub copied: usize,
}

/// Whether files of the new tree may share their content with the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    HardLinks,
    Copies,
}

/// Copies the tree at `from` to `to`, which must not exist, except for the
/// files in `left_out`, whose paths are relative to `from`.
///
/// Errors about `to` name it as part of gosan's cache.
pub fn replicate(
    from: &Path,
    to: &Path,
    left_out: &HashSet<PathBuf>,
    sharing: Sharing,
) -> Result<Copied> {
    let mut done = Copied::default();
    let mut sharing = sharing;
    let walk = WalkDir::new(from)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() != 1 || !SKIPPED_AT_TOP.iter().any(|name| entry.file_name() == *name)
        });
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_dangling_link(&error) => continue,
            Err(error) => {
                let path = error.path().unwrap_or(from).to_owned();
                return Err(Error::read(path)(error.into()));
            }
        };
        let relative = entry
            .path()
            .strip_prefix(from)
            .expect("the walk stays below its start");
        let target = to.join(relative);
        if entry.file_type().is_dir() {
            fs::create_dir(&target).map_err(|source| write_error(&target, source))?;
        } else if entry.file_type().is_file() && !left_out.contains(relative) {
            copy_file(entry.path(), &target, &mut sharing, &mut done)?;
        }
    }
    Ok(done)
}

/// A link that points nowhere is of no use to a build, and no reason to stop.
fn is_dangling_link(error: &walkdir::Error) -> bool {
    let not_found = error.io_error().map(io::Error::kind) == Some(io::ErrorKind::NotFound);
    not_found
        && error
            .path()
            .and_then(|path| path.symlink_metadata().ok())
            .is_some_and(|metadata| metadata.is_symlink())
}

fn copy_file(from: &Path, to: &Path, sharing: &mut Sharing, done: &mut Copied) -> Result<()> {
    if *sharing == Sharing::HardLinks {
        // A hard link of a symbolic link is a symbolic link again.
        let source = from.canonicalize().map_err(Error::read(from))?;
        match fs::hard_link(source, to) {
            Ok(()) => {
                done.linked += 1;
                return Ok(());
            }
            // One file may have too many links; all others may still be linked.
            Err(error) if error.kind() == io::ErrorKind::TooManyLinks => {}
            // Another file system, or a rule against links to others' files.
            Err(_) => *sharing = Sharing::Copies,
        }
    }
    let mut input = fs::File::open(from).map_err(Error::read(from))?;
    let mode = input.metadata().map_err(Error::read(from))?.permissions();
    write_new(to, &mut input, mode.mode() | 0o200)?;
    done.copied += 1;
    Ok(())
}

/// Writes a file that shares its content with no other. A file of that name is
/// removed first: writing into it could write through a hard link.
pub fn write_new(path: &Path, content: &mut dyn io::Read, mode: u32) -> Result<()> {
    let mut write = || -> io::Result<()> {
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut output = fs::File::create_new(path)?;
        io::copy(content, &mut output)?;
        output.set_permissions(fs::Permissions::from_mode(mode & 0o777))
    };
    write().map_err(|source| write_error(path, source))
}

/// Removes a tree, including directories that permit no writing. Returns how
/// many bytes of disk space that gave back; shared files give back nothing.
pub fn remove(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut freed = 0;
    for entry in WalkDir::new(path) {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let mode = metadata.permissions().mode();
            if mode & 0o700 != 0o700 {
                fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode | 0o700))?;
            }
        } else if metadata.nlink() == 1 {
            freed += metadata.blocks() * 512;
        }
    }
    fs::remove_dir_all(path)?;
    Ok(freed)
}

fn write_error(path: &Path, source: io::Error) -> Error {
    match camino::Utf8PathBuf::from_path_buf(path.to_owned()) {
        Ok(path) => Error::Cache { path, source },
        Err(path) => Error::NotUtf8 { path },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join("real").join(name);
        fs::create_dir_all(at("src/a")).unwrap();
        fs::create_dir_all(at(".git")).unwrap();
        fs::create_dir_all(dir.path().join("elsewhere")).unwrap();
        fs::write(at(".git/config"), "").unwrap();
        fs::write(at("src/a/a.go"), "package a").unwrap();
        fs::write(at("src/changed.go"), "old").unwrap();
        fs::write(dir.path().join("elsewhere/b.go"), "package b").unwrap();
        symlink(dir.path().join("elsewhere"), at("src/b")).unwrap();
        symlink("a/a.go", at("src/link.go")).unwrap();
        symlink("nowhere", at("src/dangling")).unwrap();
        dir
    }

    fn check(sharing: Sharing) -> Copied {
        let dir = tree();
        let (real, copy) = (dir.path().join("real"), dir.path().join("copy"));
        let left_out = HashSet::from([PathBuf::from("src/changed.go")]);
        let done = replicate(&real, &copy, &left_out, sharing).unwrap();
        for file in ["src/a/a.go", "src/b/b.go", "src/link.go"] {
            let metadata = copy.join(file).symlink_metadata().unwrap();
            assert!(metadata.is_file(), "{file} is not a real file");
        }
        assert!(copy.join("src/b").symlink_metadata().unwrap().is_dir());
        assert!(!copy.join("src/changed.go").exists());
        assert!(!copy.join("src/dangling").is_symlink());
        assert!(!copy.join(".git").exists());
        let shared = copy.join("src/a/a.go").metadata().unwrap().ino()
            == real.join("src/a/a.go").metadata().unwrap().ino();
        assert_eq!(shared, sharing == Sharing::HardLinks);
        done
    }

    #[test]
    fn links_files_and_resolves_symbolic_links() {
        let done = check(Sharing::HardLinks);
        assert_eq!((done.linked, done.copied), (3, 0));
    }

    #[test]
    fn copies_where_links_are_impossible() {
        let done = check(Sharing::Copies);
        assert_eq!((done.linked, done.copied), (0, 3));
    }

    #[test]
    fn writing_never_goes_through_a_link() {
        let dir = tree();
        let original = dir.path().join("real/src/changed.go");
        let linked = dir.path().join("linked.go");
        fs::hard_link(&original, &linked).unwrap();
        write_new(&linked, &mut "new".as_bytes(), 0o444).unwrap();
        assert_eq!(fs::read_to_string(&original).unwrap(), "old");
        assert_eq!(fs::read_to_string(&linked).unwrap(), "new");
        write_new(&linked, &mut "newer".as_bytes(), 0o644).unwrap();
        assert_eq!(fs::read_to_string(&linked).unwrap(), "newer");
    }

    #[test]
    fn removes_read_only_trees_and_counts_own_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(root.join("sub/own"), [1; 5000]).unwrap();
        fs::write(dir.path().join("kept"), [1; 50_000]).unwrap();
        fs::hard_link(dir.path().join("kept"), root.join("shared")).unwrap();
        let read_only = fs::Permissions::from_mode(0o555);
        fs::set_permissions(root.join("sub"), read_only).unwrap();
        let freed = remove(&root).unwrap();
        assert!((5000..50_000).contains(&freed), "{freed} bytes");
        assert!(!root.exists());
        assert!(dir.path().join("kept").exists());
    }
}
