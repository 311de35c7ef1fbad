//! The rules for Rust files: an opening comment, a length, and `unsafe` only
//! where it may be and with its reason.
//!
//! Files are read as tokens, so that words in comments and strings are not
//! mistaken for code.

use std::str::FromStr;

use camino::Utf8Path;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Finding, MAX_LINES, UNSAFE_ALLOWED};

/// What a comment before an unsafe block says.
const REASON: &str = "SAFETY:";

/// Macros that stand for code that is not written.
const STAND_INS: [&str; 2] = ["todo", "unimplemented"];

pub fn check(file: &Utf8Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |line: Option<usize>, what: String| {
        findings.push(Finding {
            file: file.to_owned(),
            line,
            what,
        });
    };
    if !text.starts_with("//!") {
        found(
            Some(1),
            "does not open with //! and what it is for".to_owned(),
        );
    }
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > MAX_LINES {
        let count = lines.len();
        found(None, format!("{count} lines; {MAX_LINES} are the limit"));
    }
    let Ok(tokens) = TokenStream::from_str(text) else {
        found(None, "cannot be read as Rust".to_owned());
        return findings;
    };
    let mut code = Code::default();
    code.read(tokens);
    for (line, name) in code.stand_ins {
        found(
            Some(line),
            format!("{name}! stands for code that is not written"),
        );
    }
    let allowed = UNSAFE_ALLOWED
        .iter()
        .any(|prefix| file.as_str().starts_with(prefix));
    if !allowed {
        for line in &code.unsafe_words {
            let where_to = UNSAFE_ALLOWED.join(", ");
            found(Some(*line), format!("unsafe outside {where_to}"));
        }
    }
    for line in code.unsafe_blocks {
        if !has_reason(&lines, line) {
            let what = format!("an unsafe block without a // {REASON} comment before it");
            found(Some(line), what);
        }
    }
    findings
}

/// What the rules ask of a file's tokens; lines are counted from 1.
#[derive(Default)]
struct Code {
    unsafe_words: Vec<usize>,
    unsafe_blocks: Vec<usize>,
    stand_ins: Vec<(usize, String)>,
}

impl Code {
    fn read(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    let name = ident.to_string();
                    if name == "unsafe" {
                        self.unsafe_words.push(line);
                        if matches!(tokens.peek(), Some(TokenTree::Group(group))
                            if group.delimiter() == Delimiter::Brace)
                        {
                            self.unsafe_blocks.push(line);
                        }
                    } else if STAND_INS.contains(&name.as_str())
                        && matches!(tokens.peek(), Some(TokenTree::Punct(punct))
                            if punct.as_char() == '!')
                    {
                        self.stand_ins.push((line, name));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Is there a comment with the reason right before the statement that `line`
/// (counted from 1) belongs to?
fn has_reason(lines: &[&str], line: usize) -> bool {
    let before = lines.get(..line.saturating_sub(1)).unwrap_or_default();
    let own = lines.get(line - 1).copied().unwrap_or_default();
    if own
        .split_once("//")
        .is_some_and(|(_, comment)| comment.contains(REASON))
    {
        return true;
    }
    for above in before.iter().rev().map(|line| line.trim()) {
        if above.starts_with("//") {
            if above.contains(REASON) {
                return true;
            }
            continue;
        }
        // A statement's earlier lines, and attributes, may stand between.
        let ends_another = above.is_empty() || above.ends_with([';', '{', '}', ',']);
        if ends_another {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(file: &str, text: &str) -> Vec<String> {
        let findings = check(Utf8Path::new(file), text);
        findings.iter().map(ToString::to_string).collect()
    }

    const RT: &str = "crates/gosan-rt/src/a.rs";
    const OTHER: &str = "crates/gosan/src/a.rs";

    #[test]
    fn a_file_says_what_it_is_for() {
        assert!(told(OTHER, "//! Adds.\nfn add() {}\n").is_empty());
        assert_eq!(told(OTHER, "fn add() {}\n").len(), 1);
        assert_eq!(told(OTHER, "// Adds.\n").len(), 1);
    }

    #[test]
    fn a_file_has_a_length() {
        let text = format!("//! Long.\n{}", "\n".repeat(MAX_LINES - 1));
        assert!(told(OTHER, &text).is_empty());
        assert_eq!(told(OTHER, &format!("{text}\n")).len(), 1);
    }

    #[test]
    fn unsafe_stays_where_it_may_be() {
        let text = "//! A.\n// SAFETY: it is ours.\nfn f() { unsafe fn g() {} }\n";
        assert!(told(RT, text).is_empty());
        let found = told(OTHER, text);
        assert_eq!(
            found,
            ["crates/gosan/src/a.rs:3: unsafe outside crates/gosan-rt/"]
        );
    }

    #[test]
    fn the_word_in_text_is_no_code() {
        let text = "//! No unsafe { } here.\nconst A: &str = \"unsafe { todo!() }\"; // unsafe\n";
        assert!(told(OTHER, text).is_empty());
    }

    #[test]
    fn a_block_needs_its_reason() {
        let bad = "//! A.\nfn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(told(RT, bad).len(), 1);
        let good = "//! A.\nfn f() {\n    // SAFETY: g is fine.\n    unsafe { g() }\n}\n";
        assert!(told(RT, good).is_empty());
        let long = "//! A.\nfn f() {\n    // SAFETY: g is\n    // fine.\n    let a =\n        unsafe { g() };\n}\n";
        assert!(told(RT, long).is_empty());
        let of_another =
            "//! A.\nfn f() {\n    // SAFETY: g is fine.\n    let a = 1;\n    unsafe { g() }\n}\n";
        assert_eq!(told(RT, of_another).len(), 1);
    }

    #[test]
    fn blocks_in_macros_count() {
        let text = "//! A.\nmacro_rules! m { () => {\n    unsafe { g() }\n}; }\n";
        assert_eq!(told(RT, text).len(), 1);
    }

    #[test]
    fn stand_ins_are_found() {
        let text = "//! A.\nfn f() { todo!() }\nfn g() { unimplemented!(\"no\") }\nfn todo() {}\n";
        assert_eq!(told(OTHER, text).len(), 2);
    }
}
