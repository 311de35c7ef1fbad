//! Races, as a campaign needs them: found in a program's output or its records,
//! and told apart by where the two accesses are.

use std::collections::BTreeSet;

/// The line that opens a report.
const WARNING: &str = "WARNING: DATA RACE";

/// The line around a report.
const FRAME: &str = "==================";

/// A race: the innermost lines of the program's own at which the two accesses
/// are. The same two lines reached in another way are the same race here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Race {
    pub places: BTreeSet<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub function: String,
    /// `file:line`.
    pub line: String,
}

impl Race {
    /// The race that a record is of.
    pub fn of_record(record: &gosan_wire::Race) -> Self {
        let place = |access: &gosan_wire::Access| {
            let own = access
                .stack
                .iter()
                .find(|frame| !is_runtimes(&frame.function));
            let frame = own.or(access.stack.first())?;
            Some(Place {
                function: frame.function.clone(),
                line: format!("{}:{}", frame.file, frame.line),
            })
        };
        Self {
            places: record.accesses.iter().filter_map(place).collect(),
        }
    }
}

/// A race and how it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub race: Race,
    /// The whole text, with the lines around it.
    pub text: String,
    /// The tests whose functions are in the stacks.
    pub tests: BTreeSet<String>,
}

/// All reports in what a program printed.
pub fn reports(output: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        if line.trim_end() != WARNING {
            continue;
        }
        let body: Vec<&str> = lines
            .by_ref()
            .take_while(|line| !line.starts_with("====="))
            .collect();
        if let Some(report) = read(&body) {
            reports.push(report);
        }
    }
    reports
}

fn read(body: &[&str]) -> Option<Report> {
    let mut places = BTreeSet::new();
    let mut tests = BTreeSet::new();
    let mut sections = 0;
    // What has been found of the present section's access.
    let mut found: Option<Place> = None;
    let mut first: Option<Place> = None;
    let mut lines = body.iter().peekable();
    let mut finish = |found: &mut Option<Place>, first: &mut Option<Place>, sections| {
        let place = found.take().or(first.take());
        if let (Some(place), 1..=2) = (place, sections) {
            places.insert(place);
        }
    };
    while let Some(line) = lines.next() {
        if let Some(function) = line.strip_prefix("  ").filter(|l| !l.starts_with(' ')) {
            let at = lines.peek().and_then(|line| line.strip_prefix("      "));
            let place = Place {
                function: function.trim_end_matches("()").to_owned(),
                line: at.map_or("", without_offset).to_owned(),
            };
            tests.extend(test_of(&place.function).map(str::to_owned));
            if !is_runtimes(&place.function) && found.is_none() {
                found = Some(place);
            } else if first.is_none() {
                first = Some(place);
            }
        } else if !line.is_empty() && !line.starts_with(' ') {
            finish(&mut found, &mut first, sections);
            sections += 1;
        }
    }
    finish(&mut found, &mut first, sections);
    let text = format!("{FRAME}\n{WARNING}\n{}\n{FRAME}\n", body.join("\n"));
    (!places.is_empty()).then_some(Report {
        race: Race { places },
        text,
        tests,
    })
}

/// `/dir/file.go:12` of `/dir/file.go:12 +0x34`.
fn without_offset(line: &str) -> &str {
    line.split(" +0x").next().unwrap_or(line)
}

/// Functions through which the program's own line was reached.
fn is_runtimes(function: &str) -> bool {
    ["runtime.", "internal/runtime/", "sync/atomic."]
        .iter()
        .any(|prefix| function.starts_with(prefix))
}

/// The test whose function, or closure, this is.
fn test_of(function: &str) -> Option<&str> {
    let name = function.rsplit('/').next()?.split('.').nth(1)?;
    let after = name.strip_prefix("Test")?;
    let is_test = !after.starts_with(|c: char| c.is_lowercase());
    is_test.then_some(name)
}

impl std::fmt::Display for Race {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, place) in self.places.iter().enumerate() {
            let between = if at == 0 { "" } else { " and " };
            write!(f, "{between}{} ({})", place.function, place.line)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
ok so far
==================
WARNING: DATA RACE
Read at 0x00c0000102a8 by goroutine 8:
  runtime.mapaccess1_faststr()
      /go/src/internal/runtime/maps/runtime_faststr.go:101 +0x0
  example.test/p.load()
      /src/p/p.go:31 +0x51
  example.test/p.TestLoad.func1()
      /src/p/p_test.go:9 +0x51

Previous write at 0x00c0000102a8 by goroutine 7:
  example.test/p.store()
      /src/p/p.go:20 +0x30

Goroutine 8 (running) created at:
  example.test/p.TestOther()
      /src/p/p_test.go:8 +0x51
==================
--- FAIL: TestLoad (0.00s)
";

    #[test]
    fn finds_the_programs_own_lines_and_tests() {
        let found = reports(OUTPUT);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].race.to_string(),
            "example.test/p.load (/src/p/p.go:31) and example.test/p.store (/src/p/p.go:20)"
        );
        assert!(found[0].tests.contains("TestLoad"));
        assert!(found[0].text.starts_with("==================\nWARNING"));
        assert!(found[0].text.ends_with("+0x51\n==================\n"));
    }

    #[test]
    fn the_order_of_the_two_accesses_does_not_matter() {
        let turned = OUTPUT
            .replace("Read at", "X")
            .replace("Previous write at", "Read at")
            .replace("X", "Previous read at");
        assert_eq!(reports(&turned)[0].race, reports(OUTPUT)[0].race);
        let other = OUTPUT.replace("p.go:31", "p.go:32");
        assert_ne!(reports(&other)[0].race, reports(OUTPUT)[0].race);
    }

    #[test]
    fn functions_that_only_begin_like_tests_are_none() {
        assert_eq!(test_of("a.b/p.TestX.func1.2"), Some("TestX"));
        assert_eq!(test_of("a.b/p.Testing"), None);
        assert_eq!(test_of("a.b/p.(*T).TestX"), None);
    }
}
