//! gosan's own directory: where it lies, who may change it when, and how it is
//! emptied.
//!
//! Two locks guard it. Every gosan that runs a `go` holds `in-use` shared;
//! assembling a GOROOT takes `assembling` exclusively; emptying the cache takes
//! both exclusively. Locks vanish with their process, however that ends.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{Error, Result, tree};

/// Names within the cache directory.
const GOROOTS: &str = "goroots";
const STAMPS: &str = "stamps";
const RUNS: &str = "runs";
const LAST_RUN: &str = "last-run";
const IN_USE: &str = "in-use.lock";
const ASSEMBLING: &str = "assembling.lock";

/// What temporary directories among the assembled roots start with.
pub const TEMPORARY_PREFIX: &str = ".tmp-";

/// gosan's directory. It may not exist yet.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: Utf8PathBuf,
}

/// Held while gosan works with what is in the cache.
#[derive(Debug)]
pub struct InUse {
    _lock: File,
}

/// Held while gosan adds an assembled root.
#[derive(Debug)]
pub struct Assembling {
    _lock: File,
}

/// What emptying the cache removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// Complete assembled roots.
    pub roots: usize,
    /// Bytes given back to the disk.
    pub bytes: u64,
}

#[derive(Clone, Copy)]
enum Hold {
    Shared,
    Exclusive,
    ExclusiveNow,
}

impl Cache {
    /// The user's cache: `GOSAN_CACHE`, or `gosan` in the user's cache directory.
    pub fn locate() -> Result<Self> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let dir = if let Some(dir) = set("GOSAN_CACHE") {
            PathBuf::from(dir)
        } else if let Some(dir) = set("XDG_CACHE_HOME") {
            Path::new(&dir).join("gosan")
        } else if let Some(home) = set("HOME") {
            Path::new(&home).join(".cache/gosan")
        } else {
            return Err(Error::CacheHomeless);
        };
        Self::at(&dir)
    }

    /// A cache in the named directory.
    pub fn at(dir: &Path) -> Result<Self> {
        let dir = std::path::absolute(dir).map_err(Error::read(dir))?;
        let dir = Utf8PathBuf::from_path_buf(dir).map_err(|path| Error::NotUtf8 { path })?;
        Ok(Self { dir })
    }

    pub fn dir(&self) -> &Utf8Path {
        &self.dir
    }

    /// Where assembled roots lie.
    pub fn goroots(&self) -> Utf8PathBuf {
        self.dir.join(GOROOTS)
    }

    /// Where notes about finished work lie.
    pub fn stamps(&self) -> Utf8PathBuf {
        self.dir.join(STAMPS)
    }

    /// Where each running gosan keeps what belongs to its run.
    pub fn runs(&self) -> Utf8PathBuf {
        self.dir.join(RUNS)
    }

    /// Where the records of the last run are kept.
    pub fn last_run(&self) -> Utf8PathBuf {
        self.dir.join(LAST_RUN)
    }

    /// Announces that this process works with the cache until the result is
    /// dropped.
    pub fn enter(&self) -> Result<InUse> {
        self.create()?;
        let lock = self.lock(IN_USE, Hold::Shared)?;
        Ok(InUse { _lock: lock })
    }

    /// Waits until no other process assembles a root.
    pub fn start_assembling(&self) -> Result<Assembling> {
        self.create()?;
        let lock = self.lock(ASSEMBLING, Hold::Exclusive)?;
        Ok(Assembling { _lock: lock })
    }

    /// Removes everything that gosan has made. Fails at once if another gosan
    /// is running.
    pub fn clear(&self) -> Result<Cleared> {
        if !self.dir.exists() {
            return Ok(Cleared::default());
        }
        let _in_use = self.lock(IN_USE, Hold::ExclusiveNow)?;
        let _assembling = self.lock(ASSEMBLING, Hold::ExclusiveNow)?;
        let mut cleared = Cleared::default();
        let goroots = self.goroots();
        for entry in read_dir(&goroots)? {
            let complete = !entry.starts_with(TEMPORARY_PREFIX);
            let path = goroots.join(&entry);
            // Under another name first, so that no half of it is ever used.
            let doomed = goroots.join(format!("{TEMPORARY_PREFIX}doomed-{entry}"));
            fs::rename(&path, &doomed).map_err(Error::cache(&path))?;
            cleared.bytes += tree::remove(doomed.as_std_path()).map_err(Error::cache(&doomed))?;
            cleared.roots += usize::from(complete);
        }
        for path in [&goroots, &self.stamps(), &self.runs(), &self.last_run()] {
            if path.exists() {
                tree::remove(path.as_std_path()).map_err(Error::cache(path))?;
            }
        }
        for name in [ASSEMBLING, IN_USE] {
            let path = self.dir.join(name);
            fs::remove_file(&path).map_err(Error::cache(&path))?;
        }
        // It stays if the user keeps something else in it.
        match fs::remove_dir(&self.dir) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            // A mount point, or a parent that may not be written.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ResourceBusy | io::ErrorKind::PermissionDenied
                ) => {}
            Err(error) => return Err(Error::cache(&self.dir)(error)),
        }
        Ok(cleared)
    }

    /// Removes what assemblies that were killed have left behind. Only for the
    /// holder of the lock: nobody else's temporary directory can be alive then.
    pub fn remove_stale(&self, _lock: &Assembling) -> Result<()> {
        let goroots = self.goroots();
        for entry in read_dir(&goroots)? {
            if entry.starts_with(TEMPORARY_PREFIX) {
                let path = goroots.join(entry);
                tree::remove(path.as_std_path()).map_err(Error::cache(&path))?;
            }
        }
        Ok(())
    }

    fn create(&self) -> Result<()> {
        for dir in [self.goroots(), self.stamps()] {
            if !dir.is_dir() {
                fs::create_dir_all(&dir).map_err(Error::cache(&self.dir))?;
            }
        }
        Ok(())
    }

    fn lock(&self, name: &str, hold: Hold) -> Result<File> {
        let path = self.dir.join(name);
        loop {
            let file = open_lock(&path).map_err(Error::cache(&self.dir))?;
            let locked = match hold {
                Hold::Shared => fs4::FileExt::lock_shared(&file),
                Hold::Exclusive => fs4::FileExt::lock(&file),
                Hold::ExclusiveNow => match fs4::FileExt::try_lock(&file) {
                    Ok(()) => Ok(()),
                    Err(fs4::TryLockError::WouldBlock) => {
                        let path = self.dir.clone();
                        return Err(Error::CacheBusy { path });
                    }
                    Err(fs4::TryLockError::Error(error)) => Err(error),
                },
            };
            locked.map_err(Error::cache(&self.dir))?;
            // Whoever emptied the cache has removed the file that was locked.
            if is_file_at(&file, &path) {
                return Ok(file);
            }
            self.create()?;
        }
    }
}

/// A cache that is complete may be read-only; a shared lock needs no more.
fn open_lock(path: &Utf8Path) -> io::Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    match opened {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            File::open(path).map_err(|_| error)
        }
        other => other,
    }
}

fn is_file_at(file: &File, path: &Utf8Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn read_dir(path: &Utf8Path) -> Result<Vec<String>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let entries = path.read_dir_utf8().map_err(Error::cache(path))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_owned()))
        .collect::<io::Result<_>>()
        .map_err(Error::cache(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(&dir.path().join("cache")).unwrap();
        (dir, cache)
    }

    #[test]
    fn clears_roots_stamps_and_locks_and_itself() {
        let (_dir, cache) = cache();
        drop(cache.enter().unwrap());
        fs::create_dir(cache.goroots().join("go1.26.0-aa")).unwrap();
        fs::write(cache.goroots().join("go1.26.0-aa/VERSION"), "go").unwrap();
        fs::create_dir(cache.goroots().join(".tmp-1")).unwrap();
        fs::write(cache.stamps().join("x"), "").unwrap();
        assert_eq!(cache.clear().unwrap().roots, 1);
        assert!(!cache.dir().exists());
        assert_eq!(cache.clear().unwrap(), Cleared::default());
    }

    #[test]
    fn keeps_what_is_not_gosans() {
        let (_dir, cache) = cache();
        drop(cache.enter().unwrap());
        fs::write(cache.dir().join("notes.txt"), "mine").unwrap();
        cache.clear().unwrap();
        assert!(cache.dir().join("notes.txt").exists());
        assert!(!cache.goroots().exists());
    }

    #[test]
    fn refuses_to_clear_what_is_in_use() {
        let (_dir, cache) = cache();
        let first = cache.enter().unwrap();
        let second = cache.enter().unwrap();
        drop(first);
        assert!(matches!(cache.clear(), Err(Error::CacheBusy { .. })));
        assert!(cache.goroots().exists());
        drop(second);
        cache.clear().unwrap();
    }

    #[test]
    fn removes_stale_directories_only() {
        let (_dir, cache) = cache();
        let lock = cache.start_assembling().unwrap();
        fs::create_dir(cache.goroots().join(".tmp-9")).unwrap();
        fs::create_dir(cache.goroots().join("go1.26.0-aa")).unwrap();
        cache.remove_stale(&lock).unwrap();
        assert_eq!(read_dir(&cache.goroots()).unwrap(), ["go1.26.0-aa"]);
    }

    #[test]
    fn names_the_directory_that_cannot_be_made() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let cache = Cache::at(&dir.path().join("file/cache")).unwrap();
        let message = cache.enter().unwrap_err().to_string();
        assert!(message.contains("file/cache"), "{message}");
        assert!(message.contains("GOSAN_CACHE"), "{message}");
    }
}
