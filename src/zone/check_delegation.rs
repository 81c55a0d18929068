//! Checks of what lies below delegations and DNAMEs.

use super::census::Census;
use super::census::Node;
use super::census::ancestors;
use super::census::kind;
use super::check_report::Report;
use super::records::Line;
use super::records::Record;
use crate::dns::Rtype;
use crate::dns::is_at_or_below;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::finding::Severity;
use crate::pace::breathe_at;

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_>) {
    let apex = report.zone.clone();
    let apex = apex.as_slice();
    let delegates = census.any(kind::NS, apex);
    let renames = census.any(kind::DNAME, b"");
    if !delegates && !renames {
        return;
    }
    for (index, node) in census.nodes().iter().enumerate() {
        breathe_at(index);
        let owner = census.owner(node);
        if renames {
            below_dname(census, node, apex, report);
        }
        if !delegates || owner.eq_ignore_ascii_case(apex) {
            continue;
        }
        // The topmost delegation holds; what is below it is not this zone's.
        let above = ancestors(owner, apex).filter(|name| name.len() > apex.len());
        let cut = above.filter_map(|name| census.find(name)).filter(|node| node.kinds & kind::NS != 0).last();
        match cut {
            Some(cut) => occluded(census, node, cut, report),
            None if node.kinds & kind::NS != 0 => {
                if owner.starts_with(b"\x01*") {
                    let line = first_line(census, node, |rtype| rtype == Rtype::NS);
                    let what = || "NS records at a wildcard".to_owned();
                    let remedy = "name what is delegated (RFC 4592 section 4.2)";
                    report.add("WILDCARD_NS", Severity::Warning, owner, &[line], what, remedy);
                }
                occluded(census, node, node, report);
                glue(census, node, report);
            }
            None => {}
        }
    }
}

fn below_dname(census: &Census<'_>, node: &Node, apex: &[u8], report: &mut Report<'_>) {
    let owner = census.owner(node);
    let found = ancestors(owner, apex).filter_map(|name| census.find(name)).find(|node| node.kinds & kind::DNAME != 0);
    let Some(dname) = found else { return };
    let lines = [first_line(census, node, |_| true), first_line(census, dname, |rtype| rtype == Rtype::DNAME)];
    let what = || format!("it lies below the DNAME of {}", present_name(census.owner(dname)));
    let remedy = "move it, or remove the DNAME, which redirects all below it (RFC 6672 section 2.3)";
    report.add("BELOW_DNAME", Severity::Error, owner, &lines, what, remedy);
}

/// At a delegation only NS, DS and proofs are the zone's own; below it only addresses of its name servers have a use.
fn occluded(census: &Census<'_>, node: &Node, cut: &Node, report: &mut Report<'_>) {
    let owner = census.owner(node);
    let at_cut = std::ptr::eq(node, cut);
    let is_glue =
        node.kinds & kind::ADDRESS != 0 && servers(census, cut).any(|record| record.data.eq_ignore_ascii_case(owner));
    let useless = |rtype: Rtype| match rtype {
        Rtype::A | Rtype::AAAA => !is_glue,
        Rtype::NS | Rtype::DS | Rtype::NSEC | Rtype::RRSIG => !at_cut,
        _ => true,
    };
    let Some(record) = census.records(node).find(|record| useless(record.rtype)) else { return };
    let lines = [record.line, first_line(census, cut, |rtype| rtype == Rtype::NS)];
    let what = || {
        let cut = present_name(census.owner(cut));
        format!("{} is hidden by the delegation of {cut} and is no glue of it", present_rtype(record.rtype))
    };
    report.add("OCCLUDED", Severity::Warning, owner, &lines, what, "move it to the delegated zone, or remove it");
}

/// A server below its own delegation can be reached only with an address from here.
fn glue(census: &Census<'_>, cut: &Node, report: &mut Report<'_>) {
    let owner = census.owner(cut);
    for record in servers(census, cut).filter(|record| is_at_or_below(record.data, owner)) {
        if census.find(record.data).is_some_and(|node| node.kinds & kind::ADDRESS != 0) {
            continue;
        }
        let what = || format!("its name server {} lies below it and has no address here", present_name(record.data));
        let remedy = "write an A or AAAA record of the name server (RFC 1034 section 4.2.1)";
        report.add("GLUE_MISSING", Severity::Warning, owner, &[record.line], what, remedy);
    }
}

fn servers<'r>(census: &Census<'r>, cut: &Node) -> impl Iterator<Item = Record<'r>> {
    census.records(cut).filter(|record| record.rtype == Rtype::NS)
}

fn first_line(census: &Census<'_>, node: &Node, wanted: impl Fn(Rtype) -> bool) -> Line {
    census.records(node).find(|record| wanted(record.rtype)).map_or(Line::default(), |record| record.line)
}
