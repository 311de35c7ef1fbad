//! The logs in `fixtures/`.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// A log.
#[derive(Debug)]
pub struct Fixture {
    /// `go1.21`, `gosan`, `pages`, `by-hand`.
    pub group: String,
    /// `map-writes`, `GS0101`.
    pub name: String,
    pub text: String,
}

impl Fixture {
    /// `go1.21/map-writes`, for messages.
    pub fn title(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }
}

/// All logs, sorted.
pub fn all() -> &'static [Fixture] {
    static ALL: LazyLock<Vec<Fixture>> = LazyLock::new(read);
    &ALL
}

/// The log of a group and a name.
pub fn of(group: &str, name: &str) -> &'static Fixture {
    all()
        .iter()
        .find(|fixture| fixture.group == group && fixture.name == name)
        .unwrap_or_else(|| {
            panic!("there is no fixture {group}/{name}: `cargo xtask fixtures` makes them")
        })
}

/// The logs of one kind, one of each Go.
pub fn of_every_go(name: &str) -> Vec<&'static Fixture> {
    let found: Vec<_> = all()
        .iter()
        .filter(|fixture| fixture.group.starts_with("go1.") && fixture.name == name)
        .collect();
    assert_eq!(found.len(), 7, "logs named {name}, one for each Go");
    found
}

fn read() -> Vec<Fixture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut logs = Vec::new();
    for group in fs::read_dir(&directory).expect("the fixtures") {
        let group = group.expect("a group").path();
        for log in fs::read_dir(&group).expect("a directory") {
            let path = log.expect("a log").path();
            if path.extension().is_none_or(|extension| extension != "log") {
                continue;
            }
            let name = |path: &Path| {
                path.file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned()
            };
            logs.push(Fixture {
                group: name(&group),
                name: name(&path.with_extension("")),
                text: fs::read_to_string(&path).expect("a log is text"),
            });
        }
    }
    logs.sort_by_key(Fixture::title);
    logs
}
