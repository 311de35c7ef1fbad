//! `--format text`: for people, in the manner of rustc.
//!
//! A headline with the code, the user's lines with (1) and (2), the stacks with
//! what is not the user's folded, the reasons, the change to make.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::prove;
use crate::diagnosis::Diagnosed;
use crate::findings::{Explanation, Finding};
use crate::frames::{Owner, own_index};
use crate::model::{Access, Ending, Frame, Goroutines, Problem};
use crate::source::Sources;

/// Lines shown above and below the user's.
const AROUND: usize = 2;

/// The user's frames of one stack that are shown; the rest is counted.
const MAX_FRAMES: usize = 8;

/// Renders all findings. `styled` is for terminals.
pub fn render(explanation: &Explanation, sources: &Sources, styled: bool) -> String {
    let renderer = if styled {
        Renderer::styled().decor_style(DecorStyle::Unicode)
    } else {
        Renderer::plain().decor_style(DecorStyle::Ascii)
    };
    let mut out = String::new();
    for finding in &explanation.findings {
        out.push_str(&one(finding, sources, &renderer));
        out.push_str("\n\n");
    }
    out.push_str(&summary(explanation));
    out.push('\n');
    out
}

/// The last line: how much there is.
fn summary(explanation: &Explanation) -> String {
    let findings = &explanation.findings;
    if findings.is_empty() {
        return "Nothing to explain: no race report, no crash of a Go program, and no goroutines \
                that stand still were found in the log."
            .to_owned();
    }
    let times: u64 = findings.iter().map(|finding| finding.occurrences).sum();
    let diagnosed = findings
        .iter()
        .filter(|finding| finding.diagnosed.is_some())
        .count();
    let mut text = format!(
        "{} distinct {}, seen {times} {} in all; {diagnosed} with a diagnosis.",
        findings.len(),
        plural(findings.len() as u64, "problem"),
        plural(times, "time"),
    );
    if explanation.left_out > 0 {
        text.push_str(&format!(
            " {} more were left out: split the log to see them.",
            explanation.left_out
        ));
    }
    text
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

/// A line of a stack for the user, with its label.
struct Mark<'a> {
    frame: &'a Frame,
    label: String,
}

fn one(finding: &Finding, sources: &Sources, renderer: &Renderer) -> String {
    let diagnosed = finding.diagnosed.as_ref();
    let page = diagnosed.map(|found| found.diagnosis.page());
    let title = match &page {
        Some(page) => page.title.to_owned(),
        None => plain_title(&finding.problem),
    };
    let level = match finding.problem {
        Problem::Notice(_) => Level::WARNING,
        _ => Level::ERROR,
    };
    let marks = marks(&finding.problem);
    let excerpts: Vec<Option<Excerpt>> = marks.iter().map(|mark| excerpt(mark, sources)).collect();
    let mut heading = level.primary_title(title.as_str());
    if let Some(found) = diagnosed {
        heading = heading.id(found.diagnosis.code);
    }
    let mut group = Group::with_title(heading);
    for (mark, excerpt) in marks.iter().zip(&excerpts) {
        group = match excerpt {
            Some(excerpt) => group.element(
                Snippet::source(excerpt.text.as_str())
                    .path(mark.frame.file.as_str())
                    .line_start(excerpt.first)
                    .fold(false)
                    .annotation(
                        AnnotationKind::Primary
                            .span(excerpt.span.clone())
                            .label(mark.label.as_str()),
                    ),
            ),
            None => group
                .element(Origin::path(place_with_line(mark.frame)))
                .element(Level::NOTE.no_name().message(mark.label.clone())),
        };
    }
    let mut notes = Vec::new();
    if let Some(shared) = &finding.shared {
        notes.push(format!("what both use: {shared}"));
    }
    notes.extend(stacks(&finding.problem));
    if let Some(found) = diagnosed {
        notes.push(why(found));
    } else {
        notes.push(
            "no diagnosis fits; what the log says is shown above, and the report stands as it is"
                .to_owned(),
        );
    }
    notes.push(seen(finding));
    for note in notes {
        group = group.element(Level::NOTE.message(note));
    }
    let mut groups = vec![group];
    if let (Some(found), Some(page)) = (diagnosed, &page) {
        let mut help = Group::with_title(Level::HELP.secondary_title(page.advice.clone()));
        let change = page.change();
        if !change.is_empty() {
            help = help.element(Level::NOTE.no_name().message(change_text(&change)));
        }
        help = help.element(
            Level::NOTE
                .with_name("prove it")
                .message(prove::command(finding)),
        );
        let more = format!("gosan explain {}", found.diagnosis.code);
        help = help.element(Level::NOTE.with_name("more").message(more));
        groups.push(help);
    }
    renderer.render(&groups)
}

fn plain_title(problem: &Problem) -> String {
    match problem {
        Problem::Race(race) if race.accesses.len() == 2 => {
            "two goroutines access one variable at the same time, and at least one writes"
                .to_owned()
        }
        Problem::Race(_) => "a data race, of which the log has one side".to_owned(),
        Problem::Crash(crash) => {
            let what = match crash.ending {
                Ending::Fatal => "fatal error",
                Ending::Panic => "panic",
                Ending::Recovered => "panic that was recovered",
            };
            format!("{what}: {}", crash.message)
        }
        Problem::Stuck(stuck) => format!(
            "{} of {} goroutines stand in one place",
            stuck.goroutines.count, stuck.total
        ),
        Problem::Notice(notice) => notice.message.clone(),
    }
}

fn marks(problem: &Problem) -> Vec<Mark<'_>> {
    match problem {
        Problem::Race(race) => race
            .accesses
            .iter()
            .enumerate()
            .filter_map(|(index, access)| {
                let frame = crate::frames::own_frame(&access.stack)?;
                Some(Mark {
                    frame,
                    label: format!(
                        "({}) {} by {}, in {}",
                        index + 1,
                        access.operation.name(),
                        goroutine(access),
                        frame.name()
                    ),
                })
            })
            .collect(),
        Problem::Crash(crash) => crash
            .goroutines
            .first()
            .and_then(of_place)
            .into_iter()
            .collect(),
        Problem::Stuck(stuck) => of_place(&stuck.goroutines).into_iter().collect(),
        Problem::Notice(notice) => notice
            .frame
            .iter()
            .map(|frame| Mark {
                frame,
                label: format!("here, in {}", frame.name()),
            })
            .collect(),
    }
}

fn of_place(place: &Goroutines) -> Option<Mark<'_>> {
    let frame = crate::frames::own_frame(&place.stack)?;
    let who = match (place.count, place.id) {
        (1, Some(id)) => format!("goroutine {id}"),
        (count, _) => format!("{count} {}", plural(count, "goroutine")),
    };
    let state = if place.state.is_empty() {
        String::new()
    } else {
        format!(" ({})", place.state)
    };
    Some(Mark {
        frame,
        label: format!("{who}{state}, in {}", frame.name()),
    })
}

fn goroutine(access: &Access) -> String {
    access.goroutine.map_or_else(
        || "the main goroutine".to_owned(),
        |number| format!("goroutine {number}"),
    )
}

fn place_with_line(frame: &Frame) -> String {
    if frame.line == 0 {
        frame.file.clone()
    } else {
        frame.place()
    }
}

/// A part of a file around a line.
struct Excerpt {
    text: String,
    first: usize,
    /// The line without its indentation, in bytes of `text`.
    span: std::ops::Range<usize>,
}

fn excerpt(mark: &Mark, sources: &Sources) -> Option<Excerpt> {
    // Only where the function that the log names stands there.
    sources.site(mark.frame)?;
    let file = sources.find(&mark.frame.file)?;
    let line = usize::try_from(mark.frame.line).ok()?;
    let first = line.saturating_sub(AROUND).max(1);
    let mut text = String::new();
    let mut span = 0..0;
    for (index, content) in file
        .source()
        .lines()
        .enumerate()
        .skip(first - 1)
        .take(2 * AROUND + 1)
    {
        // Control characters would act on the terminal.
        let content: String = content
            .chars()
            .filter(|c| *c == '\t' || !c.is_control())
            .collect();
        if index + 1 == line {
            let indent = content.len() - content.trim_start().len();
            span = text.len() + indent..text.len() + content.trim_end().len();
        }
        text.push_str(&content);
        text.push('\n');
    }
    (!span.is_empty()).then_some(Excerpt { text, first, span })
}

/// A note for each stack that says more than its marked line.
fn stacks(problem: &Problem) -> Vec<String> {
    let mut notes = Vec::new();
    match problem {
        Problem::Race(race) => {
            for (index, access) in race.accesses.iter().enumerate() {
                let number = index + 1;
                if access.stack.is_empty() {
                    notes.push(format!("the log does not have the stack of ({number})"));
                    continue;
                }
                notes.push(format!(
                    "stack of ({number}), the access first:\n{}",
                    folded(&access.stack)
                ));
                if let Some(frame) = crate::frames::own_frame(&access.created) {
                    notes.push(format!(
                        "the goroutine of ({number}) was started at {} in {}",
                        frame.place(),
                        frame.name()
                    ));
                }
            }
            if race.accesses.len() < 2 {
                notes.push("the report is cut in the log: the other side is missing".to_owned());
            }
            if let Some(object) = &race.object {
                notes.push(format!("what is raced on: {object}"));
            }
            if let Some(test) = &race.test {
                notes.push(format!("during test {test}"));
            }
        }
        Problem::Crash(crash) => {
            if crash.goroutines.is_empty() {
                notes.push("the log does not have the stacks".to_owned());
            }
            for place in crash.goroutines.iter().take(1) {
                notes.extend(of_goroutines(place));
            }
            let others: u64 = crash
                .goroutines
                .iter()
                .skip(1)
                .map(|place| place.count)
                .sum();
            if others > 0 {
                notes.push(format!(
                    "{others} other {} were there",
                    plural(others, "goroutine")
                ));
            }
        }
        Problem::Stuck(stuck) => {
            notes.extend(of_goroutines(&stuck.goroutines));
            if stuck.goroutines.minutes > 0 {
                notes.push(format!(
                    "the longest wait is {} minutes",
                    stuck.goroutines.minutes
                ));
            }
            notes.push(format!("the dump has {} goroutines in all", stuck.total));
        }
        Problem::Notice(_) => {}
    }
    notes
}

fn of_goroutines(place: &Goroutines) -> Vec<String> {
    let mut notes = vec![format!("its stack:\n{}", folded(&place.stack))];
    if let Some(frame) = crate::frames::own_frame(&place.created) {
        notes.push(format!("started at {} in {}", frame.place(), frame.name()));
    }
    notes
}

/// The user's frames one by one, the others counted by whose they are.
fn folded(stack: &[Frame]) -> String {
    let own = own_index(stack);
    let mut lines = Vec::new();
    let mut hidden: Vec<&Frame> = Vec::new();
    let mut shown = 0;
    for (index, frame) in stack.iter().enumerate() {
        let show = Some(index) == own || frame.owner() == Owner::User;
        if !show || shown == MAX_FRAMES {
            hidden.push(frame);
            continue;
        }
        shown += 1;
        lines.extend(hidden_line(&mut hidden));
        lines.push(format!(
            "{}\n    {}",
            frame.function,
            place_with_line(frame)
        ));
    }
    lines.extend(hidden_line(&mut hidden));
    lines.join("\n")
}

fn hidden_line(hidden: &mut Vec<&Frame>) -> Option<String> {
    let first = hidden.first()?;
    let mut packages: Vec<&str> = Vec::new();
    for frame in hidden.iter() {
        if !packages.contains(&frame.package()) {
            packages.push(frame.package());
        }
    }
    let more = if packages.len() > 3 { ", …" } else { "" };
    packages.truncate(3);
    let line = if hidden.len() == 1 {
        format!("({})", first.function)
    } else {
        format!(
            "({} frames of {}{more}, {} first)",
            hidden.len(),
            packages.join(", "),
            first.function
        )
    };
    hidden.clear();
    Some(line)
}

fn why(found: &Diagnosed) -> String {
    format!(
        "why: {} (confidence: {})",
        found.evidence.join("; "),
        found.confidence.name()
    )
}

fn seen(finding: &Finding) -> String {
    let times = finding.occurrences;
    let mut text = format!("seen {times} {}", plural(times, "time"));
    match (&finding.first_seen, &finding.last_seen) {
        (Some(first), Some(last)) if first != last => {
            text.push_str(&format!(", first {first}, last {last}"));
        }
        (Some(first), _) => text.push_str(&format!(", {first}")),
        _ => {}
    }
    text
}

fn change_text(change: &[(char, String)]) -> String {
    let mut text = String::from("for example:");
    for (sign, line) in change {
        let line = line.replace('\t', "    ");
        text.push_str(&format!("\n{sign} {line}"));
    }
    text
}
