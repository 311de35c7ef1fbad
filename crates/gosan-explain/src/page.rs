//! The page of a code: Markdown of a fixed shape.
//!
//! `# GS0101: title`, an introduction, `## Erroneous example` with a complete Go
//! test, `## How to fix it` with the advice and the same test repaired. What is
//! shown beside a finding, in words and as a change of the code, is taken from
//! here, so there is one text, and what it claims is run.

use similar::{ChangeTag, TextDiff};

/// So many lines around a change are shown.
const CONTEXT: usize = 1;

/// A parsed page.
pub struct Page<'a> {
    pub title: &'a str,
    /// The first paragraph below the title.
    pub summary: String,
    /// The first paragraph of the fix.
    pub advice: String,
    pub examples: Vec<Example<'a>>,
}

/// A Go program on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    pub kind: ExampleKind,
    pub code: &'a str,
}

/// What a program on a page is for: the word behind `go` in its fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleKind {
    /// What goes wrong is shown by running it.
    Wrong,
    Fixed,
}

impl<'a> Page<'a> {
    pub fn parse(text: &'a str) -> Self {
        let title = text
            .lines()
            .next()
            .and_then(|line| line.split_once(": "))
            .map_or("", |(_, title)| title);
        Self {
            title,
            summary: paragraph(text, "# "),
            advice: paragraph(text, "## How to fix it"),
            examples: examples(text),
        }
    }

    pub fn wrong(&self) -> Option<&'a str> {
        self.example(ExampleKind::Wrong)
    }

    pub fn fixed(&self) -> Option<&'a str> {
        self.example(ExampleKind::Fixed)
    }

    fn example(&self, kind: ExampleKind) -> Option<&'a str> {
        self.examples
            .iter()
            .find(|example| example.kind == kind)
            .map(|example| example.code)
    }

    /// The lines that the fix takes away (`-`), adds (`+`) and leaves (` `); a
    /// mark of `…` stands for lines left out.
    pub fn change(&self) -> Vec<(char, String)> {
        let (Some(wrong), Some(fixed)) = (self.wrong(), self.fixed()) else {
            return Vec::new();
        };
        let diff = TextDiff::from_lines(wrong, fixed);
        let mut lines = Vec::new();
        for group in diff.grouped_ops(CONTEXT) {
            let mut hunk = Vec::new();
            let mut matters = false;
            for change in group
                .iter()
                .flat_map(|operation| diff.iter_changes(operation))
            {
                let line = change.value().trim_end();
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                // What is imported follows from the rest.
                matters |= sign != ' ' && !is_import(line);
                hunk.push((sign, line.to_owned()));
            }
            if !matters {
                continue;
            }
            if !lines.is_empty() {
                lines.push(('…', String::new()));
            }
            lines.extend(hunk);
        }
        lines
    }
}

fn is_import(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("import ").unwrap_or(line);
    line.is_empty() || line == "(" || line == ")" || (line.starts_with('"') && line.ends_with('"'))
}

/// The first paragraph below a heading, as one line.
fn paragraph(text: &str, heading: &str) -> String {
    text.lines()
        .skip_while(|line| !line.starts_with(heading))
        .skip(1)
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn examples(text: &str) -> Vec<Example<'_>> {
    let mut examples = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\n```go ") {
        let fence = &rest[at + 7..];
        let Some((word, code)) = fence.split_once('\n') else {
            break;
        };
        let Some(end) = code.find("```") else { break };
        let kind = match word.trim() {
            "wrong" => Some(ExampleKind::Wrong),
            "fixed" => Some(ExampleKind::Fixed),
            _ => None,
        };
        if let Some(kind) = kind {
            examples.push(Example {
                kind,
                code: &code[..end],
            });
        }
        rest = &code[end..];
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_page() {
        let page = Page::parse(
            "# GS0101: the title\n\nSummary\nof two lines.\n\nMore.\n\n## Erroneous example\n\n\
             ```go wrong\na\nb\nc\n```\n\n## How to fix it\n\nDo it\nso.\n\n```go fixed\na\nB\nc\n```\n",
        );
        assert_eq!(page.title, "the title");
        assert_eq!(page.summary, "Summary of two lines.");
        assert_eq!(page.advice, "Do it so.");
        assert_eq!(
            (page.wrong(), page.fixed()),
            (Some("a\nb\nc\n"), Some("a\nB\nc\n"))
        );
        let change: String = page.change().iter().map(|(sign, _)| *sign).collect();
        assert_eq!(change, " -+ ");
    }
}
