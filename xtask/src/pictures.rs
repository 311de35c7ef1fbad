//! `cargo xtask pictures`: the pictures in the docs, made by the tool itself.
//!
//! The terminal's is an SVG of the text that gosan writes, the page's a
//! screenshot. Both are of the example service, whose first race is the same in
//! each run.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use crate::go::find;
use crate::process;
use crate::workspace::{self, Profile};

const LIMIT: Duration = Duration::from_secs(10 * 60);
const EXAMPLE: &str = "examples/service";
const TEST: &str = "-run=TestRaceStorefront";
const PICTURES: &str = "docs/pictures";

/// Names under which distributions install Chromium.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

pub fn run() -> Result<bool> {
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let gosan = workspace::build_gosan(Profile::Dev)?;
    let pictures = workspace::root().join(PICTURES);
    fs::create_dir_all(&pictures).with_context(|| format!("cannot make {pictures}"))?;
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let scratch = Utf8Path::from_path(scratch.path()).context("the temporary directory's name")?;
    let page = scratch.join("races.html");

    let mut command = Command::new(&gosan);
    go.use_in(&mut command)
        .args(["test", "--format=terminal", "--color=always", "--report"])
        .arg(format!("html={page}"))
        .args(["-count=1", TEST, "."])
        .current_dir(workspace::root().join(EXAMPLE))
        .env_remove("GORACE");
    let outcome = process::capture(&mut command, LIMIT)?;
    let Some(text) = first_race(&outcome.stderr) else {
        bail!("gosan found no race in {EXAMPLE}:\n{}", outcome.stderr);
    };
    let terminal = pictures.join("terminal.svg");
    let svg = anstyle_svg::Term::new().min_width_px(860).render_svg(&text);
    fs::write(&terminal, svg).with_context(|| format!("cannot write {terminal}"))?;
    println!("{terminal}");

    let picture = pictures.join("html.png");
    screenshot(&page, &picture)?;
    println!("{picture}");
    Ok(true)
}

/// The command, its first race, and the summary.
fn first_race(stderr: &str) -> Option<String> {
    let mut reports = stderr.split("\n\n");
    let first = reports.next()?;
    let first = &first[first.find("\u{1b}[1m")?..];
    let summary = stderr.rfind("gosan: ")?;
    let summary = &stderr[summary..];
    Some(format!("$ gosan test ./...\n{first}\n\n...\n\n{summary}"))
}

fn screenshot(page: &Utf8Path, picture: &Utf8Path) -> Result<()> {
    for browser in BROWSERS {
        let mut command = Command::new(browser);
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
            ])
            .args(["--window-size=1000,1130", "--force-device-scale-factor=1"])
            .arg(format!("--screenshot={picture}"))
            .arg(format!("file://{page}"));
        match command.output() {
            Ok(output) if output.status.success() && picture.is_file() => return Ok(()),
            Ok(output) => bail!("{browser}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(_) => {}
        }
    }
    bail!("there is no Chromium for the picture of the page; on Debian: apt-get install chromium")
}
