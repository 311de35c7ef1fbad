//! A log with the source that it names, changed and judged.

use std::fs;

use gosan_explain::{Confidence, Explanation, Page, Sources, by_code, explain};

use crate::fixtures;

/// Where the logs of the pages say that their programs lie.
const HOME: &str = "/home/me";

/// What is found, without the problem itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// `none` where no diagnosis fits.
    pub code: &'static str,
    pub confidence: Option<Confidence>,
    pub evidence: Vec<String>,
}

/// A program that ran.
#[derive(Clone)]
pub struct Run {
    title: String,
    log: String,
    /// The file's name, and its text.
    source: Option<(String, String)>,
    /// There is a go.mod, of a Go in which each round of a loop has its own
    /// variable.
    module: bool,
}

/// The run of a page's erroneous example, whose source is at hand.
pub fn page(code: &str) -> Run {
    let page: Page = by_code(code).expect("a code").page();
    let name = code.to_lowercase();
    Run {
        title: code.to_owned(),
        log: fixtures::of("pages", code).text.clone(),
        source: page
            .wrong()
            .map(|example| (format!("{name}/{name}_test.go"), example.to_owned())),
        module: true,
    }
}

/// A log by itself.
pub fn log(group: &str, name: &str) -> Run {
    Run::of_text(&format!("{group}/{name}"), &fixtures::of(group, name).text)
}

/// The logs of one kind, one of each Go.
pub fn of_every_go(name: &str) -> Vec<Run> {
    fixtures::of_every_go(name)
        .into_iter()
        .map(|fixture| Run::of_text(&fixture.title(), &fixture.text))
        .collect()
}

impl Run {
    pub fn of_text(title: &str, text: &str) -> Self {
        Self {
            title: title.to_owned(),
            log: text.to_owned(),
            source: None,
            module: true,
        }
    }

    /// The source is not at hand.
    pub fn without_source(mut self) -> Self {
        self.source = None;
        self
    }

    /// The program says this in the place of that. What stands in other lines
    /// must stay where the log has it.
    pub fn source(mut self, that: &str, this: &str) -> Self {
        let (_, text) = self.source.as_mut().expect("the source is at hand");
        assert!(
            text.contains(that),
            "{}: no {that:?} in\n{text}",
            self.title
        );
        assert_eq!(
            that.matches('\n').count(),
            this.matches('\n').count(),
            "lines move"
        );
        *text = text.replace(that, this);
        self
    }

    /// The log says this in the place of that.
    pub fn log(mut self, that: &str, this: &str) -> Self {
        assert!(
            self.log.contains(that),
            "{}: no {that:?} in\n{}",
            self.title,
            self.log
        );
        self.log = self.log.replace(that, this);
        self
    }

    /// The same where it stands first.
    pub fn log_once(mut self, that: &str, this: &str) -> Self {
        assert!(
            self.log.contains(that),
            "{}: no {that:?} in\n{}",
            self.title,
            self.log
        );
        self.log = self.log.replacen(that, this, 1);
        self
    }

    /// No stack of the log has this function.
    pub fn without_frame(mut self, function: &str) -> Self {
        let head = format!("{function}(");
        assert!(
            self.log.contains(&head),
            "{}: no {head} in\n{}",
            self.title,
            self.log
        );
        let mut lines = self.log.lines();
        let mut rest = String::new();
        while let Some(line) = lines.next() {
            if line.trim_start().starts_with(&head) {
                lines.next();
            } else {
                rest += line;
                rest.push('\n');
            }
        }
        self.log = rest;
        self
    }

    /// There is no go.mod, which would name a version of the language.
    pub fn without_module(mut self) -> Self {
        self.module = false;
        self
    }

    /// What is found, the worst first.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let Some((file, text)) = &self.source else {
            return verdicts(&explained(&self.log, &Sources::none()));
        };
        let home = tempfile::tempdir().expect("a temporary directory");
        let path = home.path().join(file);
        let directory = path.parent().expect("it has one");
        fs::create_dir_all(directory).expect("it is ours");
        fs::write(&path, text).expect("it is ours");
        if self.module {
            let module = "module example.com/page\n\ngo 1.24\n";
            fs::write(directory.join("go.mod"), module).expect("it is ours");
        }
        let mut sources = Sources::new();
        sources.add(&format!("{HOME}={}", home.path().display()));
        verdicts(&explained(&self.log, &sources))
    }

    /// What is found first is this, this sure, for this reason.
    #[track_caller]
    pub fn gets(&self, code: &str, confidence: Confidence, evidence: &str) {
        let verdicts = self.verdicts();
        let first = verdicts.first();
        let right = first.is_some_and(|first| {
            first.code == code
                && first.confidence == Some(confidence)
                && first
                    .evidence
                    .iter()
                    .any(|sentence| sentence.contains(evidence))
        });
        assert!(
            right,
            "{}: expected {code} ({confidence:?}: {evidence}), got {verdicts:#?}",
            self.title
        );
    }

    /// All that is found is of these codes; `none` is no diagnosis at all.
    #[track_caller]
    pub fn gets_only(&self, codes: &[&str]) {
        let verdicts = self.verdicts();
        let right = verdicts.iter().all(|found| codes.contains(&found.code));
        assert!(
            right && !verdicts.is_empty(),
            "{}: expected {codes:?}, got {verdicts:#?}",
            self.title
        );
    }
}

/// Reads a text.
pub fn explained(text: &str, sources: &Sources) -> Explanation {
    explain(text.as_bytes(), sources, |_| {}).expect("a text can be read")
}

/// What is found in a text, without its source.
pub fn verdicts_of(text: &str) -> Vec<Verdict> {
    verdicts(&explained(text, &Sources::none()))
}

fn verdicts(explanation: &Explanation) -> Vec<Verdict> {
    explanation
        .findings
        .iter()
        .map(|finding| {
            let found = finding.diagnosed.as_ref();
            Verdict {
                code: found.map_or("none", |found| found.diagnosis.code),
                confidence: found.map(|found| found.confidence),
                evidence: found
                    .map(|found| found.evidence.clone())
                    .unwrap_or_default(),
            }
        })
        .collect()
}
