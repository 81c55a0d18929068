//! The answer to one question out of one horizon's zones: the algorithm of RFC 1034 section 4.3.2 with wildcards
//! (RFC 4592) and DNAME (RFC 6672), stage by stage: answer, authority, additional. No lock, no allocation.

use super::additional::{push_addresses, push_glue};
use super::lookup::Lookup;
use super::name::SearchName;
use super::near::{Near, Target};
use super::node::{Node, flag, rtype};
use super::overlay::Laid;
use super::overlay::is_challenge;
use super::redirects::{Redirect, Redirects};
use super::reply::{Owner, Reply, Section};
use super::table::Located;
use super::trace::{Rule, Step, Trace};
use super::zone::{Descent, Zone};
use super::zones::Zones;
use crate::dns::{Name, is_at_or_below, name_from_wire};

/// How many aliases one answer follows.
const ALIASES: usize = 32;

const NXDOMAIN: u8 = 3;
const YXDOMAIN: u8 = 6;

/// What the engine could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The reply is written.
    Answered {
        /// By a built-in special-use zone.
        special: bool,
    },
    /// As `Answered`; the last alias leads to a name that no zone of this horizon holds.
    LeadsOut {
        /// A built-in special-use zone had a part in it.
        special: bool,
        /// Where in the reply the name stands that is to be searched elsewhere.
        target: usize,
    },
    /// No zone of this horizon holds the name; the reply is untouched.
    NotOurs,
}

/// Writes the answer to a question of class IN into `reply`, but for the header and OPT. `laid` is what lies above the zones.
pub(crate) fn answer<T: Trace>(
    zones: &Zones,
    laid: Laid<'_>,
    lookup: &Lookup,
    reply: &mut Reply<'_>,
    trace: &mut T,
) -> Outcome {
    let Some(located) = lookup.located(zones) else {
        trace.step(|| not_ours(lookup.name()));
        return Outcome::NotOurs;
    };
    let special = located.special;
    let brief = !special && is_challenge(lookup.name().wire());
    let search = Search { zones, laid, located, rtype: lookup.rtype(), first: true, brief, expected: false };
    let mut room = [Redirect::default(); 1];
    let mut redirects = Redirects::new(&mut room);
    match search.run(lookup.name(), &mut redirects, reply, trace) {
        Some(target) => {
            let end = follow(&search, lookup.name(), target, &redirects, reply, trace);
            let special = special | end.special;
            match end.leads_out {
                Some(target) => Outcome::LeadsOut { special, target },
                None => Outcome::Answered { special },
            }
        }
        None => Outcome::Answered { special },
    }
}

/// How a chain of aliases ended.
struct End {
    /// A special-use zone had a part in it.
    special: bool,
    /// Where in the reply the name stands that no zone holds.
    leads_out: Option<usize>,
}

/// Searches the targets of aliases until one is no alias.
#[cold]
fn follow<'a, T: Trace>(
    question: &Search<'a>,
    asked: &SearchName,
    target: Target<'a>,
    redirects: &Redirects<'_>,
    reply: &mut Reply<'_>,
    trace: &mut T,
) -> End {
    let mut searched = [0u64; ALIASES];
    searched[0] = question.located.hash;
    // The zone of the last alias, and where its origin stands in the reply.
    let last = (question.located, asked.position(question.zone().origin_labels()));
    let mut chain = Chain { searched, count: 1, last };
    match chain.follow_near(question, target, redirects, reply, trace) {
        Some(target) => follow_far(question, chain, target, redirects, reply, trace),
        None => End { special: false, leads_out: None },
    }
}

/// The aliases that were followed.
struct Chain<'a> {
    /// Hashes of the names that were searched.
    searched: [u64; ALIASES],
    count: usize,
    /// The zone of the last alias, and where its origin stands in the reply.
    last: (Located<'a>, usize),
}

impl<'a> Chain<'a> {
    /// Notes a name that is going to be searched; false when one more ends the chain: it was searched before, or there were
    /// too many.
    fn note(&mut self, hash: u64) -> bool {
        let fresh = self.count < ALIASES && !self.searched[..self.count].contains(&hash);
        if fresh {
            self.searched[self.count] = hash;
            self.count += 1;
        }
        fresh
    }

    /// Follows aliases while they lead to names that the zone of the last one holds itself, as most do. Returns the target
    /// with which this ends; none when it ends the chain.
    fn follow_near<T: Trace>(
        &mut self,
        question: &Search<'a>,
        target: Target<'a>,
        redirects: &Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<Target<'a>> {
        let mut target = target;
        loop {
            let held = question.near(&self.last.0, &target);
            let held =
                held.and_then(|near| Some((near.node.filter(|node| !node.has(flag::OCCLUDED | flag::CUT))?, near)));
            let Some((node, near)) = held else { return Some(target) };
            if !self.note(near.hash) {
                return None;
            }
            let search = Search { located: self.last.0.with_hash(near.hash), first: false, ..*question };
            let owner = Owner { position: target.position, wire: near.wire };
            let place = Place { owner, origin: self.last.1 };
            target = search.answer_from(node, place, false, redirects, reply, trace)?;
        }
    }
}

/// Goes on with a target that may lie anywhere.
#[cold]
fn follow_far<'a, T: Trace>(
    question: &Search<'a>,
    mut chain: Chain<'a>,
    target: Target<'a>,
    redirects: &Redirects<'_>,
    reply: &mut Reply<'_>,
    trace: &mut T,
) -> End {
    let zones = question.zones;
    let mut room = [Redirect::default(); ALIASES];
    let mut redirects = redirects.moved(&mut room);
    let mut end = End { special: false, leads_out: None };
    let mut target = Some(target);
    let mut name = SearchName::blank();
    while let Some(sought) = target {
        // A target that no pointer can name any more ends the chain.
        let Ok(()) = name.read_message(reply.octets(), sought.position) else { break };
        let Some(located) = zones.locate(&name, question.rtype == rtype::DS) else {
            trace.step(|| not_ours(&name));
            end.leads_out = Some(sought.position);
            break;
        };
        if !chain.note(located.hash) {
            break;
        }
        end.special |= located.special;
        let search = Search { located, first: false, ..*question };
        chain.last = (located, name.position(located.zone.origin_labels()));
        target = search.run(&name, &mut redirects, reply, trace);
        if let Some(sought) = target {
            target = chain.follow_near(question, sought, &redirects, reply, trace);
        }
    }
    end
}

/// A search in one zone.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) zones: &'a Zones,
    pub(super) laid: Laid<'a>,
    pub(super) located: Located<'a>,
    pub(super) rtype: u16,
    /// The name is the question's own, not an alias target.
    pub(super) first: bool,
    /// What is denied may come at any moment: the question is for a challenge, or its name is in the overlay.
    pub(super) brief: bool,
    /// Values of the name are expected, so that it is not said to be missing.
    pub(super) expected: bool,
}

/// The name that records are written for.
#[derive(Clone, Copy)]
pub(super) struct Place<'n> {
    pub(super) owner: Owner<'n>,
    /// Where the origin of its zone stands in the reply.
    pub(super) origin: usize,
}

impl<'a> Search<'a> {
    /// Writes what overlay and zone say of `name`. Returns the alias target that is to be searched next.
    #[inline]
    fn run<T: Trace>(
        &self,
        name: &SearchName,
        redirects: &mut Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<Target<'a>> {
        if (is_challenge(name.wire()) || self.laid.may_hold(self.located.hash)) && !self.located.special {
            return self.run_laid(name, redirects, reply, trace);
        }
        self.run_zone(name, redirects, reply, trace)
    }

    /// Writes what the zone says of `name`. Returns the alias target that is to be searched next.
    pub(super) fn run_zone<T: Trace>(
        &self,
        name: &SearchName,
        redirects: &mut Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<Target<'a>> {
        let zone = self.zone();
        let place = self.place(name);
        let exact = self.located.find(name);
        if let Some(node) = exact
            && !node.has(flag::OCCLUDED)
        {
            // A zone cut belongs to the child, but for DS (RFC 4035 section 3.1.4.1).
            if node.has(flag::CUT) && self.rtype != rtype::DS {
                self.refer(node, name, name.labels(), reply, trace);
                return None;
            }
            return self.answer_from(node, place, false, redirects, reply, trace);
        }
        let Descent { node, labels, hash } = zone.descend(name);
        let node = node?;
        if node.has(flag::CUT) {
            self.refer(node, name, labels, reply, trace);
            return None;
        }
        if node.has(flag::DNAME) {
            let above = Above { node, labels, hash };
            return self.redirect(above, name, redirects, reply, trace).map(Target::made);
        }
        if node.has(flag::WILDCARD)
            && let Some(wildcard) = zone.wildcard(name, labels, hash)
        {
            return self.answer_from(wildcard, place, true, redirects, reply, trace);
        }
        if self.is_open(name, labels) {
            trace.step(|| self.step(place.owner, Rule::ChallengeNoData, node));
        } else {
            trace.step(|| self.step(place.owner, Rule::NxDomain, node));
            reply.rcode = NXDOMAIN;
        }
        self.deny(place, reply);
        None
    }

    /// The target of an alias in the zone that holds the alias, when that zone answers for it, and it can be told without
    /// reading the reply.
    fn near(&self, last: &Located<'a>, target: &Target<'a>) -> Option<Near<'a, 'a>> {
        // For DS the zone above may count; what may be in the overlay is read whole.
        let alone = last.alone && self.rtype != rtype::DS && !target.is_challenge();
        let near = alone.then(|| target.find(last.zone)).flatten();
        near.filter(|near| !self.laid.may_hold(near.hash))
    }

    /// The name exists, or a wildcard stands for it.
    fn answer_from<T: Trace>(
        &self,
        node: Node<'a>,
        place: Place<'_>,
        wildcard: bool,
        redirects: &Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<Target<'a>> {
        reply.authoritative |= self.first;
        let Place { owner, origin } = place;
        let rule = |plain, covered| if wildcard { covered } else { plain };
        if node.has(flag::CNAME)
            && !matches!(self.rtype, rtype::CNAME | rtype::ANY | rtype::RRSIG | rtype::NSEC)
            && let Some(alias) = node.rrset(rtype::CNAME)
            && (self.rtype != rtype::KEY || node.rrset(rtype::KEY).is_none())
        {
            trace.step(|| self.step(owner, rule(Rule::Alias, Rule::WildcardAlias), node));
            let Some(target) = reply.push(Section::Answer, owner, alias, alias.ttl, Some(origin)) else {
                reply.set_truncated();
                return None;
            };
            return Some(alias.records().next().map_or(Target::made(target), |record| Target::of(record, 0, target)));
        }
        // ANY gets one RRset (RFC 8482 section 4.1).
        let found = if self.rtype == rtype::ANY { node.rrsets().next() } else { node.rrset(self.rtype) };
        let Some(rrset) = found else {
            let empty = node.rrsets().next().is_none();
            let plain = if empty { Rule::EmptyNonTerminal } else { Rule::NoData };
            trace.step(|| self.step(owner, rule(plain, Rule::WildcardNoData), node));
            self.deny(place, reply);
            return None;
        };
        trace.step(|| self.step(owner, rule(Rule::Exact, Rule::Wildcard), node));
        if rrset.rtype == rtype::DNAME && redirects.find(self.located.hash).is_some() {
            return None;
        }
        if reply.push(Section::Answer, owner, rrset, rrset.ttl, Some(origin)).is_none() {
            reply.set_truncated();
            return None;
        }
        push_addresses(self.zones, &self.located, rrset, reply);
        None
    }

    /// The name lies at or below a zone cut: the NS records of the cut, with glue.
    fn refer<T: Trace>(
        &self,
        node: Node<'a>,
        name: &SearchName,
        labels: usize,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<()> {
        let Place { owner, origin } = self.place(name);
        trace.step(|| self.step(owner, Rule::Delegation, node));
        let cut = Owner { position: name.position(labels), wire: name.suffix(labels) };
        let servers = node.rrset(rtype::NS)?;
        if reply.push(Section::Authority, cut, servers, servers.ttl, Some(origin)).is_none() {
            reply.set_truncated();
            return None;
        }
        push_glue(self.zone(), cut.wire, servers, reply);
        None
    }

    /// A DNAME above the name: the DNAME, the CNAME made from it, and on with the new name (RFC 6672 section 3.2).
    ///
    /// A DNAME stands in the answer once, however often the chain comes by. One that leads below itself would lengthen the
    /// name until it overflows: the chain ends when it comes by again, and a resolver that wants more asks for the target.
    fn redirect<T: Trace>(
        &self,
        above: Above<'a>,
        name: &SearchName,
        redirects: &mut Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<usize> {
        let Above { node, labels, hash } = above;
        let owner = Owner { position: name.position(labels), wire: name.suffix(labels) };
        let asked = self.place(name).owner;
        let dname = node.rrset(rtype::DNAME)?;
        let new_suffix = dname.records().next()?.data;
        let before = redirects.find(hash);
        if before.is_some() && is_at_or_below(new_suffix, owner.wire) {
            return None;
        }
        trace.step(|| self.step(asked, Rule::Dname, node));
        reply.authoritative |= self.first;
        let pushed = match before {
            Some(before) => Some(before.target),
            None => reply.push(Section::Answer, owner, dname, dname.ttl, None),
        };
        let Some(target) = pushed else {
            reply.set_truncated();
            return None;
        };
        redirects.add(Redirect { hash, target });
        let prefix = &name.wire()[..name.suffix_start(labels)];
        if prefix.len() + new_suffix.len() > 255 {
            reply.rcode = YXDOMAIN;
            return None;
        }
        let rest = Owner { position: target, wire: new_suffix };
        let next = reply.push_synthesized_cname(asked, dname.ttl, prefix, rest);
        if next.is_none() {
            reply.set_truncated();
        }
        if self.rtype == rtype::CNAME { None } else { next }
    }

    /// NODATA or NXDOMAIN: the SOA record with the negative TTL (RFC 2308 section 3).
    pub(super) fn deny(&self, place: Place<'_>, reply: &mut Reply<'_>) {
        reply.authoritative |= self.first;
        if self.brief {
            return self.deny_briefly(place, reply);
        }
        let zone = self.zone();
        let apex = Owner { position: place.origin, wire: zone.origin_wire() };
        if let Some(denial) = zone.denial()
            && let Some(fits) = reply.push_denial(denial, apex.position)
        {
            if !fits {
                reply.set_truncated();
            }
            return;
        }
        if let Some(soa) = zone.soa()
            && reply.push(Section::Authority, apex, soa, zone.negative_ttl(), Some(apex.position)).is_none()
        {
            reply.set_truncated();
        }
    }

    pub(super) fn zone(&self) -> &'a Zone {
        self.located.zone
    }

    pub(super) fn place<'n>(&self, name: &'n SearchName) -> Place<'n> {
        let owner = Owner { position: name.position(name.labels()), wire: name.wire() };
        Place { owner, origin: name.position(self.zone().origin_labels()) }
    }

    fn step(&self, sought: Owner<'_>, rule: Rule, node: Node<'_>) -> Step {
        let owner = [node.relative(), self.zone().origin_wire()].concat();
        Step {
            name: printable(sought.wire),
            zone: Some(self.zone().origin().clone()),
            rule,
            owner: name_from_wire(&owner).ok(),
            inherited: self.located.inherited || node.has(flag::INHERITED),
            special: self.located.special,
        }
    }
}

/// A DNAME above the name that is sought.
#[derive(Clone, Copy)]
struct Above<'a> {
    node: Node<'a>,
    labels: usize,
    hash: u64,
}

fn not_ours(name: &SearchName) -> Step {
    Step {
        name: printable(name.wire()),
        zone: None,
        rule: Rule::NotOurs,
        owner: None,
        inherited: false,
        special: false,
    }
}

pub(super) fn printable(wire: &[u8]) -> Name {
    name_from_wire(&wire.to_ascii_lowercase()).unwrap_or_else(|_| Name::root())
}
