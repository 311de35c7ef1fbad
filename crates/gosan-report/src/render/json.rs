//! JSON Lines: the records as the runtime writes them, put together. What this
//! writes `gosan report` reads again. `docs/schema/record.json` describes it.

use std::io::{self, Write};

use gosan_wire::Race;
use serde::Serialize;

use crate::model::{Advice, Report};

/// A record, and what a diagnosis said of it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    race: &'a Race,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<&'a Advice>,
}

/// Writes a line for each race and each test in which it was seen, suppressed
/// ones included.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        for race in finding.records() {
            let line = Line {
                race,
                diagnosis: finding.advice.as_ref(),
            };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}
