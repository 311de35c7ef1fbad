//! The one mechanism by which files of the assembled GOROOT differ from the
//! user's: a file is new, or a text that occurs in it exactly once, or as often as
//! the patch says, is replaced.
//!
//! A patch never guesses. If its anchor is not there so often, the file stays
//! as it is: that is an error for a required patch and a warning, with what is
//! lost, for an optional one.

/// One change to a GOROOT.
#[derive(Debug, Clone, Copy)]
pub struct Patch {
    /// The file, relative to the GOROOT.
    pub file: &'static str,
    /// The first and the last release line (the N of Go 1.N) it is for.
    pub minors: (u32, u32),
    /// What is done to the file.
    pub change: Change,
    /// What it means if that cannot be done.
    pub need: Need,
}

/// How a file is changed.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// The file does not exist in the user's GOROOT. Words in double braces are
    /// replaced by the values in [`Values`].
    New { template: &'static str },
    /// The anchor, which must occur exactly so many times, is replaced each time.
    Replace {
        anchor: &'static str,
        replacement: &'static str,
        times: usize,
    },
}

/// Whether gosan can work without the patch.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    Required,
    /// The text says what happens without the patch.
    Optional {
        falls_back: &'static str,
    },
}

/// What the templates of new files are filled with.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    pub assembled_goroot: &'a str,
    pub user_goroot: &'a str,
    /// Where a running gosan keeps what belongs to its run.
    pub runs: &'a str,
    /// The version of Go, as it names itself.
    pub version: &'a str,
}

/// Why a patch does not fit a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    AnchorMissing,
    AnchorElsewhere { found: usize, times: usize },
    AlreadyThere,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AnchorMissing => f.write_str("does not hold the text that gosan changes"),
            Self::AnchorElsewhere { found, times } => {
                write!(
                    f,
                    "holds the text that gosan changes {found} times, not {times}"
                )
            }
            Self::AlreadyThere => f.write_str("exists already"),
        }
    }
}

impl Patch {
    /// Whether the patch is for Go 1.`minor`.
    pub fn applies_to(&self, minor: u32) -> bool {
        (self.minors.0..=self.minors.1).contains(&minor)
    }

    /// The file's new content, from what it holds now (`None`: no such file).
    pub fn apply(
        &self,
        current: Option<&str>,
        minor: u32,
        values: &Values,
    ) -> Result<String, Misfit> {
        match self.change {
            Change::New { template } => match current {
                Some(_) => Err(Misfit::AlreadyThere),
                None => Ok(fill(template, minor, values)),
            },
            Change::Replace {
                anchor,
                replacement,
                times,
            } => {
                let current = current.ok_or(Misfit::AnchorMissing)?;
                match current.matches(anchor).count() {
                    0 => Err(Misfit::AnchorMissing),
                    found if found == times => Ok(current.replace(anchor, replacement)),
                    found => Err(Misfit::AnchorElsewhere { found, times }),
                }
            }
        }
    }

    /// Everything that decides what the patch does, for the root's hash.
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }
}

fn fill(template: &str, minor: u32, values: &Values) -> String {
    // The field of `g` that names the synctest bubble.
    let bubble = if minor < 25 { "syncGroup" } else { "bubble" };
    template
        .replace("{{BUBBLE}}", bubble)
        .replace("{{ASSEMBLED_GOROOT}}", &c_string(values.assembled_goroot))
        .replace("{{USER_GOROOT}}", &c_string(values.user_goroot))
        .replace("{{RUNS}}", &c_string(values.runs))
        .replace("{{GO_VERSION}}", &c_string(values.version))
}

/// A Go string literal of the text and a NUL.
fn c_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                literal.push('\\');
                literal.push(byte.into());
            }
            b' '..=b'~' => literal.push(byte.into()),
            _ => literal.push_str(&format!("\\x{byte:02x}")),
        }
    }
    literal.push_str("\\x00\"");
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values = Values {
        assembled_goroot: "/a/root",
        user_goroot: "/usr/local/go",
        runs: "/runs",
        version: "go1.26.0",
    };

    fn replace(anchor: &'static str, times: usize) -> Patch {
        Patch {
            file: "f",
            minors: (24, 27),
            change: Change::Replace {
                anchor,
                replacement: "new",
                times,
            },
            need: Need::Required,
        }
    }

    #[test]
    fn replaces_a_text_that_occurs_as_often_as_it_must() {
        let text = replace("b", 1).apply(Some("abc"), 26, &VALUES);
        assert_eq!(text.unwrap(), "anewc");
        let text = replace("b", 2).apply(Some("abcb"), 26, &VALUES);
        assert_eq!(text.unwrap(), "anewcnew");
    }

    #[test]
    fn refuses_a_missing_or_ambiguous_anchor() {
        let apply = |current| replace("b", 1).apply(current, 26, &VALUES).unwrap_err();
        assert_eq!(apply(Some("ac")), Misfit::AnchorMissing);
        let twice = Misfit::AnchorElsewhere { found: 2, times: 1 };
        assert_eq!(apply(Some("abcb")), twice);
        assert_eq!(apply(None), Misfit::AnchorMissing);
    }

    #[test]
    fn fills_a_new_file_and_never_replaces_one() {
        let patch = Patch {
            file: "f",
            minors: (24, 27),
            change: Change::New {
                template: "{{USER_GOROOT}} {{BUBBLE}}",
            },
            need: Need::Required,
        };
        let text = |minor| patch.apply(None, minor, &VALUES).unwrap();
        assert_eq!(text(24), "\"/usr/local/go\\x00\" syncGroup");
        assert_eq!(text(25), "\"/usr/local/go\\x00\" bubble");
        assert_eq!(
            patch.apply(Some(""), 25, &VALUES),
            Err(Misfit::AlreadyThere)
        );
    }

    #[test]
    fn escapes_what_go_would_read_otherwise() {
        assert_eq!(c_string("a\"b\\c\n"), r#""a\"b\\c\x0a\x00""#);
        assert_eq!(c_string("ü"), r#""\xc3\xbc\x00""#);
    }
}
