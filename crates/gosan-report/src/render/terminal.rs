//! For people at a terminal, in the manner of rustc: a headline, the source of
//! both accesses with (1) and (2) under the very expression, how each goroutine
//! came there, and what to do next.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};
use gosan_wire::{Frame, Goroutine, Status};

use crate::frames::{self, Part};
use crate::model::{Finding, Report, Side};
use crate::paths::Paths;
use crate::source::Excerpt;
use crate::words;

/// Frames of one stack that are shown; the others are in the other renderings.
const FRAMES: usize = 8;

/// Writes the new races, and the summary.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    races(report, out)?;
    summary(report, out)
}

/// Writes the new races.
pub fn races(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report
        .with_status(Status::New)
        .try_for_each(|finding| race(finding, &report.paths, out))
}

/// Writes one race.
fn race(finding: &Finding, paths: &Paths, out: &mut dyn Write) -> io::Result<()> {
    let mut title = Level::ERROR
        .with_name("race")
        .primary_title(&finding.headline);
    if let Some(advice) = &finding.advice {
        title = title.id(&advice.code);
    }
    let [earlier, later] = &finding.sides;
    let mut elements: Vec<Element> = Vec::new();
    match Joint::of(finding, paths) {
        Some(joint) => elements.push(joint.snippet(finding)),
        None => elements.extend([earlier, later].map(|side| alone(finding, side, paths))),
    }
    let mut told = Vec::new();
    for side in &finding.sides {
        let note = origin_of(finding, side, paths, &mut told);
        elements.push(Level::NOTE.message(note).into());
    }
    let locks: Vec<_> = finding
        .sides
        .iter()
        .filter_map(|side| words::locks(finding, side, paths))
        .collect();
    let object = words::object(&finding.race.object, paths);
    let object = object.map(|object| format!("raced on: {object}"));
    let locks = (!locks.is_empty()).then(|| format!("locks: {}", locks.join("\n")));
    let seen = words::test_or_program(finding).map(|seen| match finding.race.count {
        0 | 1 => format!("seen {seen}"),
        count => format!("seen {seen}, {count} times"),
    });
    let notes = [object, locks, seen].into_iter().flatten();
    elements.extend(notes.map(|note| Element::from(Level::NOTE.message(note))));
    if let Some(advice) = &finding.advice {
        elements.push(Level::HELP.message(&advice.help).into());
        let more = format!("`gosan explain {}` tells more", advice.code);
        elements.push(Level::HELP.message(more).into());
    }
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    writeln!(out, "{}\n", renderer.render(&[title.elements(elements)]))
}

/// A side by itself: its lines, or at least where they would be.
fn alone<'a>(finding: &'a Finding, side: &'a Side, paths: &'a Paths) -> Element<'a> {
    let Some(frame) = finding.frame(side) else {
        return Origin::path("an unknown place").into();
    };
    let path = words::file(frame, paths);
    let Some(excerpt) = &side.excerpt else {
        let line = usize::try_from(frame.line).unwrap_or_default();
        return Origin::path(path).line(line).into();
    };
    let before: usize = excerpt.lines[..excerpt.at]
        .iter()
        .map(|l| l.len() + 1)
        .sum();
    Snippet::source(excerpt.lines.join("\n"))
        .line_start(excerpt.first)
        .path(path)
        .annotation(annotation(finding, side, excerpt, before))
        .into()
}

/// Both sides in one piece of source, where they are in one file.
struct Joint<'a> {
    path: &'a str,
    first: usize,
    text: String,
    /// Where each side's line begins in the text.
    starts: [usize; 2],
}

impl<'a> Joint<'a> {
    fn of(finding: &'a Finding, paths: &'a Paths) -> Option<Self> {
        let [earlier, later] = &finding.sides;
        let frame = finding.frame(earlier)?;
        let excerpts = [earlier.excerpt.as_ref()?, later.excerpt.as_ref()?];
        if frame.file != finding.frame(later)?.file {
            return None;
        }
        let mut lines = BTreeMap::new();
        for excerpt in excerpts {
            for (number, line) in (excerpt.first..).zip(&excerpt.lines) {
                lines.insert(number, line.as_str());
            }
        }
        let (first, last) = (*lines.first_key_value()?.0, *lines.last_key_value()?.0);
        // What lies between the two is folded by the renderer.
        let all: Vec<_> = (first..=last)
            .map(|number| lines.get(&number).copied().unwrap_or_default())
            .collect();
        let starts = excerpts.map(|excerpt| {
            let before = &all[..excerpt.line() - first];
            before.iter().map(|line| line.len() + 1).sum()
        });
        Some(Self {
            path: words::file(frame, paths),
            first,
            text: all.join("\n"),
            starts,
        })
    }

    fn snippet(self, finding: &'a Finding) -> Element<'a> {
        let annotations = finding.sides.iter().zip(self.starts);
        Snippet::source(self.text)
            .line_start(self.first)
            .path(self.path)
            .annotations(annotations.filter_map(|(side, start)| {
                let excerpt = side.excerpt.as_ref()?;
                Some(annotation(finding, side, excerpt, start))
            }))
            .into()
    }
}

/// (1) or (2) under the expression. The writes stand out.
fn annotation<'a>(
    finding: &Finding,
    side: &Side,
    excerpt: &Excerpt,
    line_start: usize,
) -> annotate_snippets::Annotation<'a> {
    let Range { start, end } = excerpt.mark;
    let kind = match side.number {
        1 => AnnotationKind::Context,
        _ => AnnotationKind::Primary,
    };
    let access = finding.access(side);
    let by = words::goroutine(access.goroutine, finding.goroutine(access.goroutine));
    kind.span(line_start + start..line_start + end)
        .label(format!("({}) {} by {by}", side.number, side.deed.noun))
}

/// How a goroutine came to its access: its stack, and its line of creation up
/// to the test or to what is told already.
fn origin_of<'a>(
    finding: &'a Finding,
    side: &Side,
    paths: &Paths,
    told: &mut Vec<&'a Goroutine>,
) -> String {
    let access = finding.access(side);
    let name = |id| words::goroutine(id, finding.goroutine(id));
    let mut lines = vec![format!("({}) {} ran", side.number, name(access.goroutine))];
    lines.extend(stack(&access.stack, paths));
    for (index, goroutine) in finding.ancestry(access.goroutine).into_iter().enumerate() {
        let Some(place) = words::at(&goroutine.created_at, paths) else {
            break;
        };
        if told.contains(&goroutine) || frames::is_start_of_test(goroutine) {
            break;
        }
        told.push(goroutine);
        let who = match index {
            0 => "it".to_owned(),
            _ => name(goroutine.id),
        };
        let by = goroutine
            .parent
            .map(|parent| format!(" by {}", name(parent)));
        let by = by.unwrap_or_default();
        lines.push(format!("{who} was created{by} at {place}"));
    }
    lines.join("\n")
}

/// The frames of a stack, one a line, in two columns.
fn stack(stack: &[Frame], paths: &Paths) -> Vec<String> {
    // The innermost frames of Go's own say what the label says already.
    let place = frames::place(stack);
    let parts = frames::folded(&stack[place.min(stack.len())..]);
    let shown = &parts[..parts.len().min(FRAMES)];
    let width = |part: &Part| match part {
        Part::Frame(frame) => frames::short(&frame.function).chars().count(),
        Part::Folded { .. } => 0,
    };
    let width = shown.iter().map(width).max().unwrap_or(0).min(48);
    let mut lines: Vec<_> = shown
        .iter()
        .map(|part| match part {
            Part::Frame(frame) => {
                let function = frames::short(&frame.function);
                format!("  {function:width$}  {}", words::location(frame, paths))
            }
            Part::Folded { frames, package } => {
                let package = package.unwrap_or("Go's own library");
                format!("  ... {} frames of {package}", frames.len())
            }
        })
        .collect();
    if parts.len() > FRAMES {
        lines.push(format!("  ... {} more", parts.len() - FRAMES));
    }
    lines
}

/// What the run found, in which tests, and how to see more.
pub fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let count = |status| report.with_status(status).count() as u64;
    let new = count(Status::New);
    let known = count(Status::Known);
    let suppressed = count(Status::Suppressed);
    if report.findings.is_empty() {
        return writeln!(out, "gosan: no data races");
    }
    let races = words::count(new, "new data race", "new data races");
    writeln!(
        out,
        "gosan: {races}, {known} known, {suppressed} suppressed"
    )?;
    let mut tests = BTreeMap::new();
    for finding in report.with_status(Status::New) {
        for test in finding.tests.iter().filter(|name| !name.test.is_empty()) {
            *tests.entry(test).or_insert(0_u64) += 1;
        }
    }
    for (test, races) in tests {
        let races = words::count(races, "race", "races");
        let package = &test.package;
        writeln!(out, "    {races:>8}  {} {package}", test.test)?;
    }
    match report.more {
        Some(command) => writeln!(out, "To see more: {command}"),
        None => Ok(()),
    }
}
