//! Reads what `go test -json` writes: a verdict for each test and package, and
//! how many races were reported.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// The line that opens a report.
const RACE: &str = "WARNING: DATA RACE";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Fail,
    Skip,
    /// It began and never ended: a crash, a time limit.
    Unfinished,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Skip => "skip",
            Verdict::Unfinished => "unfinished",
        })
    }
}

/// What is known of one package.
#[derive(Debug, Default)]
pub struct Package {
    pub verdict: Option<Verdict>,
    pub tests: BTreeMap<String, Verdict>,
    pub races: usize,
    pub seconds: f64,
    /// All that the package wrote, for the reader of a difference.
    pub output: String,
}

/// A run of `go test -json`, read line by line.
#[derive(Debug, Default)]
pub struct Log {
    pub packages: BTreeMap<String, Package>,
    /// Lines that are no events: go's own messages.
    pub other: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    package: Option<String>,
    import_path: Option<String>,
    test: Option<String>,
    output: Option<String>,
    elapsed: Option<f64>,
}

impl Log {
    pub fn read(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<Event>(line) else {
            self.other.push_str(line);
            self.other.push('\n');
            return;
        };
        let Some(name) = event.package.or_else(|| {
            // Build output names what was built: `p` or `p [p.test]`.
            let path = event.import_path?;
            Some(path.split(' ').next().unwrap_or_default().to_owned())
        }) else {
            return;
        };
        let package = self.packages.entry(name).or_default();
        if let Some(output) = &event.output {
            package.races += output.matches(RACE).count();
            package.output.push_str(output);
        }
        let verdict = match event.action.as_str() {
            "run" => Verdict::Unfinished,
            "pass" => Verdict::Pass,
            "fail" | "build-fail" => Verdict::Fail,
            "skip" => Verdict::Skip,
            _ => return,
        };
        match event.test {
            Some(test) => {
                package.tests.insert(test, verdict);
            }
            None => {
                package.verdict = Some(verdict);
                package.seconds = event.elapsed.unwrap_or_default();
            }
        }
    }

    pub fn races(&self) -> usize {
        self.packages.values().map(|package| package.races).sum()
    }

    pub fn tests(&self) -> usize {
        self.packages
            .values()
            .map(|package| package.tests.len())
            .sum()
    }

    pub fn seconds(&self) -> f64 {
        self.packages.values().map(|package| package.seconds).sum()
    }
}

/// One thing on which two runs do not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub package: String,
    /// None for the package as a whole.
    pub test: Option<String>,
    pub what: What,
    pub stock: String,
    pub gosan: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Verdict,
    Races,
}

impl Difference {
    /// Is it about the same thing, whatever the values?
    pub fn same_subject(&self, other: &Difference) -> bool {
        self.package == other.package && self.test == other.test && self.what == other.what
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.package)?;
        if let Some(test) = &self.test {
            write!(formatter, " {test}")?;
        }
        match self.what {
            What::Verdict => {
                write!(formatter, ": stock {}, gosan {}", self.stock, self.gosan)
            }
            What::Races => write!(
                formatter,
                ": stock reported {} races, gosan {}",
                self.stock, self.gosan
            ),
        }
    }
}

/// Compares two runs of the same packages.
///
/// A subtest that only one run has is no difference: names of subtests may hold
/// addresses, ports and times.  A top-level test that only one run has is, but
/// where a package's run broke off, that it did is told once, not for each test
/// that it did not come to.
pub fn compare(stock: &Log, gosan: &Log) -> Vec<Difference> {
    let mut differences = Vec::new();
    let absent = Package::default();
    let names: BTreeSet<&String> = stock.packages.keys().chain(gosan.packages.keys()).collect();
    for name in names {
        let stock = stock.packages.get(name).unwrap_or(&absent);
        let gosan = gosan.packages.get(name).unwrap_or(&absent);
        let in_tests = compare_tests(name, stock, gosan);
        // The package fails when a test does; that is told once, by the test.
        if in_tests.is_empty() && stock.ending() != gosan.ending() {
            differences.push(Difference {
                package: name.clone(),
                test: None,
                what: What::Verdict,
                stock: stock.ending(),
                gosan: gosan.ending(),
            });
        }
        differences.extend(in_tests);
        if stock.races != gosan.races {
            differences.push(Difference {
                package: name.clone(),
                test: None,
                what: What::Races,
                stock: stock.races.to_string(),
                gosan: gosan.races.to_string(),
            });
        }
    }
    differences
}

fn compare_tests(package: &str, stock: &Package, gosan: &Package) -> Vec<Difference> {
    let broke_off = stock.broke_off() || gosan.broke_off();
    let names: BTreeSet<&String> = stock.tests.keys().chain(gosan.tests.keys()).collect();
    let mut differences = Vec::new();
    for test in names {
        let ended = |package: &Package| {
            let verdict = package.tests.get(test).copied();
            verdict.filter(|verdict| !broke_off || *verdict != Verdict::Unfinished)
        };
        let (of_stock, of_gosan) = (ended(stock), ended(gosan));
        let one_sided = of_stock.is_none() || of_gosan.is_none();
        if of_stock == of_gosan || (one_sided && (broke_off || test.contains('/'))) {
            continue;
        }
        differences.push(Difference {
            package: package.to_owned(),
            test: Some(test.clone()),
            what: What::Verdict,
            stock: or_absent(of_stock),
            gosan: or_absent(of_gosan),
        });
    }
    differences
}

impl Package {
    /// Did a crash or the time limit end it in the middle of a test?
    fn broke_off(&self) -> bool {
        self.tests
            .values()
            .any(|verdict| *verdict == Verdict::Unfinished)
    }

    /// How it ended, and in which tests it was if it broke off.
    fn ending(&self) -> String {
        let unfinished: Vec<&str> = self
            .tests
            .iter()
            .filter(|(_, verdict)| **verdict == Verdict::Unfinished)
            .map(|(test, _)| test.as_str())
            .collect();
        match unfinished.as_slice() {
            [] => or_absent(self.verdict),
            [one] => format!("broke off in {one}"),
            [one, rest @ ..] => format!("broke off in {one} and {} more", rest.len()),
        }
    }
}

fn or_absent(verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| "absent".to_owned(), |verdict| verdict.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Log {
        let mut log = Log::default();
        for line in lines {
            log.read(line);
        }
        log
    }

    fn event(action: &str, test: Option<&str>) -> String {
        let test = test.map_or(String::new(), |test| format!(r#","Test":"{test}""#));
        format!(r#"{{"Action":"{action}","Package":"p"{test}}}"#)
    }

    fn told(stock: &Log, gosan: &Log) -> Vec<String> {
        compare(stock, gosan)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_same_run_has_no_differences() {
        let lines = [event("pass", Some("TestA")), event("pass", None)];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(compare(&log(&lines), &log(&lines)).is_empty());
    }

    #[test]
    fn a_failing_test_is_told_once() {
        let stock = log(&[&event("pass", Some("TestA")), &event("pass", None)]);
        let gosan = log(&[&event("fail", Some("TestA")), &event("fail", None)]);
        assert_eq!(told(&stock, &gosan), ["p TestA: stock pass, gosan fail"]);
    }

    #[test]
    fn a_run_that_broke_off_is_told_once() {
        let stock = log(&[
            &event("pass", Some("TestA")),
            &event("pass", Some("TestB")),
            &event("pass", Some("TestC")),
            &event("pass", None),
        ]);
        let gosan = log(&[
            &event("pass", Some("TestA")),
            &event("run", Some("TestB")),
            &event("fail", None),
        ]);
        assert_eq!(
            told(&stock, &gosan),
            ["p: stock pass, gosan broke off in TestB"]
        );
    }

    #[test]
    fn what_failed_before_it_broke_off_is_told() {
        let stock = log(&[&event("pass", Some("TestA")), &event("pass", None)]);
        let gosan = log(&[
            &event("fail", Some("TestA")),
            &event("run", Some("TestB")),
            &event("fail", None),
        ]);
        assert_eq!(told(&stock, &gosan), ["p TestA: stock pass, gosan fail"]);
    }

    #[test]
    fn a_package_that_fails_without_a_test_is_told() {
        let stock = log(&[&event("pass", None)]);
        let gosan =
            log(&[r#"{"ImportPath":"p [p.test]","Action":"build-output","Output":"link: no\n"}"#]);
        assert_eq!(told(&stock, &gosan), ["p: stock pass, gosan absent"]);
        assert!(gosan.packages["p"].output.contains("link: no"));
    }

    #[test]
    fn reports_are_counted() {
        let race = r#"{"Action":"output","Package":"p","Output":"WARNING: DATA RACE\n"}"#;
        let stock = log(&[&event("pass", None)]);
        let gosan = log(&[race, race, &event("pass", None)]);
        assert_eq!(told(&stock, &gosan), ["p: stock reported 0 races, gosan 2"]);
        assert_eq!(gosan.races(), 2);
    }

    #[test]
    fn a_subtest_that_only_one_run_has_is_no_difference() {
        let stock = log(&[
            &event("pass", Some("TestA")),
            &event("pass", Some("TestA/127.0.0.1:4021")),
        ]);
        let gosan = log(&[
            &event("pass", Some("TestA")),
            &event("pass", Some("TestA/127.0.0.1:5093")),
        ]);
        assert!(compare(&stock, &gosan).is_empty());
        let fewer = log(&[]);
        assert_eq!(told(&stock, &fewer), ["p TestA: stock pass, gosan absent"]);
    }
}
