//! One result of a check.

use super::Place;
use serde::Deserialize;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// How bad a finding is; the order is from harmless to refusing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Info,
    /// Probably not meant; the load goes on.
    Warning,
    /// Wrong; the load is refused, or the thing named is left out, as the text says.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// What a check found: a stable code, what it is about, where, the likely cause and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, upper case with underscores, such as `CONFLICT`: scripts match on it.
    pub code: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// True when a candidate with this finding must not go live.
    pub refuses: bool,
    /// The name, zone, guest, key or address it is about, as a person writes it.
    pub subject: String,
    /// What happened, one sentence without the place.
    pub what: String,
    /// Where it was seen; the first place is the one to open.
    pub places: Vec<Place>,
    /// The likely cause, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do, in the imperative.
    pub remedy: String,
}

impl Finding {
    /// A finding without a known cause; an [`Severity::Error`] refuses the load unless [`Finding::tolerated`] is called.
    pub fn new(
        code: &'static str,
        severity: Severity,
        subject: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Finding {
            code: Cow::Borrowed(code),
            severity,
            refuses: severity == Severity::Error,
            subject: subject.into(),
            what: what.into(),
            places: Vec::new(),
            cause: None,
            remedy: remedy.into(),
        }
    }

    /// Adds a place where it was seen.
    #[must_use]
    pub fn seen_at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Says the likely cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Lets the load go on in spite of an error; what the finding names is left out.
    #[must_use]
    pub fn tolerated(mut self) -> Self {
        self.refuses = false;
        self
    }
}

/// One line: `place: severity CODE subject: what; remedy`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.places.first() {
            write!(f, "{place}: ")?;
        }
        write!(f, "{} {} {}: {}", self.severity, self.code, self.subject, self.what)?;
        for place in self.places.iter().skip(1) {
            write!(f, " (also {place})")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, "; {cause}")?;
        }
        write!(f, "; {}", self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing of a finding is lost on its way over the socket.
    #[test]
    fn a_finding_is_read_back_as_it_was() {
        let finding = Finding::new("CONFLICT", Severity::Error, "ca.example", "two addresses", "decide by a route")
            .seen_at(Place::at("a.json", 3, 1))
            .seen_at(Place::pointer("b.json", "/x"))
            .because("two guests claim it");
        for finding in [finding.clone(), Finding { cause: None, places: Vec::new(), ..finding }] {
            let json = serde_json::to_string(&finding).unwrap();
            assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), finding, "{json}");
        }
    }
}
