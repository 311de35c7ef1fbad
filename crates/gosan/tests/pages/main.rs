//! Runs the Go programs on the pages of `docs/codes/` under gosan.
//!
//! An erroneous example must go wrong, in one of a few runs, and `gosan explain` must find in its
//! output the code of its own page. A fixed one must pass, and nothing may be
//! found in what it prints. All are packages of one module and are linked into
//! one test binary, which is started once for each: that costs seconds.
//!
//! `GOSAN_GO` names another Go than the one in PATH. `-- GS0101` runs one page.

mod module;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};

use gosan_explain::{ExampleKind, Explanation, Sources, all, by_code, explain};
use libtest_mimic::{Arguments, Failed, Trial};

use module::Program;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let programs = module::programs();
    let binary: Arc<OnceLock<Result<PathBuf, String>>> = Arc::default();
    let mut trials: Vec<_> = all()
        .iter()
        .map(|diagnosis| {
            Trial::test(format!("{}/page", diagnosis.code), move || {
                module::check_page(diagnosis).map_err(Failed::from)
            })
        })
        .collect();
    for program in programs.clone() {
        let (binary, directory, programs) =
            (Arc::clone(&binary), directory.clone(), programs.clone());
        trials.push(Trial::test(program.name.clone(), move || {
            let binary = binary
                .get_or_init(|| module::build(&directory, &programs))
                .as_ref()
                .map_err(Failed::from)?;
            judge(&program, binary, &directory).map_err(Failed::from)
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// How often an erroneous example is started until it goes wrong: in some, a
/// lock that comes first by chance orders the two sides.
const TRIES: usize = 10;

fn judge(program: &Program, binary: &Path, directory: &Path) -> Result<(), String> {
    for _ in 0..TRIES {
        if went_as_it_should(program, binary, directory)? {
            return Ok(());
        }
    }
    Err(format!("nothing went wrong in {TRIES} runs"))
}

/// Runs a program once. False where an erroneous one did not go wrong.
fn went_as_it_should(program: &Program, binary: &Path, directory: &Path) -> Result<bool, String> {
    let output = Command::new(binary)
        .args([
            "-test.v",
            "-test.timeout=5s",
            &format!("-test.run=^{}_", program.test),
        ])
        .current_dir(directory)
        .env_remove("GORACE")
        .env_remove("GODEBUG")
        .env("GOTRACEBACK", "all")
        .output()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    let explained = |sources: &Sources| {
        explain(text.as_bytes(), sources, |_| {}).map_err(|error| error.to_string())
    };
    if !text.contains("=== RUN") {
        return Err(format!("the example was not run:\n{text}"));
    }
    match program.kind {
        ExampleKind::Wrong => {
            let explanation = explained(&Sources::new())?;
            let codes = codes(&explanation);
            // What else the mistake shows as, the page must say.
            let page = by_code(program.code).map_or("", |diagnosis| diagnosis.page);
            if codes.is_empty() && output.status.success() {
                Ok(false)
            } else if codes.first() == Some(&program.code)
                && codes.iter().all(|code| page.contains(code))
            {
                Ok(true)
            } else {
                Err(format!("diagnosed as {codes:?}:\n{text}"))
            }
        }
        ExampleKind::Fixed => {
            let explanation = explained(&Sources::none())?;
            if !output.status.success() || !text.contains("--- PASS") {
                Err(format!("it does not pass ({}):\n{text}", output.status))
            } else if !explanation.findings.is_empty() {
                Err(format!("something was found in it:\n{text}"))
            } else {
                Ok(true)
            }
        }
    }
}

fn codes(explanation: &Explanation) -> Vec<&'static str> {
    explanation
        .findings
        .iter()
        .map(|finding| {
            finding
                .diagnosed
                .as_ref()
                .map_or("none", |found| found.diagnosis.code)
        })
        .collect()
}
