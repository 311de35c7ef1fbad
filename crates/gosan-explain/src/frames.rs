//! Whose code a frame is, and how functions are named.
//!
//! A log does not say where the user's code ends. What decides is the name of
//! the function's package and the directory of the file: Go's own packages have
//! no dot in their first element and lie in a `src` directory, modules lie
//! under `pkg/mod/…@version/` or `vendor/`. What is neither is the user's.

use std::borrow::Cow;

use crate::model::Frame;

/// Who wrote the code of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Package runtime and what belongs to it.
    Runtime,
    /// The rest of Go's own library.
    Std,
    /// A module that the user depends on.
    Library,
    User,
}

/// The first elements of Go's own import paths.
const STD: &[&str] = &[
    "archive",
    "bufio",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "weak",
    "vendor",
];

impl Frame {
    pub fn new(function: &str, file: &str, line: u32) -> Self {
        Self {
            function: function.to_owned(),
            file: file.to_owned(),
            line,
        }
    }

    /// The import path of the function's package.
    pub fn package(&self) -> &str {
        package_of(&self.function)
    }

    /// The function without its package: `(*T).Run.func1`.
    pub fn name(&self) -> &str {
        let package = self.package();
        self.function
            .get(package.len() + 1..)
            .unwrap_or(&self.function)
    }

    /// The last element of the file's path, of Unix or of Windows.
    pub fn file_name(&self) -> &str {
        self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file)
    }

    /// `dir/file.go:12`, as editors take it.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    pub fn owner(&self) -> Owner {
        let package = self.package();
        let first = package.split('/').next().unwrap_or(package);
        if STD.contains(&first) && self.lies_in_goroot(package) {
            let is_runtime = first == "runtime"
                || package.starts_with("internal/runtime/")
                || package.starts_with("internal/race")
                || package.starts_with("internal/bytealg");
            return if is_runtime {
                Owner::Runtime
            } else {
                Owner::Std
            };
        }
        let path = slashes(&self.file);
        // What `go test` writes around the tests.
        if self.file_name() == "_testmain.go" {
            return Owner::Std;
        }
        if path.contains("/pkg/mod/") || path.contains("/vendor/") || has_version(&path) {
            return Owner::Library;
        }
        Owner::User
    }

    /// Says whether the function is this one, or a closure of it.
    pub fn is(&self, function: &str) -> bool {
        match self.function.strip_prefix(function) {
            Some(rest) => rest.is_empty() || rest.starts_with(".func") || rest.starts_with('['),
            None => false,
        }
    }

    /// A file of package `sync` lies in `…/src/sync/`, or, with -trimpath, in
    /// `sync/`. A user's package of that name lies elsewhere.
    fn lies_in_goroot(&self, package: &str) -> bool {
        if self.file.is_empty() || self.file.starts_with('<') {
            return true;
        }
        let path = slashes(&self.file);
        let Some((directory, _)) = path.rsplit_once('/') else {
            return false;
        };
        let package = package.strip_suffix("_test").unwrap_or(package);
        match directory.strip_suffix(package) {
            Some(before) => {
                // Go's library was in src/pkg before Go 1.4.
                before.is_empty() || before.ends_with("src/") || before.ends_with("src/pkg/")
            }
            // Assembly and inlined helpers are found under a sibling.
            None => directory.contains("/src/internal/") || directory.contains("/src/runtime"),
        }
    }
}

/// Windows separates otherwise.
fn slashes(path: &str) -> Cow<'_, str> {
    if path.contains('\\') {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        Cow::Borrowed(path)
    }
}

/// `github.com/a/b@v1.2.3/c.go`, as -trimpath leaves it.
fn has_version(path: &str) -> bool {
    path.split('/').any(|part| {
        part.split_once("@v").is_some_and(|(name, rest)| {
            !name.is_empty() && rest.starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// Splits `a.b/c.(*T).f` after `a.b/c`. Dots of the last path element are
/// escaped as `%2e` in symbols, so the first one behind the last slash ends it.
pub fn package_of(function: &str) -> &str {
    // A type argument has slashes of its own: `m.F[example.com/a.T]`.
    let end = function.find(['[', '(']).unwrap_or(function.len());
    let slash = function[..end].rfind('/').map_or(0, |at| at + 1);
    match function[slash..end].find('.') {
        Some(dot) => &function[..slash + dot],
        None => &function[..end],
    }
}

/// Brings the names of all Go versions into one form: closures were `func·001`
/// before Go 1.5, and that dot is often mangled by the time it is in a log.
pub fn normal_function(name: &str) -> String {
    let mut name = name.trim().to_owned();
    for dot in [
        "\u{252c}\u{b7}",
        "\u{252c}\u{c0}",
        "\u{c2}\u{b7}",
        "\u{b7}",
        "\u{2d9}",
        "\u{fffd}",
    ] {
        if name.contains(dot) {
            name = name.replace(dot, "");
        }
    }
    if let Some(at) = name.rfind("func0") {
        let digits = &name[at + 4..];
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = digits.trim_start_matches('0').to_owned();
            name.truncate(at + 4);
            name.push_str(&number);
        }
    }
    name
}

/// The user's own frame of a stack: the innermost one, or, where all is
/// library, the innermost of a library.
pub fn own_frame(stack: &[Frame]) -> Option<&Frame> {
    own_index(stack).map(|index| &stack[index])
}

/// Where [`own_frame`] stands.
pub fn own_index(stack: &[Frame]) -> Option<usize> {
    let of = |owner| stack.iter().position(|frame| frame.owner() == owner);
    of(Owner::User)
        .or_else(|| of(Owner::Library))
        .or_else(|| of(Owner::Std))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_functions() {
        for (function, package, name) in [
            ("main.main", "main", "main"),
            (
                "example.com/a/b.(*T).f.func1",
                "example.com/a/b",
                "(*T).f.func1",
            ),
            (
                "gopkg.in/yaml%2ev3.Unmarshal",
                "gopkg.in/yaml%2ev3",
                "Unmarshal",
            ),
            ("m.Map[example.com/k.T]", "m", "Map[example.com/k.T]"),
            ("runtime", "runtime", "runtime"),
        ] {
            let frame = Frame::new(function, "", 0);
            assert_eq!((frame.package(), frame.name()), (package, name));
        }
    }

    #[test]
    fn tells_owners_apart() {
        for (function, file, owner) in [
            (
                "runtime.mapassign_faststr",
                "/usr/local/go/src/runtime/map_faststr.go",
                Owner::Runtime,
            ),
            (
                "internal/runtime/maps.fatal",
                "/usr/local/go/src/runtime/panic.go",
                Owner::Runtime,
            ),
            (
                "net/http.Header.Set",
                "C:/Program Files/Go/src/net/http/header.go",
                Owner::Std,
            ),
            ("sync.(*Pool).Get", "sync/pool.go", Owner::Std),
            (
                "github.com/gin-gonic/gin.(*Context).Next",
                "/root/go/pkg/mod/github.com/gin-gonic/gin@v1.10.0/context.go",
                Owner::Library,
            ),
            (
                "github.com/a/b.F",
                "github.com/a/b@v0.1.2/x.go",
                Owner::Library,
            ),
            (
                "example.com/shop.f",
                "/src/shop/vendor/x/y.go",
                Owner::Library,
            ),
            ("main.f", "/src/main.go", Owner::User),
            ("log.f", "/home/me/app/log/log.go", Owner::User),
            (
                "myapp/cart.Add",
                "/home/me/go/src/myapp/cart/cart.go",
                Owner::User,
            ),
        ] {
            assert_eq!(Frame::new(function, file, 1).owner(), owner, "{function}");
        }
    }

    #[test]
    fn knows_the_old_names_of_closures() {
        for name in [
            "main.func·001",
            "main.func┬À001",
            "main.funcÂ·001",
            "main.func1",
        ] {
            assert_eq!(normal_function(name), "main.func1");
        }
        assert_eq!(normal_function("main.func0x"), "main.func0x");
    }
}
