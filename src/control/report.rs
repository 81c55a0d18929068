//! A finding as it goes over the socket and into `-o json`.

use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;

/// A [`Finding`] that can be read back; same fields, same JSON, same line of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// As in [`Finding`].
    pub code: String,
    /// As in [`Finding`].
    pub severity: Severity,
    /// As in [`Finding`].
    pub refuses: bool,
    /// As in [`Finding`].
    pub subject: String,
    /// As in [`Finding`].
    pub what: String,
    /// As in [`Finding`].
    pub places: Vec<Place>,
    /// As in [`Finding`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// As in [`Finding`].
    pub remedy: String,
}

impl From<&Finding> for Report {
    fn from(finding: &Finding) -> Self {
        Report {
            code: finding.code.to_owned(),
            severity: finding.severity,
            refuses: finding.refuses,
            subject: finding.subject.clone(),
            what: finding.what.clone(),
            places: finding.places.clone(),
            cause: finding.cause.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}

impl fmt::Display for Report {
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

    /// Nothing of a finding is lost on the way.
    #[test]
    fn a_report_reads_like_its_finding() {
        let finding = Finding::new("CONFLICT", Severity::Error, "ca.example", "two addresses", "decide by a route")
            .seen_at(Place::at("a.json", 3, 1))
            .seen_at(Place::pointer("b.json", "/x"))
            .because("two guests claim it");
        let report = Report::from(&finding);
        assert_eq!(report.to_string(), finding.to_string());
        let json = serde_json::to_string(&finding).unwrap();
        assert_eq!(serde_json::to_string(&report).unwrap(), json);
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
