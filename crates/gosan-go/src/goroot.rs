//! Assembles the GOROOT in which gosan's runtime object takes the place of
//! ThreadSanitizer's.
//!
//! A root's name holds a hash of everything that went into it, so a root that
//! exists is right and is never changed. It is built beside its final place and
//! renamed, so a root that exists is also complete.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cache::{Cache, TEMPORARY_PREFIX};
use crate::patch::{Need, Values};
use crate::table::{self, Flavour, OBJECTS};
use crate::toolchain::Toolchain;
use crate::tree::{self, Sharing};
use crate::{Error, Result, Runtime};

/// Changed whenever assembling changes in a way that no other input shows.
const FORMAT: u32 = 1;

/// The note that gosan leaves in each root about how it came to be.
const NOTE: &str = "gosan-goroot.json";

/// Files whose change means that the user's GOROOT is another one now.
const KEY_FILES: [&str; 9] = [
    "bin/go",
    "pkg/tool/linux_amd64/compile",
    "pkg/tool/linux_amd64/link",
    "src/runtime/race.go",
    "src/runtime/panic.go",
    "src/testing/benchmark.go",
    "src/testing/fuzz.go",
    "src/testing/run_example.go",
    "src/testing/testing.go",
];

/// Where and from what a root is assembled.
#[derive(Debug, Clone, Copy)]
pub struct Assembly<'a> {
    pub cache: &'a Cache,
    pub toolchain: &'a Toolchain,
    pub runtime: Runtime<'a>,
    pub flavour: Flavour,
}

/// A complete root.
#[derive(Debug, Clone)]
pub struct AssembledRoot {
    pub path: Utf8PathBuf,
    pub note: Note,
    /// Whether this call has made it.
    pub is_new: bool,
}

/// What is on record about a root.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Note {
    pub user_goroot: Utf8PathBuf,
    pub version: String,
    /// What does not work in this root, in whole sentences.
    pub warnings: Vec<String>,
    pub files_linked: usize,
    pub files_copied: usize,
}

/// What makes a root differ from the user's.
struct Changes {
    /// The content of every file that differs.
    files: BTreeMap<String, Vec<u8>>,
    /// What does not work because a patch does not fit.
    warnings: Vec<String>,
}

impl AssembledRoot {
    /// The root's own `go` command.
    pub fn go(&self) -> Utf8PathBuf {
        self.path.join("bin/go")
    }
}

impl Assembly<'_> {
    /// Where the root is, or would be.
    pub fn path(&self) -> Result<Utf8PathBuf> {
        let name = format!("{}-{}", self.toolchain.version.file_name(), self.hash()?);
        Ok(self.cache.goroots().join(name))
    }

    /// The root, if it has been assembled before.
    pub fn existing(&self) -> Result<Option<AssembledRoot>> {
        let path = self.path()?;
        let Ok(text) = fs::read_to_string(path.join(NOTE)) else {
            return Ok(None);
        };
        Ok(serde_json::from_str(&text).ok().map(|note| AssembledRoot {
            path,
            note,
            is_new: false,
        }))
    }

    /// The root, assembled now if need be.
    pub fn ensure(&self, sharing: Sharing) -> Result<AssembledRoot> {
        if self.runtime.object.is_empty() {
            return Err(Error::ObjectMissing);
        }
        if let Some(root) = self.existing()? {
            return Ok(root);
        }
        let lock = self.cache.start_assembling()?;
        // Another process may have been faster.
        if let Some(root) = self.existing()? {
            return Ok(root);
        }
        self.cache.remove_stale(&lock)?;
        let goroots = self.cache.goroots();
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempdir_in(&goroots)
            .map_err(Error::cache(&goroots))?;
        let path = self.path()?;
        let building = Utf8PathBuf::from_path_buf(temporary.path().join("goroot"))
            .map_err(|path| Error::NotUtf8 { path })?;
        let note = self.build(&building, &path, sharing)?;
        fs::rename(&building, &path).map_err(Error::cache(&path))?;
        Ok(AssembledRoot {
            path,
            note,
            is_new: true,
        })
    }

    /// Builds the root in `at`. It will be used as `path`.
    fn build(&self, at: &Utf8Path, path: &Utf8Path, sharing: Sharing) -> Result<Note> {
        let real = &self.toolchain.goroot;
        let Changes { files, warnings } = self.changes(path)?;
        let left_out: HashSet<PathBuf> = files.keys().map(PathBuf::from).collect();
        let copied = tree::replicate(real.as_std_path(), at.as_std_path(), &left_out, sharing)?;
        for (file, content) in &files {
            let target = at.join(file);
            let mode = fs::metadata(real.join(file)).map_or(0o644, |metadata| metadata.mode());
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(Error::cache(parent))?;
            }
            tree::write_new(target.as_std_path(), &mut content.as_slice(), mode | 0o200)?;
        }
        let note = Note {
            user_goroot: real.clone(),
            version: self.toolchain.version.to_string(),
            warnings,
            files_linked: copied.linked,
            files_copied: copied.copied,
        };
        let text = serde_json::to_vec_pretty(&note).expect("a note is plain data");
        let target = at.join(NOTE);
        tree::write_new(target.as_std_path(), &mut text.as_slice(), 0o644)?;
        Ok(note)
    }

    /// What makes the root differ from the user's.
    fn changes(&self, path: &Utf8Path) -> Result<Changes> {
        let real = &self.toolchain.goroot;
        let minor = self.toolchain.version.minor();
        let runs = self.cache.runs();
        let values = Values {
            assembled_goroot: path.as_str(),
            user_goroot: real.as_str(),
            runs: runs.as_str(),
            version: self.toolchain.version.as_str(),
        };
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let mut warnings = Vec::new();
        for patch in table::patches_for(minor, self.flavour) {
            let current = match texts.get(patch.file) {
                Some(text) => Some(text.clone()),
                None => read_optional(&real.join(patch.file))?,
            };
            match (patch.apply(current.as_deref(), minor, &values), patch.need) {
                (Ok(text), _) => {
                    texts.insert(patch.file.to_owned(), text);
                }
                (Err(misfit), Need::Optional { falls_back }) => {
                    warnings.push(format!(
                        "{} {misfit}, so it is used as it is: {falls_back}",
                        real.join(patch.file)
                    ));
                }
                (Err(misfit), Need::Required) => {
                    return Err(Error::PatchRefused {
                        goroot: real.clone(),
                        file: patch.file.to_owned(),
                        reason: misfit.to_string(),
                    });
                }
            }
        }
        let go_env = read_optional(&real.join("go.env"))?.unwrap_or_default();
        texts.insert("go.env".to_owned(), table::pinned_go_env(&go_env));

        let mut files: BTreeMap<String, Vec<u8>> = texts
            .into_iter()
            .map(|(file, text)| (file, text.into_bytes()))
            .collect();
        for file in OBJECTS {
            if !real.join(file).parent().is_some_and(Utf8Path::is_dir) {
                return Err(Error::PatchRefused {
                    goroot: real.clone(),
                    file: file.to_owned(),
                    reason: "has no directory".to_owned(),
                });
            }
            files.insert(file.to_owned(), self.runtime.object.to_vec());
        }
        // A command of its own, so that it finds this root and no other.
        let go = real.join("bin/go");
        files.insert("bin/go".to_owned(), fs::read(&go).map_err(Error::read(go))?);
        Ok(Changes { files, warnings })
    }

    /// The part of the root's name that stands for everything in it.
    fn hash(&self) -> Result<String> {
        let real = &self.toolchain.goroot;
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(&FORMAT.to_le_bytes());
        add(self.runtime.object);
        for patch in table::patches_for(self.toolchain.version.minor(), self.flavour) {
            add(patch.fingerprint().as_bytes());
        }
        add(real.as_str().as_bytes());
        // Its path is compiled into every program's runtime.
        add(self.cache.goroots().as_str().as_bytes());
        add(&fs::read(real.join("VERSION")).unwrap_or_default());
        for file in KEY_FILES {
            let state = fs::metadata(real.join(file)).map_or((0, 0, 0), |metadata| {
                (metadata.mtime(), metadata.mtime_nsec(), metadata.len())
            });
            add(format!("{file} {state:?}").as_bytes());
        }
        let mut text = String::new();
        for byte in &hash.finalize()[..8] {
            write!(text, "{byte:02x}").expect("a string takes everything");
        }
        Ok(text)
    }
}

fn read_optional(path: &Utf8Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(path)(error)),
    }
}
