//! Makes one Go module of all the programs on the pages, and one test binary.
//!
//! A reader saves an example as a `_test.go` file. Here each becomes a package
//! of its own with an ordinary file, so that one test can import them all.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gosan_explain::{Diagnosis, ExampleKind, all};

/// A program on a page.
#[derive(Clone)]
pub struct Program {
    /// `GS0101/wrong`, `GS0101/fixed1`.
    pub name: String,
    pub code: &'static str,
    pub kind: ExampleKind,
    pub source: &'static str,
    /// How the Go tests that run it in the binary begin.
    pub test: String,
}

/// All programs of all pages.
pub fn programs() -> Vec<Program> {
    let mut programs = Vec::new();
    for diagnosis in all() {
        let (mut wrong, mut fixed) = (0, 0);
        for example in diagnosis.page().examples {
            let (word, count) = match example.kind {
                ExampleKind::Wrong => ("wrong", &mut wrong),
                ExampleKind::Fixed => ("fixed", &mut fixed),
            };
            *count += 1;
            programs.push(Program {
                name: format!("{}/{word}{count}", diagnosis.code),
                code: diagnosis.code,
                kind: example.kind,
                source: example.code,
                test: format!("Test{}{word}{count}", diagnosis.code),
            });
        }
    }
    programs
}

/// A page has all of its parts.
pub fn check_page(diagnosis: &Diagnosis) -> Result<(), String> {
    let page = diagnosis.page();
    let heading = format!("# {}: {}\n", diagnosis.code, page.title);
    for (right, what) in [
        (
            diagnosis.page.starts_with(&heading) && !page.title.is_empty(),
            "its heading",
        ),
        (!page.summary.is_empty(), "an introduction"),
        (!page.advice.is_empty(), "advice below `## How to fix it`"),
        (page.wrong().is_some(), "an erroneous example (```go wrong)"),
        (page.fixed().is_some(), "a fixed example (```go fixed)"),
        (!page.change().is_empty(), "a difference between the two"),
    ] {
        if !right {
            return Err(format!("docs/codes/{}.md lacks {what}", diagnosis.code));
        }
    }
    Ok(())
}

/// Writes the module and builds its test binary with gosan.
pub fn build(directory: &Path, programs: &[Program]) -> Result<PathBuf, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
    // What another run has left would be compiled too.
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(fail)?;
    }
    fs::create_dir_all(directory).map_err(fail)?;
    let mut imports = String::new();
    let mut tests = String::new();
    for program in programs {
        let package = program.name.to_lowercase();
        let name = package.replace('/', "");
        let tested = test_functions(program)?;
        let place = directory.join(&package);
        fs::create_dir_all(&place).map_err(fail)?;
        fs::write(place.join("example.go"), program.source).map_err(fail)?;
        let _ = writeln!(imports, "\t{name} \"example.test/codes/{package}\"");
        for (index, tested) in tested.iter().enumerate() {
            let own = &program.test;
            let _ = writeln!(
                tests,
                "func {own}_{index}(t *testing.T) {{ {name}.{tested}(t) }}"
            );
        }
    }
    fs::write(
        directory.join("go.mod"),
        "module example.test/codes\n\ngo 1.24\n",
    )
    .map_err(fail)?;
    let driver = format!("package codes\n\nimport (\n\t\"testing\"\n\n{imports})\n\n{tests}");
    fs::write(directory.join("codes_test.go"), driver).map_err(fail)?;
    check_form(directory, programs)?;
    let binary = directory.join("codes.test");
    let output = Command::new(env!("CARGO_BIN_EXE_gosan"))
        // The pages' examples are wrong on purpose.
        .args(["test", "-vet=off", "-c", "-o"])
        .arg(&binary)
        .arg(".")
        .current_dir(directory)
        .env(
            "GOSAN_CACHE",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("gosan-cache"),
        )
        .env_remove("GOFLAGS")
        .env_remove("GOWORK")
        .output()
        .map_err(|error| format!("gosan: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "the examples do not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(binary)
}

/// The test functions that an example has, in their order.
fn test_functions(program: &Program) -> Result<Vec<&str>, String> {
    let names: Vec<_> = program
        .source
        .lines()
        .filter_map(|line| line.strip_prefix("func ")?.split_once("(t *testing.T)"))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("Test"))
        .collect();
    if names.is_empty() {
        return Err(format!("{} has no test", program.name));
    }
    Ok(names)
}

/// Examples are as gofmt leaves them.
fn check_form(directory: &Path, programs: &[Program]) -> Result<(), String> {
    let output = Command::new("gofmt")
        .arg("-l")
        .args(programs.iter().map(|program| program.name.to_lowercase()))
        .current_dir(directory)
        .output();
    match output {
        Ok(output) if !output.stdout.is_empty() => Err(format!(
            "not as gofmt leaves them:\n{}",
            String::from_utf8_lossy(&output.stdout)
        )),
        // Where there is no gofmt, nothing is lost: `cargo xtask test` has it.
        _ => Ok(()),
    }
}
