//! The packages that `cargo xtask std --quick` compares.
//!
//! They are chosen so that each primitive the runtime must understand is used
//! by tests that somebody else wrote, and so that all of them together take a
//! few minutes under both detectors.

use camino::Utf8Path;

/// Import paths, by what they exercise.
const QUICK: &[&[&str]] = &[
    // Locks, atomics, pools, once, condition variables.
    &[
        "sync",
        "sync/atomic",
        "internal/sync",
        "internal/singleflight",
    ],
    // Timers, cancellation, virtual time.
    &["context", "time", "testing/synctest", "internal/synctest"],
    // Pipes, deadlines, servers and clients in one process.
    &[
        "io",
        "io/fs",
        "bufio",
        "net/http/httptest",
        "net/textproto",
        "net/rpc",
    ],
    // Pools of connections, callbacks, cancelled queries.
    &["database/sql", "log", "log/slog", "expvar"],
    // Recovered panics, reflection, caches built lazily.
    &[
        "encoding/json",
        "encoding/xml",
        "text/template",
        "html/template",
        "fmt",
        "errors",
        "unique",
        "weak",
        "iter",
    ],
    // Ranges, slices and maps.
    &[
        "bytes",
        "strings",
        "strconv",
        "slices",
        "maps",
        "sort",
        "container/heap",
        "container/list",
        "container/ring",
        "regexp",
        "math/rand/v2",
        "archive/zip",
    ],
    // The test runner itself, and the runtime's own small packages.
    &["testing", "testing/fstest", "runtime/debug"],
];

/// The quick packages that the Go in `root` has: a few are newer than others.
pub fn quick(root: &Utf8Path) -> Vec<String> {
    QUICK
        .iter()
        .copied()
        .flatten()
        .filter(|package| root.join("src").join(package).is_dir())
        .map(|package| (*package).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_package_is_named_twice() {
        let all: Vec<&&str> = QUICK.iter().copied().flatten().collect();
        let distinct: BTreeSet<&&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
    }

    #[test]
    fn packages_that_a_go_does_not_have_are_left_out() {
        let root = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir_all(root.path().join("src/sync/atomic")).expect("it is ours");
        let root = Utf8Path::from_path(root.path()).expect("UTF-8");
        assert_eq!(quick(root), ["sync", "sync/atomic"]);
    }
}
