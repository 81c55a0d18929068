//! Checks of single names: the apex, what may stand beside what, and RRsets.

use super::census::Census;
use super::census::Node;
use super::census::kind;
use super::check_report::Report;
use super::records::Line;
use super::records::Record;
use crate::dns::Rtype;
use crate::dns::is_at_or_below;
use crate::dns::labels;
use crate::dns::present_data;
use crate::dns::present_rtype;
use crate::finding::Severity;
use crate::pace::breathe_at;

/// Exactly one SOA, at the apex, and name servers there.
pub(super) fn apex(census: &Census<'_>, report: &mut Report<'_>) {
    let apex = report.zone.clone();
    let node = census.find(apex.as_slice());
    let kinds = node.map_or(0, |node| node.kinds);
    if kinds & kind::SOA == 0 {
        let what = || "the zone has no SOA at its apex".to_owned();
        report.add(
            "NO_SOA",
            Severity::Error,
            apex.as_slice(),
            &[],
            what,
            "write `@ IN SOA ...` (RFC 1035 section 5.2)",
        );
    }
    if kinds & kind::NS == 0 {
        let what = || "the zone has no NS at its apex".to_owned();
        let remedy = "write `@ IN NS ...` (RFC 1034 section 4.2.1)";
        report.add("NO_APEX_NS", Severity::Error, apex.as_slice(), &[], what, remedy);
    }
    for node in census.nodes().iter().filter(|node| node.kinds & kind::SOA != 0) {
        let owner = census.owner(node);
        if owner.eq_ignore_ascii_case(apex.as_slice()) {
            let remedy = "keep one (RFC 1035 section 5.2)";
            singleton(census, node, Rtype::SOA, "SEVERAL_SOAS", remedy, report);
        } else {
            let lines = lines(census, node, |rtype| rtype == Rtype::SOA);
            let what = || "a SOA stands below the apex".to_owned();
            let remedy = "remove it, or make a zone of its own (RFC 1035 section 5.2)";
            report.add("SOA_NOT_AT_APEX", Severity::Error, owner, &lines, what, remedy);
        }
    }
}

/// CNAME and DNAME, duplicates, and the TTLs of each RRset.
pub(super) fn sets(census: &Census<'_>, report: &mut Report<'_>) {
    let mut sorted: Vec<Record<'_>> = Vec::new();
    let apex = report.zone.clone();
    let may_double = labels(apex.as_slice()).count() > 1;
    for (index, node) in census.nodes().iter().enumerate() {
        breathe_at(index);
        if may_double {
            doubled_origin(census, node, apex.as_slice(), report);
        }
        if node.kinds & kind::CNAME != 0 {
            cname(census, node, report);
        }
        if node.kinds & kind::DNAME != 0 {
            let remedy = "keep one (RFC 6672 section 2.4)";
            singleton(census, node, Rtype::DNAME, "SEVERAL_DNAMES", remedy, report);
        }
        sorted.clear();
        sorted.extend(census.records(node));
        if sorted.len() > 1 {
            sorted.sort_by_key(|record| (record.rtype.to_int(), record.data));
            rrsets(&sorted, report);
        }
    }
}

/// An owner that ends in the zone's name twice, which has two labels or more, has most often lost its final dot.
fn doubled_origin(census: &Census<'_>, node: &Node, apex: &[u8], report: &mut Report<'_>) {
    let owner = census.owner(node);
    let Some(inner) = owner.len().checked_sub(apex.len()) else { return };
    let above_root = &apex[..apex.len() - 1];
    let tail = inner.checked_sub(above_root.len()).map(|begin| &owner[begin..inner]);
    // Cheap for the many names that do not; the labels decide.
    if tail.is_some_and(|tail| tail.eq_ignore_ascii_case(above_root))
        && is_at_or_below(&[&owner[..inner], b"\0"].concat(), apex)
    {
        let lines = lines(census, node, |_| true);
        let what = || "the name ends in the name of the zone twice".to_owned();
        report.add(
            "DOUBLED_ORIGIN",
            Severity::Warning,
            owner,
            &lines,
            what,
            "write the final dot, or leave the zone's name out",
        );
    }
}

fn cname(census: &Census<'_>, node: &Node, report: &mut Report<'_>) {
    singleton(census, node, Rtype::CNAME, "SEVERAL_CNAMES", "keep one (RFC 2181 section 10.1)", report);
    if node.kinds & !(kind::CNAME | kind::PROOF) == 0 {
        return;
    }
    let beside = |rtype: Rtype| !matches!(rtype, Rtype::CNAME | Rtype::RRSIG | Rtype::NSEC | Rtype::KEY);
    let mut lines = lines(census, node, |rtype| rtype == Rtype::CNAME);
    lines.truncate(1);
    lines.extend(self::lines(census, node, beside));
    let what = || {
        let mut types: Vec<_> =
            census.records(node).map(|record| record.rtype).filter(|&rtype| beside(rtype)).collect();
        types.sort_unstable_by_key(|rtype| rtype.to_int());
        types.dedup();
        let types: Vec<_> = types.into_iter().take(8).map(present_rtype).collect();
        format!("a CNAME stands beside {}", types.join(", "))
    };
    let remedy = "keep the CNAME or the other records (RFC 2181 section 10.1)";
    report.add("CNAME_NOT_ALONE", Severity::Error, census.owner(node), &lines, what, remedy);
}

/// Types of which a name has one record; equal ones are only duplicates.
fn singleton(
    census: &Census<'_>,
    node: &Node,
    rtype: Rtype,
    code: &'static str,
    remedy: &str,
    report: &mut Report<'_>,
) {
    let mut of_type = census.records(node).filter(|record| record.rtype == rtype);
    let Some(first) = of_type.next() else { return };
    if of_type.any(|record| record.data != first.data) {
        let lines = lines(census, node, |other| other == rtype);
        let what = || format!("several {} records with different data", present_rtype(rtype));
        report.add(code, Severity::Error, first.owner, &lines, what, remedy);
    }
}

/// `sorted` holds the records of one name by type and data.
fn rrsets(sorted: &[Record<'_>], report: &mut Report<'_>) {
    for pair in sorted.windows(2).filter(|pair| (pair[0].rtype, pair[0].data) == (pair[1].rtype, pair[1].data)) {
        let what = || format!("{} {} twice", present_rtype(pair[0].rtype), present_data(pair[0].rtype, pair[0].data));
        let lines = [pair[1].line, pair[0].line];
        report.add("DUPLICATE_RECORD", Severity::Warning, pair[0].owner, &lines, what, "remove one; it is served once");
    }
    for set in sorted.chunk_by(|left, right| left.rtype == right.rtype) {
        // Signatures go with the TTL of what they cover (RFC 4034 section 3), so a set of RRSIGs may be mixed.
        if set[0].rtype == Rtype::RRSIG || set.iter().all(|record| record.ttl == set[0].ttl) {
            continue;
        }
        let lowest = set.iter().map(|record| record.ttl).min().unwrap_or(0);
        let mut lines: Vec<_> = set.iter().filter(|record| record.ttl != lowest).map(|record| record.line).collect();
        lines.sort_unstable_by_key(|line| (line.file, line.number));
        let what =
            || format!("{} records with different TTLs; {lowest} is served for all", present_rtype(set[0].rtype));
        let remedy = "give all the same TTL (RFC 2181 section 5.2)";
        report.add("MIXED_TTLS", Severity::Warning, set[0].owner, &lines, what, remedy);
    }
}

fn lines(census: &Census<'_>, node: &Node, wanted: impl Fn(Rtype) -> bool) -> Vec<Line> {
    census.records(node).filter(|record| wanted(record.rtype)).take(10).map(|record| record.line).collect()
}
