//! Which frame of a stack is the user's own, and how functions are named.
//!
//! Whose code a function is, `gosan_wire::owner` says. A log has functions of
//! all Go versions, whose names are brought into one form here.

pub use gosan_wire::owner::Owner;
use gosan_wire::owner::package_of;

use crate::model::Frame;

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

    /// Whose code it is.
    pub fn owner(&self) -> Owner {
        Owner::of(&self.function, &self.file)
    }

    /// Says whether the function is this one, or a closure of it.
    pub fn is(&self, function: &str) -> bool {
        match self.function.strip_prefix(function) {
            Some(rest) => rest.is_empty() || rest.starts_with(".func") || rest.starts_with('['),
            None => false,
        }
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
