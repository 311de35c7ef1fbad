//! Go's version as gosan needs it: the release line, and the text to show.

use std::fmt;

/// The first and the last release line (the N of Go 1.N) that gosan knows.
pub const SUPPORTED_MINORS: std::ops::RangeInclusive<u32> = 24..=27;

/// A version such as `go1.26.8` or `go1.27rc1`, as `go env GOVERSION` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoVersion {
    text: String,
    minor: u32,
}

impl GoVersion {
    /// Reads the output of `go env GOVERSION`. Development versions start with
    /// `devel` and name the release they lead to after that.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let start = text.strip_prefix("devel ").unwrap_or(text);
        let numbers = start.strip_prefix("go1.")?;
        let digits = numbers.bytes().take_while(u8::is_ascii_digit).count();
        let minor = numbers[..digits].parse().ok()?;
        Some(Self {
            text: text.to_owned(),
            minor,
        })
    }

    /// The N of Go 1.N.
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// Whether gosan knows this release line.
    pub fn is_supported(&self) -> bool {
        SUPPORTED_MINORS.contains(&self.minor)
    }

    /// As Go names itself, like `go1.26.0`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A form that can stand in a file name.
    pub fn file_name(&self) -> String {
        self.text
            .chars()
            .map(|c| match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => c,
                _ => '_',
            })
            .collect()
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.strip_prefix("go") {
            Some(number) => write!(f, "Go {number}"),
            None => write!(f, "Go {}", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_releases_candidates_and_vendors_versions() {
        for (text, minor) in [
            ("go1.24", 24),
            ("go1.26.8", 26),
            ("go1.27rc1", 27),
            ("go1.25.3 X:nocoverageredesign", 25),
            ("go1.28-devel_0123abc Mon Jan 1", 28),
            ("devel go1.27-0123abc", 27),
        ] {
            assert_eq!(GoVersion::parse(text).unwrap().minor(), minor, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in ["", "go", "go2.1", "gccgo 1.18", "go1.x"] {
            assert_eq!(GoVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn supports_a_closed_range() {
        let supported = |text| GoVersion::parse(text).unwrap().is_supported();
        assert!(!supported("go1.23.12"));
        assert!(supported("go1.24.0"));
        assert!(supported("go1.27.3"));
        assert!(!supported("go1.28.0"));
    }

    #[test]
    fn names_files_without_separators() {
        let version = GoVersion::parse("go1.25.3 X:a/b").unwrap();
        assert_eq!(version.file_name(), "go1.25.3_X_a_b");
        assert_eq!(version.to_string(), "Go 1.25.3 X:a/b");
    }
}
