//! `gosan explain`: from a log to the cause and the fix, or the page of a code.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use gosan_explain::{Sources, all, by_code, explain, render};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::exit_codes;

/// What `gosan explain` understands.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// A log, - for standard input, or a code as GS0101
    #[arg(value_name = "LOG|-|CODE", required_unless_present = "list")]
    subject: Option<String>,
    /// How to show what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where the source is; PREFIX is what DIR is called in the log
    #[arg(long, value_name = "[PREFIX=]DIR")]
    source: Vec<String>,
    /// List all codes
    #[arg(long)]
    list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let Some(subject) = options.subject.as_deref().filter(|_| !options.list) else {
        return print(&list());
    };
    if !Path::new(subject).exists() {
        if let Some(diagnosis) = by_code(subject) {
            return print(diagnosis.page);
        }
        if subject.len() == 6 && subject.to_ascii_uppercase().starts_with("GS") {
            bail!("there is no code {subject}; `gosan explain --list` shows all of them");
        }
    }
    let mut sources = Sources::new();
    for source in &options.source {
        let directory = source
            .split_once('=')
            .map_or(source.as_str(), |(_, directory)| directory);
        if !Path::new(directory).is_dir() {
            bail!("--source {source}: there is no directory {directory}");
        }
        sources.add(source);
    }
    let explanation = match subject {
        "-" => of_input(&sources)?,
        path => of_file(path, &sources)?,
    };
    match options.format {
        Format::Json => print(&(render::json::render(&explanation) + "\n")),
        Format::Text => {
            let styled = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            print(&render::text::render(&explanation, &sources, styled))
        }
    }
}

/// Nobody knows how much will come, so what came is shown, once it is much.
fn of_input(sources: &Sources) -> Result<gosan_explain::Explanation> {
    let bar = ProgressBar::hidden();
    let seen = io::stderr().is_terminal();
    let style = ProgressStyle::with_template("{spinner} {bytes} read, {binary_bytes_per_sec}")
        .expect("the template is well formed");
    bar.set_style(style);
    let result = explain(io::stdin().lock(), sources, |read| {
        if seen && read >= LONG && bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(read);
    });
    bar.finish_and_clear();
    result.context("standard input")
}

fn of_file(path: &str, sources: &Sources) -> Result<gosan_explain::Explanation> {
    let file = File::open(path).with_context(|| path.to_owned())?;
    let metadata = file.metadata().with_context(|| path.to_owned())?;
    if metadata.is_dir() {
        bail!("{path} is a directory; name the log in it");
    }
    let bar = bar(metadata.len());
    let result = explain(file.take(u64::MAX), sources, |read| bar.set_position(read));
    bar.finish_and_clear();
    result.with_context(|| path.to_owned())
}

/// Less is read before anybody has seen a bar.
const LONG: u64 = 32 << 20;

/// A bar, if there is somebody to see it and it takes long enough.
fn bar(length: u64) -> ProgressBar {
    if length < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {binary_bytes_per_sec}")
            .expect("the template is well formed");
    ProgressBar::new(length).with_style(style)
}

fn list() -> String {
    all()
        .iter()
        .map(|diagnosis| format!("{}  {}\n", diagnosis.code, diagnosis.page().title))
        .collect()
}

/// A reader that has seen enough, as `head`, is no error.
fn print(text: &str) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(ExitCode::from(exit_codes::SUCCESS)),
    }
}
