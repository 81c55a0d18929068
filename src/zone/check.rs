//! Checks of a zone as a whole: apex, CNAME, DNAME, delegations, RRsets, targets.
//!
//! | code | severity | what |
//! |---|---|---|
//! | `NO_SOA`, `SEVERAL_SOAS`, `SOA_NOT_AT_APEX` | error | exactly one SOA, at the apex (RFC 1035 section 5.2) |
//! | `NO_APEX_NS` | error | name servers at the apex (RFC 1034 section 4.2.1) |
//! | `CNAME_NOT_ALONE`, `SEVERAL_CNAMES` | error | RFC 2181 section 10.1; RRSIG and NSEC may stand beside |
//! | `SEVERAL_DNAMES`, `BELOW_DNAME` | error | RFC 6672 sections 2.3 and 2.4 |
//! | `GLUE_MISSING` | warning | a delegation that nobody can follow (RFC 1034 section 4.2.1) |
//! | `OCCLUDED` | warning | data at or below a delegation that is not glue |
//! | `WILDCARD_NS` | warning | a delegation by wildcard has no use (RFC 4592 section 4.2) |
//! | `DOUBLED_ORIGIN` | warning | `www.example.org` without its final dot, in example.org |
//! | `MIXED_TTLS` | warning | the lowest is served (RFC 2181 section 5.2) |
//! | `DUPLICATE_RECORD` | warning | served once (RFC 2181 section 5) |
//! | `TARGET_MISSING`, `TARGET_IS_CNAME` | warning | NS, MX, SRV (RFC 2181 section 10.3) |
//! | `OUT_OF_ZONE` | error | told by the reader of the text, with the other faults there |

use super::census::Census;
use super::check_delegation;
use super::check_sets;
use super::check_targets;
use super::records::Line;
use super::records::Records;
use crate::dns::Name;
use crate::dns::present_name;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use std::collections::BTreeMap;
use std::path::Path;

/// How many findings of one code are told one by one; the rest is counted.
const MAX_EACH: usize = 100;

/// Checks a zone as a whole; `files` are those of [`super::LoadedZone::files`], for the places.
///
/// Findings come in the order of the checks, then of the records. The cost is linear in records (sorting within one
/// name apart): well under a second for a million.
pub fn check_zone<P: AsRef<Path>>(records: &Records, files: &[P]) -> Vec<Finding> {
    let files = files.iter().map(AsRef::as_ref).collect();
    let census = Census::take(records);
    let mut report = Report { zone: records.origin(), files, findings: Vec::new(), counts: BTreeMap::new() };
    check_sets::apex(&census, &mut report);
    check_sets::sets(&census, &mut report);
    check_delegation::check(&census, &mut report);
    check_targets::check(&census, &mut report);
    report.finish()
}

/// Collects findings, so many of each code.
pub(super) struct Report<'r> {
    pub(super) zone: &'r Name,
    files: Vec<&'r Path>,
    findings: Vec<Finding>,
    counts: BTreeMap<&'static str, (Severity, usize)>,
}

impl Report<'_> {
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

    fn finish(mut self) -> Vec<Finding> {
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
