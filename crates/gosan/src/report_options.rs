//! The options that say how races are shown, and where else they are written.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use gosan_report::{FORMATS, Format};

/// Stands for the standard output stream where a file is asked for.
const STDOUT: &str = "-";

/// How races are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ReportOptions {
    /// Also write the races to a file; may be given several times
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<Output>,
    /// How races are shown; terminal on a terminal, classic elsewhere
    #[arg(long, value_name = "FORMAT", value_parser = format, long_help = format_help())]
    pub format: Option<&'static Format>,
    /// Whether to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// A file to write, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub format: &'static Format,
    /// None for the standard output stream.
    pub file: Option<PathBuf>,
}

impl ReportOptions {
    /// Finds out before a long run whether the files can be written after it.
    pub fn check(&self) -> Result<()> {
        for file in self.report.iter().filter_map(|output| output.file.as_ref()) {
            let opened = File::options().create(true).append(true).open(file);
            opened.with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').unwrap_or((text, ""));
        let format = format(name)?;
        let file = match file {
            "" => return Err(format!("the file is missing: {name}=FILE")),
            STDOUT => None,
            file => Some(OsString::from(file).into()),
        };
        Ok(Self { format, file })
    }
}

fn format(name: &str) -> Result<&'static Format, String> {
    Format::named(name).ok_or_else(|| {
        let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        format!("the formats are {}", names.join(", "))
    })
}

fn format_help() -> String {
    let mut text = "How races are shown; terminal on a terminal, classic elsewhere:".to_owned();
    for format in FORMATS {
        text += &format!("\n- {}: {}", format.name, format.about);
    }
    text
}
