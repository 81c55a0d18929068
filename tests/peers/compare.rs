//! Two replies to one question: equal, different in a way that is listed, or a fault.
//!
//! Replies are compared whole, as they come over TCP; what UDP cuts off is held against the same server's TCP reply.

use super::differences::CLASSES;
use super::names::{is_at_or_below, lower};
use super::process::Program;
use super::question::Question;
use super::reply::Reply;
use super::world::{Rr, World, Zone};
use horizon_dns::dns::Rtype;
use std::collections::BTreeSet;

/// One question, what we say and what a peer says, both without truncation.
pub(crate) struct Case<'a> {
    pub(crate) world: &'a World,
    pub(crate) question: &'a Question,
    pub(crate) program: Program,
    pub(crate) ours: &'a Reply,
    /// None where the peer is silent.
    pub(crate) peer: Option<&'a Reply>,
    /// True when the other peer says what we say, or what it says differently has its own reason.
    pub(crate) other_agrees: bool,
    /// Asks the same peer another question over TCP.
    pub(crate) ask: Box<Ask<'a>>,
}

/// Asks one question over TCP.
pub(crate) type Ask<'a> = dyn Fn(&Question) -> Option<Reply> + 'a;

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    /// The place of the class in [`CLASSES`].
    Listed(usize),
    Fault,
}

impl Case<'_> {
    /// Compares.
    pub(crate) fn verdict(&self) -> Verdict {
        if self.peer.is_some_and(|peer| same(self.ours, peer)) {
            return Verdict::Same;
        }
        CLASSES.iter().position(|class| (class.holds)(self)).map_or(Verdict::Fault, Verdict::Listed)
    }

    /// The zone that answers for `name`, the parent's for DS (RFC 4035 section 3.1.4.1).
    pub(crate) fn zone_of(&self, name: &[u8]) -> Option<&Zone> {
        let mut zones: Vec<_> = self.world.zones.iter().filter(|zone| is_at_or_below(name, &zone.apex)).collect();
        zones.sort_by_key(|zone| zone.apex.len());
        if self.question.rtype == Rtype::DS
            && zones.len() > 1
            && zones.last().is_some_and(|zone| zone.apex.eq_ignore_ascii_case(name))
        {
            zones.pop();
        }
        zones.pop()
    }

    /// What the peer says of the whole chain when it is asked for each part: where an alias leads into another zone than the
    /// one searched, or is the last that it follows, its answer is cut there and it is asked for the target.
    ///
    /// None when it has said it all at once.
    pub(crate) fn joined(&self) -> Option<Reply> {
        let mut reply = self.peer?.clone();
        let mut joined = Reply { answer: BTreeSet::new(), ..reply.clone() };
        let mut name = lower(&self.question.name);
        let mut zone = self.zone_of(&name)?.apex.clone();
        let mut seen = BTreeSet::new();
        let mut asked = 0;
        while asked < 40 && seen.insert(name.clone()) {
            let part = reply.at(&name);
            joined.answer.extend(part.iter().map(|record| (*record).clone()));
            let Some(target) = alias_of(&part, &name, self.question.rtype) else { break };
            name = target;
            let Some(next) = self.zone_of(&name).filter(|_| !seen.contains(&name)) else { continue };
            let open = reply.at(&name).is_empty() && reply.authority.is_empty() && reply.rcode == 0;
            if next.apex != zone || open {
                zone = next.apex.clone();
                reply = (self.ask)(&Question { name: name.clone(), ..self.question.clone() })?;
                asked += 1;
            }
        }
        joined.rcode = reply.rcode;
        joined.authority = reply.authority;
        (asked > 0).then_some(joined)
    }

    /// Our reply is the peer's, or what it says part by part, but for ANY that is minimal and for where we stop.
    pub(crate) fn agrees(&self) -> bool {
        let fits = |reply: &Reply| {
            same(self.ours, reply) || super::differences::minimal_any(self, reply) || self.stopped_short_of(reply)
        };
        self.peer.is_some_and(fits) || self.joined().is_some_and(|joined| fits(&joined))
    }

    /// Our reply is as the peer's, or unlike it for a reason that has nothing to do with the other peer.
    pub(crate) fn vouches(&self) -> bool {
        self.agrees() || super::differences::special_use(self) || super::differences::refers_to_wildcard(self)
    }

    /// We stop at our limit of aliases, and the other follows the same chain further, or stops at its own limit before.
    pub(crate) fn stopped_short_of(&self, reply: &Reply) -> bool {
        let aliases = |reply: &Reply| reply.answer.iter().filter(|record| record.rtype == Rtype::CNAME).count();
        let further = reply.answer.is_superset(&self.ours.answer);
        let stopped =
            reply.answer.is_subset(&self.ours.answer) && reply.ends_open(self.question) && aliases(reply) >= 5;
        aliases(self.ours) == ALIASES && self.ours.ends_open(self.question) && (further || stopped)
    }
}

/// How many aliases we follow in one answer.
const ALIASES: usize = 20;

/// Where the records at `name` lead on to; none when they are what was asked for.
fn alias_of(records: &[&Rr], name: &[u8], rtype: Rtype) -> Option<Vec<u8>> {
    let synthesized = records.iter().any(|record| record.owner != name);
    let follows = rtype != Rtype::CNAME && (rtype != Rtype::ANY || synthesized);
    let alias = records.iter().find(|record| record.rtype == Rtype::CNAME && record.owner == name);
    alias.filter(|_| follows).map(|record| record.data.clone())
}

/// Equal in all that the promise names: rcode, AA, answer, authority.
pub(crate) fn same(one: &Reply, other: &Reply) -> bool {
    one.rcode == other.rcode && one.aa == other.aa && one.answer == other.answer && one.authority == other.authority
}

impl Reply {
    /// The part of the answer that is about `name`: its own records, and the DNAME above it that redirects it.
    pub(crate) fn at(&self, name: &[u8]) -> Vec<&Rr> {
        let above = |record: &Rr| record.rtype == Rtype::DNAME && is_at_or_below(name, &record.owner);
        self.answer.iter().filter(|record| record.owner == name || above(record)).collect()
    }

    /// Where the chain of aliases that starts at the question's name ends.
    pub(crate) fn chain_end(&self, question: &Question) -> Vec<u8> {
        let mut name = lower(&question.name);
        let mut seen = BTreeSet::new();
        while seen.insert(name.clone()) {
            let Some(target) = alias_of(&self.at(&name), &name, question.rtype) else { break };
            name = target;
        }
        name
    }

    /// True when the answer ends in an alias whose target is not answered: no data, no authority, no error.
    pub(crate) fn ends_open(&self, question: &Question) -> bool {
        let end = self.chain_end(question);
        end != lower(&question.name)
            && self.rcode == 0
            && self.authority.is_empty()
            && !self.answer.iter().any(|record| record.owner == end)
    }

    /// The records at the chain's end.
    pub(crate) fn data(&self, question: &Question) -> BTreeSet<&Rr> {
        let end = self.chain_end(question);
        self.answer.iter().filter(|record| record.owner == end).collect()
    }
}
