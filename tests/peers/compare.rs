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
    /// Asks the same peer another question over TCP.
    pub(crate) ask: &'a dyn Fn(&Question) -> Option<Reply>,
}

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

    /// What the peer says of the whole chain: where its answer stops at the edge of a zone, it is asked for the rest.
    ///
    /// None when the peer has said all there is to say.
    pub(crate) fn joined(&self) -> Option<Reply> {
        let mut joined = self.peer?.clone();
        let mut zone = self.zone_of(&self.question.name)?.apex.clone();
        let mut seen = BTreeSet::from([lower(&self.question.name)]);
        let mut steps = 0;
        loop {
            let end = joined.chain_end(self.question);
            let here = self.zone_of(&end);
            let edge = here.is_some_and(|here| here.apex != zone || steps > 0) && joined.ends_open(self.question);
            if !edge || !seen.insert(end.clone()) || steps == 20 {
                return (steps > 0).then_some(joined);
            }
            zone = here?.apex.clone();
            let rest = (self.ask)(&Question { name: end, ..self.question.clone() })?;
            joined.rcode = rest.rcode;
            joined.answer.extend(rest.answer);
            joined.authority = rest.authority;
            steps += 1;
        }
    }
}

/// Equal in all that the promise names: rcode, AA, answer, authority.
pub(crate) fn same(one: &Reply, other: &Reply) -> bool {
    one.rcode == other.rcode && one.aa == other.aa && one.answer == other.answer && one.authority == other.authority
}

impl Reply {
    /// True when the answer ends in an alias whose target is not answered: no data, no authority, no error.
    pub(crate) fn ends_open(&self, question: &Question) -> bool {
        let end = self.chain_end(question);
        end != lower(&question.name)
            && self.rcode == 0
            && self.authority.is_empty()
            && !self.answer.iter().any(|record| record.owner == end)
    }

    /// The part of the answer that is no alias on the way: the records at the chain's end.
    pub(crate) fn data(&self, question: &Question) -> BTreeSet<&Rr> {
        let end = self.chain_end(question);
        self.answer.iter().filter(|record| record.owner == end).collect()
    }
}
