//! What passed, failed and was skipped, and the line that closes a test run.

use std::fmt;

/// The counts of one step, or of all of them added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    /// What to tell the reader besides the counts: failures and skips by name.
    pub notes: Vec<String>,
}

impl Tally {
    /// A step that is one check.
    pub fn of_check(ok: bool) -> Tally {
        Tally {
            passed: usize::from(ok),
            failed: usize::from(!ok),
            ..Tally::default()
        }
    }

    /// A step that could not do its work, which counts as one failure.
    pub fn of_error(error: &anyhow::Error) -> Tally {
        Tally {
            failed: 1,
            notes: vec![format!("{error:#}")],
            ..Tally::default()
        }
    }

    pub fn add(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.notes.extend_from_slice(&other.notes);
    }

    /// A run in which nothing was tested has shown nothing.
    pub fn success(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(formatter, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// The counts of a line such as
/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out`.
pub fn of_cargo_line(line: &str) -> Option<Tally> {
    let counts = line.trim().strip_prefix("test result: ")?;
    let count = |what: &str| {
        let before = counts.split(what).next()?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    };
    Some(Tally {
        passed: count(" passed")?,
        failed: count(" failed")?,
        skipped: count(" ignored")?,
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lines_of_cargo_test() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out";
        let tally = of_cargo_line(line).expect("it is a result line");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (12, 3, 1));
        assert_eq!(of_cargo_line("test corpus::race ... ok"), None);
        assert_eq!(of_cargo_line("test result: unknown"), None);
    }

    #[test]
    fn the_closing_line_names_skips_only_when_there_are_any() {
        let mut tally = Tally::of_check(true);
        assert_eq!(tally.to_string(), "1 passed, 0 failed");
        tally.add(&Tally {
            skipped: 2,
            ..Tally::of_check(false)
        });
        assert_eq!(tally.to_string(), "1 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn a_run_without_tests_is_no_success() {
        assert!(!Tally::default().success());
        assert!(Tally::of_check(true).success());
        assert!(!Tally::of_check(false).success());
    }
}
