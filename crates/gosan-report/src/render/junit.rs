//! JUnit XML: a case for each test in which a race was seen, by package. It
//! stands beside the file with the results of the tests themselves, and holds
//! the raced ones only.

use std::collections::BTreeMap;
use std::io::{self, Write};

use gosan_wire::Status;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::classic;
use crate::model::{Finding, Report, TestName};
use crate::words;

/// Writes the document. New races are failures; of known ones the case tells in
/// its output.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut packages: BTreeMap<&str, BTreeMap<&TestName, Vec<&Finding>>> = BTreeMap::new();
    for finding in report.shown() {
        for test in &finding.tests {
            let cases = packages.entry(test.package.as_str()).or_default();
            cases.entry(test).or_default().push(finding);
        }
    }
    let mut document = Document::new("gosan");
    for (package, cases) in packages {
        let mut suite = TestSuite::new(or(package, "outside of packages"));
        for (test, findings) in cases {
            suite.add_test_case(case(test, &findings)?);
        }
        document.add_test_suite(suite);
    }
    let text = document.to_string().map_err(io::Error::other)?;
    writeln!(out, "{}", text.trim_end())
}

fn case(test: &TestName, findings: &[&Finding]) -> io::Result<TestCase> {
    let (new, known): (Vec<&Finding>, Vec<_>) = findings
        .iter()
        .partition(|finding| finding.race.status == Status::New);
    let mut status = TestCaseStatus::success();
    if let Some(first) = new.first() {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let message = match new.len() {
            1 => first.headline.clone(),
            _ => words::count(new.len() as u64, "data race", "data races"),
        };
        status.set_type("data race");
        status.set_message(message);
        status.set_description(texts(&new)?);
    }
    let mut case = TestCase::new(or(&test.test, "outside of tests"), status);
    case.set_classname(or(&test.package, "outside of packages"));
    if !known.is_empty() {
        case.set_system_out(format!("known, in the baseline:\n{}", texts(&known)?));
    }
    Ok(case)
}

fn texts(findings: &[&Finding]) -> io::Result<String> {
    let mut text = Vec::new();
    for finding in findings {
        writeln!(text, "{}", finding.headline)?;
        if let Some(advice) = &finding.advice {
            writeln!(text, "help: {}", advice.help)?;
        }
        writeln!(text, "fingerprint: {}", finding.race.fingerprint)?;
        classic::race(finding, &mut text)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn or<'a>(name: &'a str, otherwise: &'a str) -> &'a str {
    if name.is_empty() { otherwise } else { name }
}
