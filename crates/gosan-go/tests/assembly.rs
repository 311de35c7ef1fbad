//! Assembling a root, from a small directory that looks like a GOROOT: what is
//! in it, and that nobody ever sees half of one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use camino::Utf8PathBuf;
use gosan_go::cache::Cache;
use gosan_go::goroot::{AssembledRoot, Assembly};
use gosan_go::patch::Change;
use gosan_go::table::{self, Flavour, OBJECTS};
use gosan_go::toolchain::{Settings, Toolchain};
use gosan_go::tree::Sharing;
use gosan_go::version::GoVersion;
use gosan_go::{Error, Runtime};

const INIT: &str = "\tracecall(&__tsan_init, uintptr(unsafe.Pointer(&gctx)), uintptr(unsafe.Pointer(&pctx)), abi.FuncPCABI0(racecallbackthunk), 0)\n";

const RUNTIME: Runtime = Runtime {
    object: b"object with MARK",
    marker: b"MARK",
};

struct Place {
    dir: tempfile::TempDir,
    cache: Cache,
    toolchain: Toolchain,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let goroot = Utf8PathBuf::from_path_buf(dir.path().join("go")).unwrap();
    let write = |name: &str, text: &str| {
        let path = goroot.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("VERSION", "go1.26.0\n");
    write("go.env", "GOPROXY=p\nGOTOOLCHAIN=auto\n");
    write("bin/go", "#!/bin/sh\n");
    // The files that are changed hold what is changed in them, and no more.
    let mut changed: BTreeMap<&str, String> = BTreeMap::new();
    for patch in table::patches_for(26, Flavour::Plain) {
        if let Change::Replace { anchor, times, .. } = patch.change {
            *changed.entry(patch.file).or_default() += &anchor.repeat(times);
        }
    }
    for (file, text) in &changed {
        write(file, text);
    }
    for object in OBJECTS {
        write(object, "stock");
    }
    for number in 0..300 {
        write(&format!("src/many/f{number}.go"), "package many\n");
    }
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(goroot.join("bin/go"), executable).unwrap();
    Place {
        cache: Cache::at(&dir.path().join("cache")).unwrap(),
        dir,
        toolchain: Toolchain {
            go: PathBuf::from("go"),
            goroot,
            version: GoVersion::parse("go1.26.0").unwrap(),
            settings: Settings::default(),
        },
    }
}

impl Place {
    fn ensure(&self, runtime: Runtime) -> gosan_go::Result<AssembledRoot> {
        let assembly = Assembly {
            cache: &self.cache,
            toolchain: &self.toolchain,
            runtime,
            flavour: Flavour::Plain,
        };
        assembly.ensure(Sharing::HardLinks)
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.toolchain.goroot.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// The names among the assembled roots.
    fn roots(&self) -> Vec<String> {
        let entries = fs::read_dir(self.cache.goroots()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

fn read(root: &AssembledRoot, file: &str) -> String {
    fs::read_to_string(root.path.join(file)).unwrap()
}

#[test]
fn holds_the_object_the_patches_and_everything_else() {
    let place = place();
    let root = place.ensure(RUNTIME).unwrap();
    assert!(root.is_new);
    assert_eq!(root.note.warnings, [""; 0]);
    for object in OBJECTS {
        assert_eq!(read(&root, object), "object with MARK");
    }
    let race = read(&root, "src/runtime/race.go");
    let init = INIT.trim_end();
    assert!(race.contains(&format!("{init}; racestartobject()\n")));
    assert!(race.contains("func racefini() { racequiesce()\n"));
    assert!(read(&root, "src/runtime/panic.go").contains("racerecovered(gp, sp)"));
    assert!(read(&root, "src/testing/testing.go").contains("raceInputs()"));
    let gosan = read(&root, "src/runtime/race_gosan.go");
    assert!(gosan.contains(&format!("\"{}\\x00\"", root.path)));
    assert!(gosan.contains(&format!("\"{}\\x00\"", place.toolchain.goroot)));
    assert_eq!(read(&root, "go.env"), "GOPROXY=p\nGOTOOLCHAIN=local\n");
    assert_eq!(read(&root, "src/many/f7.go"), "package many\n");
}

#[test]
fn leaves_the_users_root_as_it_is() {
    let place = place();
    let before: Vec<_> = OBJECTS.map(|file| place.toolchain.goroot.join(file)).into();
    let root = place.ensure(RUNTIME).unwrap();
    for file in before {
        assert_eq!(fs::read_to_string(file).unwrap(), "stock");
    }
    let real = &place.toolchain.goroot;
    assert!(
        !fs::read_to_string(real.join("src/runtime/race.go"))
            .unwrap()
            .contains("racestartobject")
    );
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let (ours, theirs) = (root.go(), real.join("bin/go"));
    assert_ne!(inode(ours.as_std_path()), inode(theirs.as_std_path()));
    assert_eq!(fs::metadata(ours).unwrap().mode() & 0o777, 0o755);
}

#[test]
fn is_made_once_for_the_same_input_and_anew_for_another() {
    let place = place();
    let first = place.ensure(RUNTIME).unwrap();
    let again = place.ensure(RUNTIME).unwrap();
    assert_eq!(
        (again.path.clone(), again.is_new),
        (first.path.clone(), false)
    );
    let other = Runtime {
        object: b"another MARK",
        ..RUNTIME
    };
    assert_ne!(place.ensure(other).unwrap().path, first.path);
    place.change("src/runtime/panic.go", "sp\n", "sp\n\n");
    assert_ne!(place.ensure(RUNTIME).unwrap().path, first.path);
    fs::write(place.toolchain.goroot.join("VERSION"), "go1.26.1\n").unwrap();
    place.ensure(RUNTIME).unwrap();
    assert_eq!(place.roots().len(), 4);
}

#[test]
fn is_made_once_by_many_at_once() {
    let place = place();
    let start = Barrier::new(8);
    let roots: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    place.ensure(RUNTIME).unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(roots.iter().filter(|root| root.is_new).count(), 1);
    assert!(roots.iter().all(|root| root.path == roots[0].path));
    assert_eq!(place.roots().len(), 1);
}

#[test]
fn clears_away_what_a_killed_assembly_left() {
    let place = place();
    let half = place.cache.goroots().join(".tmp-abc/goroot/src");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("half.go"), "pack").unwrap();
    let root = place.ensure(RUNTIME).unwrap();
    assert_eq!(place.roots(), [root.path.file_name().unwrap()]);
}

#[test]
fn refuses_a_go_without_a_required_anchor() {
    let place = place();
    place.change("src/runtime/race.go", "__tsan_init", "__other_init");
    let error = place.ensure(RUNTIME).unwrap_err();
    assert!(matches!(error, Error::PatchRefused { .. }), "{error}");
    assert!(error.to_string().contains("src/runtime/race.go"), "{error}");
    assert_eq!(place.roots(), [""; 0], "a failed assembly leaves nothing");
}

#[test]
fn does_without_an_optional_anchor_and_says_so() {
    let place = place();
    place.change("src/testing/testing.go", "m.before()", "m.ahead()");
    let root = place.ensure(RUNTIME).unwrap();
    let [warning] = root.note.warnings.as_slice() else {
        panic!("{:?}", root.note.warnings);
    };
    assert!(warning.contains("src/testing/testing.go"), "{warning}");
    assert!(warning.contains("GORACE"), "{warning}");
    assert!(!read(&root, "src/testing/testing.go").contains("raceInputs"));
    assert!(read(&root, "src/runtime/race.go").contains("racestartobject"));
    let again = place.ensure(RUNTIME).unwrap();
    assert_eq!(again.note.warnings.len(), 1, "the warning stays on record");
}

#[test]
fn needs_an_object_and_a_place() {
    let mut place = place();
    let empty = Runtime {
        object: b"",
        ..RUNTIME
    };
    assert!(matches!(place.ensure(empty), Err(Error::ObjectMissing)));
    let file = place.dir.path().join("file");
    fs::write(&file, "").unwrap();
    place.cache = Cache::at(&file.join("cache")).unwrap();
    let message = place.ensure(RUNTIME).unwrap_err().to_string();
    assert!(
        message.contains("file/cache") && message.contains("GOSAN_CACHE"),
        "{message}"
    );
}
