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
use super::check_report::Report;
use super::check_sets;
use super::check_targets;
use super::records::Records;
use crate::finding::Finding;
use std::path::Path;

/// Checks a zone as a whole; `files` are those of [`super::LoadedZone::files`], for the places.
///
/// Findings come in the order of the checks, then of the records. The cost is linear in records (sorting within one
/// name apart): well under a second for a million.
pub fn check_zone<P: AsRef<Path>>(records: &Records, files: &[P]) -> Vec<Finding> {
    let files = files.iter().map(AsRef::as_ref).collect();
    let census = Census::take(records);
    let mut report = Report::new(records.origin(), files);
    check_sets::apex(&census, &mut report);
    check_sets::sets(&census, &mut report);
    check_delegation::check(&census, &mut report);
    check_targets::check(&census, &mut report);
    report.finish()
}
