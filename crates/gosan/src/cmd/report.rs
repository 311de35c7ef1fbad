//! `gosan report`: shows races again from their records, and puts those of
//! several runs and machines together.

use std::process::ExitCode;

use anyhow::{Result, bail};
use gosan_go::cache::Cache;
use gosan_report::Format;
use gosan_wire::read::Records;

use crate::cli::ReportArguments;
use crate::reporting::{self, Stream};
use crate::{exit_codes, messages};

/// Renders, whatever the races are: whether they fail a build was decided by
/// the runs that they come from.
pub fn run(arguments: &ReportArguments) -> Result<ExitCode> {
    let mut paths = arguments.records.clone();
    if paths.is_empty() {
        let last = Cache::locate()?.last_run().into_std_path_buf();
        if !last.exists() {
            bail!("no run has left records; name files or folders of them: gosan report FILE");
        }
        paths.push(last);
    }
    let mut records = Records::default();
    for path in &paths {
        records.add(path)?;
    }
    for path in &records.cut {
        messages::warn(format_args!(
            "{}: the last line is cut; the process was killed while it wrote",
            path.display()
        ));
    }
    let options = &arguments.report;
    let report = reporting::prepare(records.races, |_| true)?;
    reporting::write_outputs(options, &report)?;
    options.check()?;
    // Whoever only wants files written wants nothing else shown.
    let shown = match (options.format, options.report.is_empty()) {
        (None, false) => None,
        (None, true) => Format::named("terminal"),
        (asked, _) => asked,
    };
    if let Some(format) = shown {
        reporting::print(format, options, &report, Stream::Out)?;
    }
    Ok(ExitCode::from(exit_codes::SUCCESS))
}
