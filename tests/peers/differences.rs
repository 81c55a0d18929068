//! The differences from a peer that are allowed, each with the text that decides and a test that holds for nothing else.

use super::compare::Case;
use super::names::{is_at_or_below, labels, lower, wire};
use super::process::Program;
use super::question::Question;
use super::reply::Reply;
use super::world::Rr;
use horizon_dns::dns::Rtype;
use std::collections::BTreeSet;

/// One class of difference.
pub(crate) struct Class {
    /// What differs.
    pub(crate) name: &'static str,
    /// What decides, and for whom.
    pub(crate) decides: &'static str,
    /// True when a case belongs to it.
    pub(crate) holds: fn(&Case<'_>) -> bool,
}

const UPDATE: u8 = 5;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const YXDOMAIN: u16 = 6;

/// All of them; the first that holds is counted.
pub(crate) const CLASSES: [Class; 9] = [
    Class {
        name: "opcode",
        decides: "RFC 1035 section 4.1.1: NOTIMP for an opcode that is not served; peers know NOTIFY, or are silent",
        holds: |case| case.question.opcode != 0 && case.ours.rcode == NOTIMP && is_bare(case.ours),
    },
    Class {
        name: "unsigned update",
        decides: "RFC 3007 section 3: refused without a look at its zone; NSD knows no updates, Knot looks for the zone first",
        holds: |case| case.question.opcode == UPDATE && case.ours.rcode == REFUSED && is_bare(case.ours),
    },
    Class {
        name: "special-use name",
        decides: "RFC 6761 sections 6.2 and 6.4: test and invalid are answered from zones of our own",
        holds: special_use,
    },
    Class {
        name: "ANY is minimal",
        decides: "RFC 8482 section 4.1: one RRset of those there are",
        holds: |case| case.peer.is_some_and(|peer| minimal_any(case, peer)),
    },
    Class {
        name: "chain goes on",
        decides: "RFC 1034 section 4.3.2 step 3a: back to step 1 with the new name; Knot stops at a zone's edge and after five aliases",
        holds: |case| case.program == Program::Knot && case.agrees(),
    },
    Class {
        name: "names of another zone or of data",
        decides: "RFC 1034 sections 4.2 and 4.3.2: only a zone's own records make its names exist; NSD keeps one tree for all zones and for names in data",
        holds: |case| {
            let by_data = || case.question.rtype == Rtype::DS && in_data(case);
            case.program == Program::Nsd && case.other_agrees && (another_zone_reaches_in(case) || by_data())
        },
    },
    Class {
        name: "NS at a wildcard",
        decides: "RFC 4592 section 4.2: not defined; NSD and we expand it as data, Knot refers to the wildcard itself",
        holds: refers_to_wildcard,
    },
    Class {
        name: "nothing beside YXDOMAIN",
        decides: "RFC 6672 section 3.2 step 3c: YXDOMAIN ends the search; Knot goes on with the DNAME's own target",
        holds: beside_overflow,
    },
    Class {
        name: "DNAME that feeds itself",
        decides: "RFC 1034 section 7.1: the work for one question is bounded; each server stops the endless chain elsewhere",
        holds: |case| endless_dname(case) || stopped_elsewhere(case),
    },
];

/// A reply that says nothing but its RCODE.
fn is_bare(reply: &Reply) -> bool {
    reply.answer.is_empty() && reply.authority.is_empty() && reply.additional.is_empty() && !reply.aa
}

/// The name, or the end of its chain, is in no zone of the world but at or below `test` or `invalid`.
pub(super) fn special_use(case: &Case<'_>) -> bool {
    let end = case.ours.chain_end(case.question);
    let special = [wire("test"), wire("invalid")].into_iter().find(|apex| is_at_or_below(&end, apex));
    let Some(apex) = special.filter(|_| case.zone_of(&end).is_none()) else { return false };
    let denied = case.ours.authority.len() == 1
        && case.ours.authority.iter().all(|record| record.rtype == Rtype::SOA && record.owner == apex);
    let apex_data = end == apex && matches!(case.question.rtype, Rtype::SOA | Rtype::NS | Rtype::ANY);
    let refused_or_stopped = |peer: &Reply| match end == lower(&case.question.name) {
        true => peer.rcode == REFUSED,
        false => peer.ends_open(case.question) && case.ours.answer == peer.answer,
    };
    case.ours.aa
        && case.ours.rcode == if end == apex { 0 } else { NXDOMAIN }
        && (denied || apex_data)
        && (case.peer.is_some_and(refused_or_stopped)
            || case.joined().is_some_and(|joined| refused_or_stopped(&joined)))
}

/// The same but for the records at the end of the chain, where ours are one RRset, whole, as the peer itself has it.
pub(super) fn minimal_any(case: &Case<'_>, peer: &Reply) -> bool {
    if case.question.rtype != Rtype::ANY {
        return false;
    }
    let (ours, theirs) = (data(case.ours, case.question), data(peer, case.question));
    let Some(first) = ours.first() else { return false };
    let end = case.ours.chain_end(case.question);
    let alone = Question { name: end, rtype: first.rtype, ..case.question.clone() };
    let whole = (case.ask)(&alone).is_some_and(|reply| ours == data(&reply, &alone));
    let on_the_way = |reply: &'_ Reply, data: &BTreeSet<&Rr>| -> BTreeSet<Rr> {
        reply.answer.iter().filter(|record| !data.contains(record)).cloned().collect()
    };
    case.ours.rcode == peer.rcode
        && case.ours.aa == peer.aa
        && case.ours.authority == peer.authority
        && !theirs.is_empty()
        && whole
        && on_the_way(peer, &theirs).is_subset(&case.ours.answer)
        && on_the_way(case.ours, &ours).is_subset(&peer.answer)
}

/// The records at the end of the chain, without a DNAME there that is in the answer because it redirected a name.
fn data<'a>(reply: &'a Reply, question: &Question) -> BTreeSet<&'a Rr> {
    let found = reply.data(question);
    let redirected = |dname: &Rr| {
        let below = |alias: &&Rr| alias.owner != dname.owner && is_at_or_below(&alias.owner, &dname.owner);
        dname.rtype == Rtype::DNAME
            && reply.answer.iter().filter(|record| record.rtype == Rtype::CNAME).any(|a| below(&a))
    };
    let kept: BTreeSet<_> = found.iter().copied().filter(|record| !redirected(record)).collect();
    if kept.is_empty() { found } else { kept }
}

/// The chain ends below a DNAME in it that leads below itself, where NSD stops too and Knot goes on some times.
fn endless_dname(case: &Case<'_>) -> bool {
    let end = case.ours.chain_end(case.question);
    let feeds_itself = |record: &Rr| record.rtype == Rtype::DNAME && is_at_or_below(&record.data, &record.owner);
    case.program == Program::Knot
        && case.other_agrees
        && case.ours.answer.iter().any(|record| feeds_itself(record) && is_at_or_below(&end, &record.owner))
}

/// Through DNAMEs that lead to each other: Knot stops on the way that NSD and we go on, or we stop after as many aliases
/// as we follow; one chain begins as the other.
fn stopped_elsewhere(case: &Case<'_>) -> bool {
    const MOST_ALIASES: usize = 32;
    let Some(peer) = case.peer else { return false };
    let ours = &case.ours.answer;
    let aliases = ours.iter().filter(|record| record.rtype == Rtype::CNAME).count();
    let knot_stopped = || case.program == Program::Knot && case.other_agrees && peer.rcode == 0 && aliases > 5;
    let we_stopped = aliases >= MOST_ALIASES && case.ours.rcode == 0;
    case.ours.authority.is_empty()
        && ours.iter().any(|record| record.rtype == Rtype::DNAME)
        && (peer.answer.is_subset(ours) && knot_stopped()
            || we_stopped && (peer.answer.is_subset(ours) || peer.answer.is_superset(ours)))
}

/// Some other zone holds a name inside the zone that answers, on the way to the name asked for.
fn another_zone_reaches_in(case: &Case<'_>) -> bool {
    let end = case.ours.chain_end(case.question);
    let asked = lower(&case.question.name);
    let on_the_way = case.ours.answer.iter().map(|record| &record.owner);
    on_the_way.chain([&asked, &end]).any(|name| {
        let Some(zone) = case.zone_of(name) else { return false };
        let others = case.world.zones.iter().filter(|other| other.apex != zone.apex);
        others.flat_map(|other| &other.records).any(|record| {
            record.owner.len() > zone.apex.len()
                && is_at_or_below(&record.owner, &zone.apex)
                && shares_label(&record.owner, name, &zone.apex)
        })
    })
}

/// The label right below `apex` is a wildcard in `one` or the same in both, so that `one` may be what the search for `other` meets.
fn shares_label(one: &[u8], other: &[u8], apex: &[u8]) -> bool {
    let below_apex = |name: &[u8]| {
        let name = lower(name);
        let count = labels(&name).len().checked_sub(labels(apex).len() + 1)?;
        labels(&name).get(count).map(|label| label.to_vec())
    };
    below_apex(one).is_some_and(|label| label == b"*" || Some(label) == below_apex(other))
}

/// A referral whose cut is a wildcard.
pub(super) fn refers_to_wildcard(case: &Case<'_>) -> bool {
    let cut = |record: &Rr| record.rtype == Rtype::NS && record.owner.starts_with(b"\x01*");
    let refers = |peer: &Reply| !peer.authority.is_empty() && peer.authority.iter().all(cut);
    case.program == Program::Knot
        && (case.peer.is_some_and(refers) || case.joined().is_some_and(|joined| refers(&joined)))
}

/// A name of the chain is in some record's data.
fn in_data(case: &Case<'_>) -> bool {
    let names: Vec<_> =
        case.ours.answer.iter().filter(|record| record.rtype == Rtype::CNAME).map(|r| &r.data).collect();
    let asked = lower(&case.question.name);
    let mentioned = |record: &Rr| {
        let data = lower(&record.data);
        data.ends_with(&asked) || names.iter().any(|name| data.ends_with(name))
    };
    case.world.zones.iter().flat_map(|zone| &zone.records).any(mentioned)
}

/// YXDOMAIN and the chain so far, as NSD says it too, to which Knot adds what it finds at the target of the DNAME.
fn beside_overflow(case: &Case<'_>) -> bool {
    let Some(peer) = case.peer else { return false };
    case.program == Program::Knot
        && case.other_agrees
        && case.ours.rcode == YXDOMAIN
        && case.ours.authority.is_empty()
        && peer.answer.is_superset(&case.ours.answer)
}
