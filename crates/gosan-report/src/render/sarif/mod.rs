//! SARIF 2.1.0: both accesses as locations that refer to each other, a thread
//! flow for each goroutine from its creation to its access, and the fingerprint
//! by which a race is known again.

mod format;

use std::io::{self, Write};

use format::{
    ArtifactLocation, CodeFlow, Component, Configuration, Fingerprints, Location, Log,
    LogicalLocation, Message, PhysicalLocation, PlaceMessage, RaceResult, Region, Rule,
    RuleProperties, Run, Stack, StackFrame, Suppression, Text, ThreadFlow, ThreadFlowLocation,
    Tool,
};
use gosan_wire::{Frame, Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::frames;
use crate::model::{Finding, Report, Side};
use crate::paths::Paths;
use crate::words;

/// What a path in a URI keeps as it is (RFC 3986, 2.3 and 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// GitHub rejects a result whose flows have more steps.
const STEPS: usize = 1000;

/// Writes the log of one run.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut results = Vec::new();
    for finding in &report.findings {
        let code = finding.code();
        let index = rules.iter().position(|rule| rule.id == code);
        let index = index.unwrap_or_else(|| {
            rules.push(rule(finding));
            rules.len() - 1
        });
        results.push(result(finding, index, &report.paths));
    }
    let driver = Component {
        name: "gosan",
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules,
    };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: vec![Run {
            tool: Tool { driver },
            column_kind: "utf16CodeUnits",
            results,
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(finding: &Finding) -> Rule {
    const RACE: &str = "Two goroutines access the same memory, at least one of them writes, and \
        nothing orders the two accesses.";
    const FIX: &str = "Order the two accesses: guard both with one mutex, hand the value over \
        through a channel, or wait for the goroutine before you use what it works on.";
    let text = |text: &str| Text {
        text: text.to_owned(),
    };
    let advice = finding.advice.as_ref();
    Rule {
        id: finding.code().to_owned(),
        short_description: text(advice.map_or("Data race", |advice| &advice.title)),
        full_description: text(RACE),
        help_uri: advice.and_then(|advice| advice.url.clone()),
        help: text(advice.map_or(FIX, |advice| &advice.help)),
        default_configuration: Configuration { level: "error" },
        properties: RuleProperties {
            tags: vec!["concurrency", "data-race"],
            precision: "very-high",
            severity: "error",
        },
    }
}

fn result(finding: &Finding, rule_index: usize, paths: &Paths) -> RaceResult {
    let [earlier, later] = &finding.sides;
    // GitHub shows a result at its first location: at the later access, if that
    // is in the repository.
    let inside = |side: &Side| {
        finding
            .frame(side)
            .is_some_and(|frame| paths.in_repository(&frame.file).is_some())
    };
    let (main, other) = match (inside(later), inside(earlier)) {
        (false, true) => (earlier, later),
        _ => (later, earlier),
    };
    let mut related = Vec::new();
    let mut relate = |stack: &[Frame], side: Option<&Side>, text: String| {
        if let Some(mut location) = place(stack, side, paths) {
            location.id = u32::try_from(related.len() + 1).ok();
            location.message = Some(PlaceMessage { text });
            related.push(location);
        }
    };
    for side in [other, main] {
        let stack = &finding.access(side).stack;
        relate(
            stack,
            Some(side),
            plain_text(&words::side(finding, side, paths)),
        );
    }
    for side in [main, other] {
        let id = finding.access(side).goroutine;
        if let Some(goroutine) = finding.goroutine(id) {
            let name = words::goroutine(id, Some(goroutine));
            let text = plain_text(&format!("{name} is created here"));
            relate(&goroutine.created_at, None, text);
        }
    }
    let allocated = &finding.race.object.allocated_at;
    relate(
        allocated,
        None,
        "what is raced on is allocated here".to_owned(),
    );

    RaceResult {
        rule_id: finding.code().to_owned(),
        rule_index,
        level: match finding.race.status {
            Status::New => "error",
            Status::Known | Status::Suppressed => "note",
        },
        message: Message {
            text: format!(
                "{}: see [the other access](1).",
                plain_text(&finding.headline)
            ),
        },
        locations: place(&finding.access(main).stack, Some(main), paths)
            .into_iter()
            .collect(),
        related_locations: related,
        code_flows: vec![CodeFlow {
            thread_flows: finding
                .sides
                .iter()
                .map(|side| flow(finding, side, paths))
                .collect(),
        }],
        stacks: finding
            .sides
            .iter()
            .map(|side| stack(finding, side, paths))
            .collect(),
        partial_fingerprints: Fingerprints {
            race: finding.race.fingerprint.to_string(),
        },
        occurrence_count: finding.race.count.max(1),
        suppressions: suppression(finding).into_iter().collect(),
    }
}

fn suppression(finding: &Finding) -> Option<Suppression> {
    let justification = match (&finding.race.status, &finding.race.suppressed_by) {
        (Status::New, _) => return None,
        (Status::Known, _) => "in the baseline".to_owned(),
        (Status::Suppressed, Some(rule)) => format!("suppressed by {rule}"),
        (Status::Suppressed, None) => "suppressed".to_owned(),
    };
    Some(Suppression {
        kind: "external",
        justification,
    })
}

/// From the creation of a goroutine's oldest known ancestor to its access.
fn flow(finding: &Finding, side: &Side, paths: &Paths) -> ThreadFlow {
    let access = finding.access(side);
    let mut locations = Vec::new();
    for goroutine in finding.ancestry(access.goroutine).into_iter().rev() {
        let frames = &goroutine.created_at;
        if let Some(frame) = frames.get(frames::place(frames)) {
            let name = words::goroutine(goroutine.id, Some(goroutine));
            let text = format!("{name} is created");
            locations.push(step(at_frame(frame, paths), &text, "important", None));
        }
    }
    let callers = access.stack.iter().skip(side.place + 1).rev();
    for frame in callers {
        let location = at_frame(frame, paths);
        let text = format!("calls on, in {}", frames::short(&frame.function));
        locations.push(step(location, &text, "unimportant", None));
    }
    let location = place(&access.stack, Some(side), paths).unwrap_or_default();
    let text = words::side(finding, side, paths);
    locations.push(step(location, &text, "essential", Some(side.number)));
    let too_many = locations.len().saturating_sub(STEPS);
    locations.drain(..too_many);
    ThreadFlow {
        id: words::goroutine(access.goroutine, None),
        locations,
    }
}

fn step(
    mut location: Location,
    text: &str,
    importance: &'static str,
    execution_order: Option<u8>,
) -> ThreadFlowLocation {
    location.message = Some(PlaceMessage {
        text: plain_text(text),
    });
    ThreadFlowLocation {
        location,
        importance,
        execution_order,
    }
}

fn stack(finding: &Finding, side: &Side, paths: &Paths) -> Stack {
    let frames = finding.access(side).stack.iter();
    Stack {
        message: Text {
            text: plain_text(&words::side(finding, side, paths)),
        },
        frames: frames
            .map(|frame| StackFrame {
                location: at_frame(frame, paths),
            })
            .collect(),
    }
}

/// The frame of a stack that a person wants to see; for a side, the expression.
fn place(stack: &[Frame], side: Option<&Side>, paths: &Paths) -> Option<Location> {
    let mut location = at_frame(stack.get(frames::place(stack))?, paths);
    let columns = side
        .and_then(|side| side.excerpt.as_ref())
        .and_then(|excerpt| excerpt.columns.as_ref());
    if let (Some(columns), Some(physical)) = (columns, &mut location.physical_location)
        && let Some(region) = &mut physical.region
    {
        region.start_column = Some(columns.start);
        region.end_column = Some(columns.end);
    }
    Some(location)
}

fn at_frame(frame: &Frame, paths: &Paths) -> Location {
    // A Go that lies in the checkout is no part of what is scanned.
    let own = paths
        .in_repository(&frame.file)
        .filter(|_| !frames::owner(frame).is_go());
    let artifact_location = match own {
        Some(file) => ArtifactLocation {
            uri: utf8_percent_encode(file, PATH).to_string(),
            uri_base_id: Some("%SRCROOT%"),
        },
        None if frame.file.starts_with('/') => ArtifactLocation {
            uri: format!("file://{}", utf8_percent_encode(&frame.file, PATH)),
            uri_base_id: None,
        },
        None => ArtifactLocation {
            uri: utf8_percent_encode(&frame.file, PATH).to_string(),
            uri_base_id: None,
        },
    };
    let region = (frame.line > 0).then_some(Region {
        start_line: frame.line,
        start_column: None,
        end_column: None,
    });
    Location {
        physical_location: Some(PhysicalLocation {
            artifact_location,
            region,
        }),
        logical_locations: vec![LogicalLocation {
            fully_qualified_name: frame.function.clone(),
            kind: "function",
        }],
        ..Location::default()
    }
}

/// A text in which nothing is taken for a link (3.11.6).
fn plain_text(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}
