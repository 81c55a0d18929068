//! What is wrong with a way, and what to do about it.

use crate::finding::{Finding, Place, Severity};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How bad a problem is; the order is from chatter to fatal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// For those who look for a fault in the checks.
    Debug,
    /// Worth knowing.
    Info,
    /// It may fail, or fail at some CAs.
    Warning,
    /// This challenge fails.
    Error,
    /// It fails, and the cause is proven.
    Fatal,
}

impl Gravity {
    /// One word for people.
    pub fn word(self) -> &'static str {
        match self {
            Gravity::Debug => "debug",
            Gravity::Info => "info",
            Gravity::Warning => "warning",
            Gravity::Error => "error",
            Gravity::Fatal => "fatal",
        }
    }

    /// As findings grade it.
    pub fn severity(self) -> Severity {
        match self {
            Gravity::Debug | Gravity::Info => Severity::Info,
            Gravity::Warning => Severity::Warning,
            Gravity::Error | Gravity::Fatal => Severity::Error,
        }
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Remedy {
    /// In the imperative.
    pub text: String,
    /// The very commands to run or lines to write, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// The machine where, such as `lxc/103`; none for where Horizon runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Where more is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
}

impl Remedy {
    /// A remedy in words.
    pub fn new(text: impl Into<String>) -> Self {
        Remedy { text: text.into(), ..Remedy::default() }
    }

    /// Adds a command to run, or a line to write.
    #[must_use]
    pub fn run(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// Says the machine.
    #[must_use]
    pub fn on(mut self, machine: impl Into<String>) -> Self {
        self.on = Some(machine.into());
        self
    }
}

/// The text and its commands on one line.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        for (at, command) in self.commands.iter().enumerate() {
            write!(f, "{}`{command}`", if at == 0 { ": " } else { ", then " })?;
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, upper case with underscores: scripts match on it.
    pub code: Cow<'static, str>,
    /// How bad it is.
    pub severity: Gravity,
    /// One sentence.
    pub summary: String,
    /// The numbers: addresses, times, octets. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What to do.
    pub remedy: Remedy,
    /// Where it is written; the first place is the one to open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// What was seen, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Problem {
    /// A problem without detail, places and evidence.
    pub fn new(code: &'static str, severity: Gravity, summary: impl Into<String>, remedy: Remedy) -> Self {
        Problem {
            code: Cow::Borrowed(code),
            severity,
            summary: summary.into(),
            detail: String::new(),
            remedy,
            places: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// Says the numbers.
    #[must_use]
    pub fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds a place where it is written.
    #[must_use]
    pub fn seen_at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Adds a line of what was seen.
    #[must_use]
    pub fn because(mut self, seen: impl Into<String>) -> Self {
        self.evidence.push(seen.into());
        self
    }

    /// True when a challenge fails for it.
    pub fn stops(&self) -> bool {
        self.severity >= Gravity::Error
    }

    /// The same as a finding about `subject`. It refuses nothing: the gate decides that.
    pub fn finding(&self, subject: &str) -> Finding {
        let what = match self.detail.as_str() {
            "" => self.summary.clone(),
            detail => format!("{}: {detail}", self.summary),
        };
        Finding {
            code: self.code.clone(),
            severity: self.severity.severity(),
            refuses: false,
            subject: subject.to_owned(),
            what,
            places: self.places.clone(),
            cause: self.evidence.first().cloned(),
            remedy: self.remedy.to_string(),
        }
    }
}
