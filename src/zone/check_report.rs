//! What the checks of a zone found, so many of each code.

use super::records::Line;
use crate::dns::{Name, present_name};
use crate::finding::{Finding, Place, Severity};
use std::collections::BTreeMap;
use std::path::Path;

/// How many findings of one code are told one by one; the rest is counted.
const MAX_EACH: usize = 100;

/// Collects findings, so many of each code.
pub(super) struct Report<'r> {
    pub(super) zone: &'r Name,
    files: Vec<&'r Path>,
    findings: Vec<Finding>,
    counts: BTreeMap<&'static str, (Severity, usize)>,
}

impl<'r> Report<'r> {
    pub(super) fn new(zone: &'r Name, files: Vec<&'r Path>) -> Self {
        Report { zone, files, findings: Vec::new(), counts: BTreeMap::new() }
    }

    /// Adds a finding about a name (in wire format), seen at these lines.
    pub(super) fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        name: &[u8],
        lines: &[Line],
        what: impl FnOnce() -> String,
        remedy: &str,
    ) {
        let count = self.counts.entry(code).or_insert((severity, 0));
        count.1 += 1;
        if count.1 > MAX_EACH {
            return;
        }
        let subject = present_name(name);
        let subject = subject.strip_suffix('.').filter(|text| !text.is_empty()).unwrap_or(&subject);
        let mut finding = Finding::new(code, severity, subject, what(), remedy);
        for line in lines.iter().filter(|line| line.number > 0).take(10) {
            if let Some(file) = self.files.get(usize::from(line.file)) {
                finding = finding.seen_at(Place::at(file, line.number, 1));
            }
        }
        if let (true, Some(file)) = (finding.places.is_empty(), self.files.first()) {
            finding = finding.seen_at(Place::file(file));
        }
        self.findings.push(finding);
    }

    pub(super) fn finish(mut self) -> Vec<Finding> {
        for (code, (severity, count)) in self.counts {
            if count > MAX_EACH {
                let what = format!("{} more of this kind are not shown", count - MAX_EACH);
                self.findings.push(Finding::new(
                    code,
                    severity,
                    self.zone.to_string(),
                    what,
                    "mend the ones above first",
                ));
            }
        }
        self.findings
    }
}
