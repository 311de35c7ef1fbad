//! `--format json`: one object, for programs. Its version goes up when a field
//! changes its meaning or goes away.

use serde::Serialize;
use serde_json::{Value, json};

use super::prove;
use crate::findings::{Explanation, Finding};
use crate::frames::own_frame;
use crate::model::{Access, Frame, Problem};

/// The version of the form.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Side<'a> {
    operation: Option<&'a str>,
    goroutine: Option<u64>,
    own_frame: Option<&'a Frame>,
    stack: &'a [Frame],
    created: &'a [Frame],
}

/// Renders all findings.
pub fn render(explanation: &Explanation) -> String {
    let findings: Vec<_> = explanation.findings.iter().map(finding).collect();
    let value = json!({
        "version": VERSION,
        "findings": findings,
        "left_out": explanation.left_out,
        "bytes": explanation.bytes,
    });
    format!("{value:#}")
}

fn finding(finding: &Finding) -> Value {
    let diagnosed = finding.diagnosed.as_ref();
    let page = diagnosed.map(|found| found.diagnosis.page());
    let problem = match &finding.problem {
        Problem::Race(_) => "race",
        Problem::Crash(_) => "crash",
        Problem::Stuck(_) => "stuck",
        Problem::Notice(_) => "notice",
    };
    json!({
        "problem": problem,
        "message": message(&finding.problem),
        "code": diagnosed.map(|found| found.diagnosis.code),
        "title": page.as_ref().map(|page| page.title),
        "confidence": diagnosed.map(|found| found.confidence),
        "evidence": diagnosed.map(|found| &found.evidence),
        "advice": page.as_ref().map(|page| &page.advice),
        "occurrences": finding.occurrences,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "shared": finding.shared,
        "test": test(&finding.problem),
        "accesses": sides(&finding.problem),
        "prove": prove::command(finding),
    })
}

fn message(problem: &Problem) -> Value {
    match problem {
        Problem::Race(_) => Value::Null,
        Problem::Crash(crash) => json!(crash.message),
        Problem::Stuck(stuck) => json!(format!(
            "{} of {} goroutines stand in one place",
            stuck.goroutines.count, stuck.total
        )),
        Problem::Notice(notice) => json!(notice.message),
    }
}

fn test(problem: &Problem) -> Option<&String> {
    match problem {
        Problem::Race(race) => race.test.as_ref(),
        Problem::Crash(crash) => crash.test.as_ref(),
        Problem::Stuck(_) | Problem::Notice(_) => None,
    }
}

/// The stacks that count: the accesses, or the goroutine that failed or stands.
fn sides(problem: &Problem) -> Vec<Side<'_>> {
    match problem {
        Problem::Race(race) => race.accesses.iter().map(of_access).collect(),
        Problem::Crash(crash) => crash.goroutines.iter().take(1).map(of_goroutines).collect(),
        Problem::Stuck(stuck) => vec![of_goroutines(&stuck.goroutines)],
        Problem::Notice(_) => Vec::new(),
    }
}

fn of_access(access: &Access) -> Side<'_> {
    Side {
        operation: Some(access.operation.name()),
        goroutine: access.goroutine,
        own_frame: own_frame(&access.stack),
        stack: &access.stack,
        created: &access.created,
    }
}

fn of_goroutines(place: &crate::model::Goroutines) -> Side<'_> {
    Side {
        operation: None,
        goroutine: place.id,
        own_frame: own_frame(&place.stack),
        stack: &place.stack,
        created: &place.created,
    }
}
