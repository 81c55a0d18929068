//! One line of what the doctor says.

use super::super::acme::reach::{Gravity, Problem};
use serde::{Deserialize, Serialize};

/// All lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Examination {
    /// In the order in which they were checked.
    pub rows: Vec<Row>,
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it belongs to.
    pub area: Area,
    /// What was checked, such as `gateway -> Traefik 8443`.
    pub check: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen, in a few words.
    pub seen: String,
    /// What the firewall rules promise, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<String>,
    /// What is wrong and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// A group of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// The CA itself.
    Ca,
    /// Certificates as they are served.
    Certificate,
    /// Who reaches whom.
    Connectivity,
    /// Files of guests that decide whom they ask.
    Files,
}

impl Area {
    /// For a head line.
    pub fn words(self) -> &'static str {
        match self {
            Area::Ca => "the CA",
            Area::Certificate => "certificates as served",
            Area::Connectivity => "who reaches whom",
            Area::Files => "files that pass this server by",
        }
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Well,
    /// It cannot be tested from here; what is known speaks for it, or nothing is known.
    Untested,
    /// It may fail.
    Warning,
    /// It fails.
    Fault,
}

impl Verdict {
    /// One word for people.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Well => "well",
            Verdict::Untested => "untested",
            Verdict::Warning => "warning",
            Verdict::Fault => "fault",
        }
    }
}

impl Row {
    /// A check that was made, as bad as the worst of its problems.
    pub fn new(area: Area, check: impl Into<String>, seen: impl Into<String>, problems: Vec<Problem>) -> Self {
        let verdict = problems.iter().map(|problem| match problem.severity {
            Gravity::Debug | Gravity::Info => Verdict::Well,
            Gravity::Warning => Verdict::Warning,
            Gravity::Error | Gravity::Fatal => Verdict::Fault,
        });
        let verdict = verdict.max().unwrap_or(Verdict::Well);
        Row { area, check: check.into(), verdict, seen: seen.into(), promise: None, problems }
    }

    /// A check that cannot be made from here.
    pub fn untested(area: Area, check: impl Into<String>, why: impl Into<String>) -> Self {
        Row { verdict: Verdict::Untested, ..Row::new(area, check, why, Vec::new()) }
    }
}

impl Examination {
    /// The worst of all.
    pub fn worst(&self) -> Verdict {
        self.rows.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Well)
    }
}
