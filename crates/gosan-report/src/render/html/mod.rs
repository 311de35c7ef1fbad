//! One page that holds everything it needs: a list of the races, and for each
//! a picture of its goroutines, the source of both accesses, and the stacks.
//!
//! The page's list is there at once; what a race opens to lies in the page as
//! JSON and becomes part of it when it is opened, so a page with thousands of
//! races opens as fast as one with ten. A policy in the page's head names the
//! hashes of its one script and its one style sheet: nothing else can run, even
//! if a text from the program got past the escaping.

mod detail;
mod picture;

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gosan_wire::Status;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::model::{Finding, Report, Side};
use crate::words;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What an option of a filter says when the race belongs to no test.
const NONE: &str = "(none)";

/// Writes the page.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let findings: Vec<_> = report.shown().collect();
    let packages = Choices::of(&findings, |test| &test.package);
    let tests = Choices::of(&findings, |test| &test.test);
    let details: Vec<_> = findings
        .iter()
        .map(|finding| detail::of(finding, &report.paths).into_string())
        .collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head())
            body {
                header {
                    h1 { "Data races" }
                    p { (tally(report)) }
                }
                @if findings.is_empty() {
                    main { p.empty { "No data races were found." } }
                } @else {
                    (filters(&packages, &tests, findings.len()))
                    main {
                        @for (index, finding) in findings.iter().enumerate() {
                            (entry(index, finding, report, &packages, &tests))
                        }
                        p.empty #nothing hidden { "No race matches." }
                    }
                    noscript { p { "What a race opens to needs scripts to be allowed." } }
                    script type="application/json" id="details" { (PreEscaped(json(&details)?)) }
                    script { (PreEscaped(SCRIPT)) }
                }
                footer {
                    p { "Written by gosan " (env!("CARGO_PKG_VERSION")) "." }
                }
            }
        }
    };
    out.write_all(page.into_string().as_bytes())?;
    out.write_all(b"\n")
}

fn head() -> Markup {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT),
    );
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { "Data races" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn tally(report: &Report) -> String {
    let count = |status| report.with_status(status).count() as u64;
    let new = words::count(count(Status::New), "new race", "new races");
    let known = count(Status::Known);
    format!(
        "{new}, {known} known, {} suppressed",
        count(Status::Suppressed)
    )
}

/// The values of a filter, numbered, so that the page need not compare texts.
struct Choices<'a>(BTreeMap<&'a str, usize>);

impl<'a> Choices<'a> {
    fn of(
        findings: &[&'a Finding],
        part: impl Fn(&'a crate::model::TestName) -> &'a String,
    ) -> Self {
        let names = findings.iter().flat_map(|finding| finding.tests.iter());
        let mut values: BTreeMap<_, _> = names.map(|name| (part(name).as_str(), 0)).collect();
        for (number, value) in values.values_mut().enumerate() {
            *value = number;
        }
        Self(values)
    }

    /// The numbers of a race's values, with blanks between.
    fn numbers(&self, values: impl Iterator<Item = &'a str>) -> String {
        let numbers: Vec<_> = values.map(|value| self.0[value].to_string()).collect();
        numbers.join(" ")
    }
}

fn filters(packages: &Choices, tests: &Choices, races: usize) -> Markup {
    let select = |id: &str, label: &str, all: &str, choices: &Choices| {
        html! {
            label for=(id) { (label) }
            select id=(id) {
                option value="" { (all) }
                @for (value, number) in &choices.0 {
                    option value=(number) { @if value.is_empty() { (NONE) } @else { (value) } }
                }
            }
        }
    };
    html! {
        form role="search" aria-label="Filter the races" {
            div { (select("package", "Package", "all packages", packages)) }
            div { (select("test", "Test", "all tests", tests)) }
            div {
                label for="words" { "Words" }
                input id="words" type="search" placeholder="file, function, headline"
                    aria-keyshortcuts="/" autocomplete="off";
            }
            p #shown role="status" { (races) " of " (races) " shown" }
        }
    }
}

/// A race in the list.
fn entry(
    index: usize,
    finding: &Finding,
    report: &Report,
    packages: &Choices,
    tests: &Choices,
) -> Markup {
    let of_packages = packages.numbers(finding.tests.iter().map(|name| name.package.as_str()));
    let of_tests = tests.numbers(finding.tests.iter().map(|name| name.test.as_str()));
    let place = |side: &Side| {
        let frame = finding.frame(side);
        let location = frame.map(|frame| words::location(frame, &report.paths));
        format!("({}) {}", side.number, location.unwrap_or_default())
    };
    let known = finding.race.status == Status::Known;
    html! {
        details.race id={ "race-" (index + 1) } data-packages=(of_packages) data-tests=(of_tests) {
            summary {
                h2 { (in_code(&finding.headline)) }
                p.about {
                    @if known { span.known { "known" } }
                    @for side in &finding.sides { span.place { (place(side)) } }
                    @if let Some(test) = words::test_or_program(finding) { span { (test) } }
                    @if finding.race.count > 1 { span { "seen " (finding.race.count) " times" } }
                }
            }
            div.detail {}
        }
    }
}

/// A sentence, with what stands in backquotes as code.
fn in_code(sentence: &str) -> Markup {
    let mut characters = sentence.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    let sentence: String = first.into_iter().chain(characters).collect();
    html! {
        @for (index, part) in sentence.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// JSON that may stand in a script element: nothing in it ends the element.
fn json(details: &[String]) -> io::Result<String> {
    let text = serde_json::to_string(details)?;
    Ok(text.replace('<', "\\u003c"))
}
