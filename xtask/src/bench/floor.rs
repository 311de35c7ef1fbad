//! What the compiler's calls take by themselves: a GOROOT whose hooks for accesses,
//! function entries and exits return at once.
//!
//! The compiler saves what is in registers around each call and computes its argument;
//! Go's check of unsafe pointers comes with `-race` too. No detector that Go's compiler
//! calls is faster. What it builds detects nothing and is for measuring only.

use std::fs;
use std::os::unix::fs as unix;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use walkdir::WalkDir;

use super::programs::Gosan;
use crate::process;

const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Where a hook begins, in the folder `src/runtime`, and how it returns there.
const HOOKS: &[(&str, &str, &str)] = &[
    // Reads and writes, of a byte or a range.
    (
        "gosan_quick_amd64.h",
        "#define HEAP_SHADOW\t\\\n",
        "#define HEAP_SHADOW\t\\\n\tJMP\tdone\t\\\n",
    ),
    (
        "gosan_racereadrangepc1_amd64.h",
        "\tMOVQ\tg_racectx(R14), RARG0\n",
        "\tRET\n\tMOVQ\tg_racectx(R14), RARG0\n",
    ),
    (
        "gosan_racewriterangepc1_amd64.h",
        "\tMOVQ\tg_racectx(R14), RARG0\n",
        "\tRET\n\tMOVQ\tg_racectx(R14), RARG0\n",
    ),
    (
        "gosan_racefuncenter_amd64.h",
        "\tMOVQ\tg_racectx(R14), RARG0\n",
        "\tRET\n\tMOVQ\tg_racectx(R14), RARG0\n",
    ),
    (
        "gosan_racefuncexit_amd64.h",
        "\tMOVQ\tg_racectx(R14), RARG0\n",
        "\tRET\n\tMOVQ\tg_racectx(R14), RARG0\n",
    ),
];

/// Makes such a GOROOT from the one that a gosan command assembles.
pub fn assemble(gosan: &Utf8Path, cache: &Utf8Path, to: &Utf8Path) -> Result<Gosan> {
    let from = assembled(gosan, cache)?;
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("cannot remove {to}"))?;
    }
    link(&from, to)?;
    for (file, anchor, replacement) in HOOKS {
        let file = to.join("src/runtime").join(file);
        let text = fs::read_to_string(&file).with_context(|| format!("no hook {file}"))?;
        if text.matches(anchor).count() != 1 {
            bail!("{file} does not begin as a hook does: change it here too");
        }
        // It is the same file as that of the other root.
        fs::remove_file(&file)?;
        fs::write(&file, text.replace(anchor, replacement))?;
    }
    Gosan::named("hooks that return at once", to)
}

/// The GOROOT that a gosan command uses.
fn assembled(gosan: &Utf8Path, cache: &Utf8Path) -> Result<Utf8PathBuf> {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(gosan);
        command.args(arguments).env("GOSAN_CACHE", cache);
        process::capture(&mut command, LIMIT)
    };
    // Where there is none yet, this makes it.
    ask(&["build", "unsafe"])?;
    let doctor = ask(&["doctor"])?;
    let root = doctor
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("assembled GOROOT"))
        .with_context(|| format!("{gosan} doctor names no assembled GOROOT"))?;
    Ok(Utf8PathBuf::from(root.trim()))
}

/// Links all files of a directory into another one.
fn link(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let at = to.as_std_path().join(entry.path().strip_prefix(from)?);
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir_all(&at)?;
        } else if kind.is_symlink() {
            unix::symlink(fs::read_link(entry.path())?, &at)?;
        } else {
            fs::hard_link(entry.path(), &at)
                .or_else(|_| fs::copy(entry.path(), &at).map(drop))
                .with_context(|| format!("cannot make {}", at.display()))?;
        }
    }
    Ok(())
}
