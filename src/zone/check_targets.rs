//! Checks of the names that NS, MX and SRV lead to, as far as they lie in the zone.

use super::census::Census;
use super::census::ancestors;
use super::census::kind;
use super::check_report::Report;
use super::records::Record;
use crate::dns::Rtype;
use crate::dns::is_at_or_below;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::finding::Severity;
use crate::pace::breathe_at;

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_>) {
    let apex = report.zone.clone();
    for (index, node) in census.nodes().iter().enumerate() {
        breathe_at(index);
        for record in census.records(node) {
            let Some(target) = target(&record) else { continue };
            if is_at_or_below(target, apex.as_slice()) {
                one(census, &record, target, apex.as_slice(), report);
            }
        }
    }
}

fn one(census: &Census<'_>, record: &Record<'_>, target: &[u8], apex: &[u8], report: &mut Report<'_>) {
    let mnemonic = present_rtype(record.rtype);
    let kinds = census.find(target).map_or(0, |node| node.kinds);
    if kinds & kind::ADDRESS != 0 {
        return;
    }
    let above = || ancestors(target, apex).filter_map(|name| census.find(name).map(|node| (name, node.kinds)));
    if kinds & kind::CNAME != 0 || above().any(|(_, kinds)| kinds & kind::DNAME != 0) {
        let what = || format!("its {mnemonic} leads to {}, which is an alias", present_name(target));
        let remedy = "name the host itself (RFC 2181 section 10.3)";
        report.add("TARGET_IS_CNAME", Severity::Warning, record.owner, &[record.line], what, remedy);
        return;
    }
    // Below a delegation others know better, and a missing glue record is told there.
    let delegated = above().any(|(name, kinds)| kinds & kind::NS != 0 && name.len() > apex.len());
    let is_cut = kinds & kind::NS != 0 && target.len() > apex.len();
    if delegated || is_cut || wildcard_covers(census, target, apex) {
        return;
    }
    let what = || format!("its {mnemonic} leads to {}, which has no address in this zone", present_name(target));
    report.add(
        "TARGET_MISSING",
        Severity::Warning,
        record.owner,
        &[record.line],
        what,
        "write an A or AAAA record for it",
    );
}

/// True when a wildcard above the name may answer for it.
fn wildcard_covers(census: &Census<'_>, name: &[u8], apex: &[u8]) -> bool {
    ancestors(name, apex).any(|above| census.find(&[b"\x01*", above].concat()).is_some())
}

fn target<'r>(record: &Record<'r>) -> Option<&'r [u8]> {
    let skip = match record.rtype {
        Rtype::NS => 0,
        Rtype::MX => 2,
        Rtype::SRV => 6,
        _ => return None,
    };
    // `.` says that there is none (RFC 7505, RFC 2782).
    record.data.get(skip..).filter(|target| target.len() > 1)
}
