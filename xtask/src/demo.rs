//! `cargo xtask demo`: from a fresh machine to a race found in a service.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::go::find;
use crate::process;
use crate::workspace::{self, Profile};

/// The first run builds Go's standard library, which takes the longest.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// The service that races.
const EXAMPLE: &str = "examples/service";

pub fn run() -> Result<bool> {
    heading("Go");
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;

    heading("gosan, from this repository");
    println!("Building, which takes a minute or two the first time ...");
    let gosan = workspace::build_gosan(Profile::Release)?;
    println!("Built: {gosan}");

    let example = workspace::root().join(EXAMPLE);
    if !example.join("go.mod").is_file() {
        bail!("{example} holds no Go module; is the checkout complete?");
    }
    heading(&format!("gosan test ./...   (in {EXAMPLE})"));
    let mut command = Command::new(&gosan);
    go.use_in(&mut command)
        .args(["test", "-count=1", "./..."])
        .current_dir(&example)
        .env_remove("GORACE");
    let outcome = process::show(&mut command, LIMIT)?;
    println!();
    if outcome.timed_out() {
        bail!(
            "the example did not end in {} minutes",
            LIMIT.as_secs() / 60
        );
    }
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    let reports = text.matches("WARNING: DATA RACE").count();
    if reports == 0 || outcome.success() {
        println!("gosan did not find the race in {EXAMPLE}.");
        return Ok(false);
    }
    let found = match reports {
        1 => "a data race; its report is".to_owned(),
        _ => format!("{reports} data races; their reports are"),
    };
    println!("gosan found {found} above.");
    println!(
        "Next: cargo install --path crates/gosan, and then `gosan test ./...` in a module of yours."
    );
    Ok(true)
}

fn heading(text: &str) {
    println!("\n==> {text}");
}
