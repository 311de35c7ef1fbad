//! What a diagnosis is, and the table of all of them.

use serde::Serialize;

use crate::case::Case;
use crate::diagnoses::TABLE;
use crate::page::Page;

/// How sure a diagnosis is of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It fits; other causes do too.
    Low,
    /// Names and shapes speak for it.
    Medium,
    /// The log, or the source that it names, says so.
    High,
}

impl Confidence {
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a predicate answers when it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub confidence: Confidence,
    /// Sentences that say what it rests on.
    pub evidence: Vec<String>,
}

impl Match {
    pub fn new(confidence: Confidence, evidence: impl Into<String>) -> Self {
        Self {
            confidence,
            evidence: vec![evidence.into()],
        }
    }

    pub fn high(evidence: impl Into<String>) -> Self {
        Self::new(Confidence::High, evidence)
    }

    pub fn medium(evidence: impl Into<String>) -> Self {
        Self::new(Confidence::Medium, evidence)
    }

    pub fn low(evidence: impl Into<String>) -> Self {
        Self::new(Confidence::Low, evidence)
    }

    /// Adds a sentence.
    pub fn and(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

/// A row of the table: one kind of mistake.
pub struct Diagnosis {
    /// `GS0101`.
    pub code: &'static str,
    /// The page with title, advice and examples.
    pub page: &'static str,
    /// Says whether a problem is of this kind.
    pub examine: fn(&Case) -> Option<Match>,
}

impl Diagnosis {
    pub fn page(&self) -> Page<'static> {
        Page::parse(self.page)
    }
}

/// A problem's diagnosis.
#[derive(Clone)]
pub struct Diagnosed {
    pub diagnosis: &'static Diagnosis,
    pub confidence: Confidence,
    pub evidence: Vec<String>,
}

/// All diagnoses.
pub fn all() -> &'static [Diagnosis] {
    TABLE
}

/// The diagnosis of a code, in whatever case it is written.
pub fn by_code(code: &str) -> Option<&'static Diagnosis> {
    all()
        .iter()
        .find(|diagnosis| diagnosis.code.eq_ignore_ascii_case(code))
}

/// The best diagnosis of a problem: the surest, and of those that are as sure
/// the first of the table.
pub fn diagnose(case: &Case) -> Option<Diagnosed> {
    let mut best: Option<Diagnosed> = None;
    for diagnosis in all() {
        let Some(found) = (diagnosis.examine)(case) else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|best| found.confidence > best.confidence)
        {
            best = Some(Diagnosed {
                diagnosis,
                confidence: found.confidence,
                evidence: found.evidence,
            });
        }
    }
    best
}
