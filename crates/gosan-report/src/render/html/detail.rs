//! What a race opens to: the picture, both sides with their source and stack,
//! and what else is known.

use gosan_wire::{Frame, Status};
use maud::{Markup, html};

use super::{in_code, picture};
use crate::frames::{self, Part};
use crate::model::{Finding, Side};
use crate::paths::Paths;
use crate::source::Excerpt;
use crate::words;

/// Everything about a race.
pub fn of(finding: &Finding, paths: &Paths) -> Markup {
    html! {
        @if let Some(advice) = &finding.advice {
            section.advice {
                h3 { "What to do" }
                p { strong { (in_code(&advice.title)) } " (" (advice.code) ")" }
                p { (in_code(&advice.help)) }
                p { code { "gosan explain " (advice.code) } " tells more." }
            }
        }
        (picture::of(finding, paths))
        div.sides {
            @for side in &finding.sides { (one_side(finding, side, paths)) }
        }
        (facts(finding, paths))
    }
}

fn one_side(finding: &Finding, side: &Side, paths: &Paths) -> Markup {
    let access = finding.access(side);
    let about = finding.goroutine(access.goroutine);
    let when = match side.number {
        1 => "earlier",
        _ => "later",
    };
    html! {
        section.side .first[side.number == 1] .second[side.number == 2] {
            h3 { "(" (side.number) ") " (when) ": " (side.deed.noun) }
            p { "by " (words::goroutine(access.goroutine, about)) }
            @if let Some(frame) = finding.frame(side) {
                p.place { (words::location(frame, paths)) " in " (frames::short(&frame.function)) }
            }
            @match &side.excerpt {
                Some(excerpt) => (source(excerpt)),
                None => p.missing { "The source is not there." },
            }
            h4 { "Stack" }
            (stack(&access.stack, paths))
            @for goroutine in finding.ancestry(access.goroutine) {
                @if !goroutine.created_at.is_empty() {
                    h4 {
                        (words::goroutine(goroutine.id, Some(goroutine)))
                        @if goroutine.running { ", running," } @else { ", finished," }
                        " was created at"
                    }
                    (stack(&goroutine.created_at, paths))
                }
            }
        }
    }
}

/// Source lines; a row each, so that numbers are not read or copied as code.
fn source(excerpt: &Excerpt) -> Markup {
    html! {
        pre.source tabindex="0" aria-label={ "source, line " (excerpt.line()) " is marked" } {
            @for (index, line) in excerpt.lines.iter().enumerate() {
                span.line .here[index == excerpt.at] data-number=(excerpt.first + index) {
                    @if index == excerpt.at {
                        (line[..excerpt.mark.start])
                        mark { (line[excerpt.mark.clone()]) }
                        (line[excerpt.mark.end..])
                    } @else {
                        (line)
                    }
                    "\n"
                }
            }
        }
    }
}

fn stack(stack: &[Frame], paths: &Paths) -> Markup {
    html! {
        ul.stack {
            @for part in frames::folded(stack) {
                @match part {
                    Part::Frame(frame) => (line(frame, paths)),
                    Part::Folded { frames, package } => li {
                        details.folded {
                            summary {
                                (frames.len()) " frames of " (package.unwrap_or("Go's own library"))
                            }
                            ul { @for frame in frames { (line(frame, paths)) } }
                        }
                    },
                }
            }
        }
    }
}

fn line(frame: &Frame, paths: &Paths) -> Markup {
    html! {
        li .go[frames::owner(frame).is_go()] {
            code { (frames::short(&frame.function)) }
            span.place { (words::location(frame, paths)) }
        }
    }
}

fn facts(finding: &Finding, paths: &Paths) -> Markup {
    let race = &finding.race;
    let locks: Vec<_> = finding
        .sides
        .iter()
        .filter_map(|side| words::locks(finding, side, paths))
        .collect();
    html! {
        dl.facts {
            @if let Some(object) = words::object(&race.object, paths) {
                dt { "Raced on" } dd { (object) }
            }
            @if !locks.is_empty() {
                dt { "Locks" } @for lock in locks { dd { (lock) } }
            }
            dt { "Tests" }
            @for name in &finding.tests {
                dd {
                    @if name.test.is_empty() { "outside of tests" } @else { (name.test) }
                    @if !name.package.is_empty() { " (" (name.package) ")" }
                }
            }
            @if let Some(process) = &race.process {
                dt { @if process.child { "Child process" } @else { "Process" } }
                dd { code { (process.command.join(" ")) } }
            }
            dt { "Seen" } dd { (words::count(race.count, "time", "times")) }
            @if race.status == Status::Known {
                dt { "Status" } dd { "known: it is in the baseline" }
            }
            dt { "Fingerprint" } dd { code { (race.fingerprint) } }
        }
    }
}
