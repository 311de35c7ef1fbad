//! The text of Go's own detector, for tools that read it. The runtime writes
//! the same text itself where nobody collects its records; a test holds both
//! against stock's.

use std::io::{self, Write};

use gosan_wire::{Frame, Op, Status};

use crate::model::{Finding, Report};

const RULE: &str = "==================";

/// The number of the main goroutine.
const MAIN: u64 = 1;

/// Writes the new races, and how many there are.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut count = 0;
    for finding in report.with_status(Status::New) {
        race(finding, out)?;
        count += 1;
    }
    match count {
        0 => Ok(()),
        count => writeln!(out, "Found {count} data race(s)"),
    }
}

/// Writes one race.
pub fn race(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let accesses = &finding.race.accesses;
    writeln!(out, "{RULE}\nWARNING: DATA RACE")?;
    for (index, access) in accesses.iter().enumerate() {
        let op = match (index, access.op) {
            (0, Op::Write) => "Write",
            (0, Op::Read) => "Read",
            (_, Op::Write) => "\nPrevious write",
            (_, Op::Read) => "\nPrevious read",
        };
        let by = match access.goroutine {
            MAIN => "main goroutine".to_owned(),
            id => format!("goroutine {id}"),
        };
        writeln!(out, "{op} at {} by {by}:", access.address)?;
        frames(&access.stack, out)?;
    }
    for (index, access) in accesses.iter().enumerate() {
        let id = access.goroutine;
        if id == MAIN || accesses[..index].iter().any(|other| other.goroutine == id) {
            continue;
        }
        let Some(goroutine) = finding.goroutine(id) else {
            continue;
        };
        let state = if goroutine.running {
            "running"
        } else {
            "finished"
        };
        writeln!(out, "\nGoroutine {id} ({state}) created at:")?;
        frames(&goroutine.created_at, out)?;
    }
    writeln!(out, "{RULE}")
}

fn frames(stack: &[Frame], out: &mut dyn Write) -> io::Result<()> {
    for frame in stack {
        let Frame {
            function,
            file,
            line,
            offset,
            ..
        } = frame;
        writeln!(out, "  {function}()\n      {file}:{line} +{offset:#x}")?;
    }
    Ok(())
}
