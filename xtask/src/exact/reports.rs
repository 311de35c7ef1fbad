//! Reads race reports, and says which of the races that a test names are among
//! them, with both stacks complete.
//!
//! A test names its races in comments above it,
//!
//! ```text
//! // race: latter < latterCaller < TestRaceX | former < formerCaller < TestRaceX.func1 < Start.func1
//! ```
//!
//! each stack from the access down to the goroutine's first function.  What runs
//! tests, from `tRunner` on, is left out of both.

use std::collections::BTreeSet;

/// A stack: its functions without their packages, innermost first.
pub type Stack = Vec<String>;

/// A report, as far as a comparison needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub address: String,
    /// The stacks of the two accesses.
    pub accesses: [Stack; 2],
    /// Every goroutine that it speaks of, but the main one, has the stack of its
    /// creation.
    pub created: bool,
}

/// The two stacks that a test names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race([Stack; 2]);

impl Race {
    /// Whether the report shows just these stacks, in whichever order.
    pub fn is_shown_by(&self, report: &Report) -> bool {
        let [a, b] = &self.0;
        let [c, d] = &report.accesses;
        report.created && ((a == c && b == d) || (a == d && b == c))
    }
}

/// The races that the comments above a test name, in a Go file's text.
pub fn races_of(source: &str, test: &str) -> Vec<Race> {
    let declaration = format!("func {test}(");
    let mut races = Vec::new();
    for line in source.lines() {
        if line.starts_with(&declaration) {
            return races;
        }
        match line.strip_prefix("// race: ") {
            Some(stacks) => races.extend(race_of(stacks)),
            None if line.starts_with("//") => {}
            None => races.clear(),
        }
    }
    Vec::new()
}

fn race_of(stacks: &str) -> Option<Race> {
    let stack = |text: &str| {
        text.split(" < ")
            .map(|name| name.trim().to_owned())
            .collect()
    };
    let (one, other) = stacks.split_once(" | ")?;
    Some(Race([stack(one), stack(other)]))
}

/// All reports in what a program printed.
pub fn reports_in(text: &str) -> Vec<Report> {
    let mut lines = text.lines();
    let mut reports = Vec::new();
    while let Some(line) = lines.next() {
        if line == "WARNING: DATA RACE" {
            let body = lines
                .by_ref()
                .take_while(|line| !line.starts_with("======"));
            reports.extend(report_of(body));
        }
    }
    reports
}

fn report_of<'a>(body: impl Iterator<Item = &'a str>) -> Option<Report> {
    let mut address = String::new();
    let (mut accesses, mut created) = (Vec::<Stack>::new(), Vec::<Stack>::new());
    let (mut who, mut whose) = (BTreeSet::new(), BTreeSet::new());
    let mut in_access = true;
    for line in body {
        if line.starts_with("      ") || line.is_empty() {
            continue;
        }
        if let Some(frame) = line.strip_prefix("  ") {
            let stacks = if in_access {
                &mut accesses
            } else {
                &mut created
            };
            stacks.last_mut()?.push(without_package(frame));
        } else if let Some((access, by)) = line.split_once(" by ") {
            in_access = true;
            address = access.rsplit(' ').next()?.to_owned();
            who.extend(by.strip_prefix("goroutine ").map(str::to_owned));
            accesses.push(Stack::new());
        } else if let Some(rest) = line.strip_prefix("Goroutine ") {
            in_access = false;
            whose.insert(format!("{}:", rest.split(' ').next()?));
            created.push(Stack::new());
        }
    }
    let is_complete = |stack: &Stack| {
        let start = stack.last().map(String::as_str);
        // What runs tests, or the program's own start.
        matches!(start, Some("(*T).Run.gowrap1" | "main"))
    };
    let created = who == whose && created.iter().all(is_complete);
    for stack in &mut accesses {
        if let Some(end) = stack.iter().position(|function| function == "tRunner") {
            // An incomplete stack must not look like a complete one.
            let is_whole = is_complete(stack);
            stack.truncate(end);
            if !is_whole {
                stack.push("?".to_owned());
            }
        }
    }
    Some(Report {
        address,
        accesses: accesses.try_into().ok()?,
        created,
    })
}

/// Makes `TestRaceX.func1` of `exact.example/a/b.TestRaceX.func1()`.
fn without_package(function: &str) -> String {
    let function = function.strip_suffix("()").unwrap_or(function);
    let after_path = function.rsplit('/').next().unwrap_or(function);
    let name = after_path.split_once('.').map(|(_, name)| name);
    name.unwrap_or(after_path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "// Text.\n//\n// race: a < TestRaceX | b < TestRaceX.func1 < Start.func1\n\
        func TestRaceX(t *testing.T) {\n}\n\n// race: c | d\nfunc TestRaceY(t *testing.T) {}\n";

    const REPORT: &str = "==================\nWARNING: DATA RACE\n\
        Write at 0x00c00001 by goroutine 8:\n  p.b()\n      /x.go:1 +0x1\n  \
        p.TestRaceX.func1()\n      /x.go:2 +0x1\n  p.q/lab.Start.func1()\n      /x.go:3 +0x1\n\n\
        Previous write at 0x00c00001 by goroutine 7:\n  p.a()\n      /x.go:4 +0x1\n  \
        p.TestRaceX()\n      /x.go:5 +0x1\n  testing.tRunner()\n      /t.go:6 +0x1\n  \
        testing.(*T).Run.gowrap1()\n      /t.go:7 +0x1\n\n\
        Goroutine 8 (finished) created at:\n  p.TestRaceX()\n      /x.go:8 +0x1\n  \
        testing.tRunner()\n      /t.go:6 +0x1\n  testing.(*T).Run.gowrap1()\n      /t.go:7 +0x1\n\n\
        Goroutine 7 (running) created at:\n  testing.(*T).Run()\n      /t.go:9 +0x1\n  \
        main.main()\n      /m.go:1 +0x1\n==================\n";

    #[test]
    fn a_complete_report_shows_the_race_that_the_test_names() {
        let races = races_of(SOURCE, "TestRaceX");
        let reports = reports_in(REPORT);
        assert_eq!((races.len(), reports.len()), (1, 1));
        assert!(races[0].is_shown_by(&reports[0]));
        assert_eq!(reports[0].address, "0x00c00001");
        assert_eq!(races_of(SOURCE, "TestRaceY").len(), 1);
        assert!(!races_of(SOURCE, "TestRaceY")[0].is_shown_by(&reports[0]));
        assert!(races_of(SOURCE, "TestRaceZ").is_empty());
    }

    #[test]
    fn a_report_with_a_frame_or_a_creation_missing_does_not() {
        let races = races_of(SOURCE, "TestRaceX");
        for missing in [
            "  p.TestRaceX.func1()\n      /x.go:2 +0x1\n",
            "  testing.(*T).Run.gowrap1()\n      /t.go:7 +0x1\n",
            "\nGoroutine 8 (finished) created at:\n",
            "  main.main()\n      /m.go:1 +0x1\n",
        ] {
            let reports = reports_in(&REPORT.replacen(missing, "", 1));
            assert!(!reports.iter().any(|report| races[0].is_shown_by(report)));
        }
    }
}
