//! Shows the races of a run, and writes the files that were asked for.
//!
//! Who prints a race: the program in which it happens, in the classic form, as
//! stock does; or gosan from the record, in any other form, and then the
//! program is told not to. So no race is shown twice, and a program that
//! cannot write its record prints all the same. See docs/design/renderings.md.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anstream::AutoStream;
use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use gosan_explain::{Confidence, Sources, diagnose_record};
use gosan_report::{Advice, Format, Identity, Merged, Paths, Report};
use gosan_wire::Race;
use gosan_wire::read::Records;

use crate::messages;
use crate::report_options::{Color, ReportOptions};

/// How often gosan looks for new records while programs run.
const LOOK: Duration = Duration::from_millis(300);

/// What the runtime is told when gosan shows the races.
const DO_NOT_PRINT: &str = "print=0";

/// The form that the runtime itself prints.
const CLASSIC: &str = "classic";

/// Puts records together and prepares those that are wanted to be shown.
pub fn prepare(races: Vec<Race>, wanted: impl FnMut(&Merged) -> bool) -> Result<Report> {
    let here = std::env::current_dir().context("cannot tell the current directory")?;
    let here = Utf8PathBuf::from_path_buf(here)
        .unwrap_or_else(|path| path.to_string_lossy().into_owned().into());
    let mut merged = gosan_report::merge(races);
    merged.retain(wanted);
    let sources = Sources::new();
    let diagnose = |race: &Race| diagnose(race, &sources);
    Ok(Report::new(merged, Paths::of(&here), &diagnose))
}

/// The one place where the diagnoses are asked. One that only fits, as others
/// do too, gives no advice.
fn diagnose(race: &Race, sources: &Sources) -> Option<Advice> {
    let found = diagnose_record(&serde_json::to_value(race).ok()?, sources)?;
    if found.confidence < Confidence::Medium {
        return None;
    }
    let page = found.diagnosis.page();
    Some(Advice {
        code: found.diagnosis.code.to_owned(),
        title: page.title.to_owned(),
        help: page.advice.replace('\n', " "),
        url: None,
    })
}

/// How the races of a run are shown.
pub struct Show {
    options: ReportOptions,
    format: &'static Format,
}

impl Show {
    /// Decides before the run.
    pub fn of_run(options: ReportOptions, is_json: bool, gorace: &OsStr) -> Result<Self> {
        options.check()?;
        // Whoever has a stream read by a program, or reports written to a file,
        // gets what stock writes there.
        let asks_for_file = gorace.to_string_lossy().contains("log_path=");
        let as_stock = is_json || asks_for_file || !io::stderr().is_terminal();
        let default = if as_stock { CLASSIC } else { "terminal" };
        let format = options.format.or_else(|| Format::named(default));
        let format = format.context("the format of this place is missing")?;
        Ok(Self { options, format })
    }

    /// What the programs of the run are told of it.
    pub fn runtime_options(&self) -> &'static str {
        match self.prints() {
            true => DO_NOT_PRINT,
            false => "",
        }
    }

    /// Whether gosan prints the races, and not their programs.
    pub fn prints(&self) -> bool {
        self.format.name != CLASSIC
    }

    /// Begins to look for records.
    pub fn start(self, records: PathBuf) -> Live {
        let watcher = (self.prints() && self.format.is_bit_by_bit()).then(|| {
            let (stop, stopped) = mpsc::channel::<()>();
            let (format, color) = (self.format, self.options.color);
            let thread = thread::spawn(move || {
                let mut shown = Shown::new(format, color);
                let mut size = 0;
                while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    let now = size_of(&records);
                    if now != size {
                        size = now;
                        // What cannot be read or written now is tried again,
                        // and said, at the end.
                        let (records, _) = Records::read_all(&records);
                        let _ = shown.show(records.races);
                    }
                }
                shown
            });
            Watcher { stop, thread }
        });
        Live {
            show: self,
            watcher,
            shown: None,
        }
    }
}

/// Bytes of all records.
fn size_of(records: &Path) -> u64 {
    let sizes = fs::read_dir(records).into_iter().flatten().flatten();
    sizes
        .filter_map(|entry| entry.metadata().ok())
        .map(|about| about.len())
        .sum()
}

/// The races that were shown so far.
struct Shown {
    format: &'static Format,
    color: Color,
    known: HashSet<Identity>,
}

impl Shown {
    fn new(format: &'static Format, color: Color) -> Self {
        Self {
            format,
            color,
            known: HashSet::new(),
        }
    }

    /// Shows those that were not yet.
    fn show(&mut self, races: Vec<Race>) -> Result<()> {
        let report = prepare(races, |race| self.known.insert(race.identity()))?;
        let mut text = Vec::new();
        self.format.races(&report, &mut text)?;
        print_text(&text, self.color, Stream::Err)
    }
}

struct Watcher {
    stop: Sender<()>,
    thread: JoinHandle<Shown>,
}

/// A run whose races are shown as they come.
pub struct Live {
    pub show: Show,
    watcher: Option<Watcher>,
    /// What was shown when nobody looks for more.
    shown: Option<Shown>,
}

impl Live {
    /// Shows what was not shown yet of a form that comes bit by bit, and looks
    /// for no more by itself.
    pub fn settle(&mut self, records: &Records) -> Result<()> {
        if let Some(watcher) = self.watcher.take() {
            drop(watcher.stop);
            let Show { options, format } = &self.show;
            let shown = watcher.thread.join();
            self.shown = Some(shown.unwrap_or_else(|_| Shown::new(format, options.color)));
        }
        match &mut self.shown {
            Some(shown) => shown.show(records.races.clone()),
            None => Ok(()),
        }
    }

    /// Shows what was not shown yet, sums up, and writes the files.
    pub fn finish(mut self, records: &Records, quiet: bool) -> Result<()> {
        self.settle(records)?;
        let Show { options, format } = &self.show;
        let mut report = prepare(records.races.clone(), |_| true)?;
        report.more = Some("gosan report --report html=races.html");
        if self.shown.is_none() && self.show.prints() {
            print(format, options, &report, Stream::Err)?;
        }
        if !quiet && !report.findings.is_empty() {
            let mut text = Vec::new();
            gosan_report::summary(&report, &mut text)?;
            print_text(&text, options.color, Stream::Err)?;
        }
        write_outputs(options, &report)
    }
}

/// Writes the files of `--report`: all that can be written.
pub fn write_outputs(options: &ReportOptions, report: &Report) -> Result<()> {
    let mut failed = None;
    for output in &options.report {
        let written = match &output.file {
            None => print(output.format, options, report, Stream::Out),
            Some(path) => write_file(output.format, path, report),
        };
        if let Err(error) = written
            && let Some(before) = failed.replace(error)
        {
            messages::warn(format_args!("{before:#}"));
        }
    }
    failed.map_or(Ok(()), Err)
}

fn write_file(format: &Format, path: &Path, report: &Report) -> Result<()> {
    let said = || format!("cannot write {}", path.display());
    let file = File::create(path).with_context(said)?;
    let mut file = BufWriter::new(anstream::StripStream::new(file));
    format.render(report, &mut file).with_context(said)?;
    file.flush().with_context(said)
}

/// A stream to show something on.
#[derive(Clone, Copy)]
pub enum Stream {
    Out,
    Err,
}

/// Shows a report on a stream, in one piece.
pub fn print(
    format: &Format,
    options: &ReportOptions,
    report: &Report,
    stream: Stream,
) -> Result<()> {
    let mut text = Vec::new();
    format.render(report, &mut text)?;
    print_text(&text, options.color, stream)
}

fn print_text(text: &[u8], color: Color, stream: Stream) -> Result<()> {
    let written = match stream {
        Stream::Out => put(AutoStream::new(io::stdout(), color.into()), text),
        Stream::Err => put(AutoStream::new(io::stderr(), color.into()), text),
    };
    match written {
        // A reader that has seen enough ends it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write the report"),
    }
}

fn put(mut stream: impl Write, text: &[u8]) -> io::Result<()> {
    stream.write_all(text)?;
    stream.flush()
}
