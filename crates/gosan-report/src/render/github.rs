//! Workflow commands, which GitHub Actions turns into annotations on the lines
//! of a pull request. They go to the standard output of a step.
//!
//! GitHub shows ten errors of a step at most; the rest stays in its log.

use std::borrow::Cow;
use std::io::{self, Write};

use gosan_wire::Status;

use crate::model::{Finding, Report, Side};
use crate::words;

/// Writes an error for each new race.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.with_status(Status::New) {
        annotation(finding, report, out)?;
    }
    Ok(())
}

fn annotation(finding: &Finding, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "::error ")?;
    // Preferably at the later access, which is the one that stock names first.
    let place = finding.sides.iter().rev().find_map(|side| {
        let frame = finding.frame(side)?;
        let file = report.paths.in_repository(&frame.file)?;
        Some((file, frame.line, side))
    });
    if let Some((file, line, side)) = place {
        write!(out, "file={},line={line},", property(file))?;
        if let Some(columns) = columns(side) {
            write!(out, "{columns},")?;
        }
    }
    let title = format!("Data race: {}", finding.code());
    let message = message(finding, report);
    writeln!(out, "title={}::{}", property(&title), data(&message))
}

fn columns(side: &Side) -> Option<String> {
    let columns = side.excerpt.as_ref()?.columns.as_ref()?;
    Some(format!("col={},endColumn={}", columns.start, columns.end))
}

fn message(finding: &Finding, report: &Report) -> String {
    let mut lines = vec![finding.headline.clone()];
    for side in &finding.sides {
        lines.push(words::side(finding, side, &report.paths));
    }
    lines.extend(words::test_or_program(finding));
    if let Some(advice) = &finding.advice {
        lines.push(format!("help: {}", advice.help));
    }
    lines.push(format!("fingerprint: {}", finding.race.fingerprint));
    lines.join("\n")
}

/// What the runner unescapes in the text of a command.
fn data(text: &str) -> Cow<'_, str> {
    escape(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A")])
}

/// What it unescapes in a command's properties.
fn property(text: &str) -> Cow<'_, str> {
    escape(
        text,
        &[
            ('%', "%25"),
            ('\r', "%0D"),
            ('\n', "%0A"),
            (':', "%3A"),
            (',', "%2C"),
        ],
    )
}

fn escape<'a>(text: &'a str, table: &[(char, &str)]) -> Cow<'a, str> {
    let escaped = |c: char| table.iter().find(|(from, _)| *from == c);
    if !text.contains(|c| escaped(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match escaped(c) {
            Some((_, to)) => out.push_str(to),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}
