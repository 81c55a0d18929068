//! The whole reply to a client that waited: header, its question, what was found, OPT.

use super::ask::{Ask, Foreign, Note};
use super::cache::{Entry, STALE_TTL, Ttl, stale_note};
use super::complete::{alias_targets, complete};
use super::miss::{Miss, Waiter};
use crate::answer::{COOKIE_LENGTH, OPT_LENGTH, OptRecord, Reply, flag};
use crate::dns::UDP_SIZE;

/// How old an entry is that is handed to a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It just came.
    Fresh,
    /// It has ended, and no upstream answers (RFC 8767).
    Stale,
}

/// Writes the reply to a waiter, out of an entry for its question's own name or for the target of an alias of ours, into
/// `buffer`. Returns its length: at most the waiter's limit and that of the buffer; 0 when not even the question fits. What
/// does not fit leaves TC.
pub fn compose(waiter: &Waiter, entry: &Entry, age: Age, buffer: &mut [u8]) -> usize {
    let Some(mut reply) = begin(waiter, buffer) else { return 0 };
    let ttl = match age {
        Age::Fresh => Ttl::Aged(0),
        Age::Stale => Ttl::Fixed(STALE_TTL),
    };
    match &waiter.ours {
        Some(ours) => complete_with(ours, entry, ttl, &mut reply),
        None => entry.write(ttl, &mut reply),
    }
    let note = match age {
        Age::Fresh => entry.note(),
        Age::Stale => Some(stale_note(entry.rcode())),
    };
    // AD only for those who know of it (RFC 6840 section 5.8), and aliases of ours were not validated.
    let wanted = wants_authentic(waiter) && waiter.ours.is_none();
    let authentic = age == Age::Fresh && entry.is_authentic() && wanted;
    finish(reply, waiter, entry.rcode(), authentic, note.as_ref())
}

/// Writes the reply to the waiter of a miss out of what can be said now without asking anybody, such as what another
/// question has brought meanwhile. Returns its length; none when an upstream must be asked.
pub(super) fn compose_known(miss: &Miss, waiter: &Waiter, buffer: &mut [u8]) -> Option<usize> {
    if waiter.ours.is_some() {
        return None;
    }
    let ask = Ask {
        horizon: miss.horizon,
        name: &miss.name,
        rtype: miss.rtype,
        dnssec_ok: miss.dnssec_ok,
        authentic_data: wants_authentic(waiter),
        checking_disabled: miss.checking_disabled,
    };
    let mut reply = begin(waiter, buffer)?;
    match miss.plan.answer(&ask, miss.plan.cache().now(), &mut reply) {
        Foreign::Written { rcode, authentic, note, .. } => {
            reply.rcode = (rcode & 0x0F) as u8;
            Some(finish(reply, waiter, rcode, authentic, note.as_ref()))
        }
        Foreign::Miss | Foreign::NoUpstream => None,
    }
}

fn begin<'b>(waiter: &Waiter, buffer: &'b mut [u8]) -> Option<Reply<'b>> {
    let question = waiter.query.get(..waiter.question_end).unwrap_or_default();
    let reserved = match (waiter.edns, waiter.cookie) {
        (None, _) => 0,
        (Some(_), None) => OPT_LENGTH,
        (Some(_), Some(_)) => OPT_LENGTH + COOKIE_LENGTH,
    };
    match &waiter.ours {
        Some(ours) => Reply::resume(buffer, ours, waiter.limit, reserved),
        None => Reply::new(buffer, question, waiter.limit, reserved),
    }
}

/// The query has AD or DO set.
fn wants_authentic(waiter: &Waiter) -> bool {
    waiter.edns.is_some_and(|edns| edns.dnssec_ok) || flags(waiter) & flag::AUTHENTIC_DATA != 0
}

/// The fourth octet of the query.
fn flags(waiter: &Waiter) -> u8 {
    waiter.query.get(3).copied().unwrap_or_default()
}

fn finish(reply: Reply<'_>, waiter: &Waiter, rcode: u16, authentic: bool, note: Option<&Note>) -> usize {
    let opt = waiter.edns.map(|edns| OptRecord {
        udp_size: UDP_SIZE as u16,
        extended_rcode: (rcode >> 4) as u8,
        dnssec_ok: edns.dnssec_ok,
        cookie: waiter.cookie,
        extended_error: note.map(|note| (note.code, note.text())),
    });
    let flags = flag::RECURSION_AVAILABLE
        | flags(waiter) & flag::CHECKING_DISABLED
        | if authentic { flag::AUTHENTIC_DATA } else { 0 };
    reply.finish(flags, opt.as_ref())
}

/// Appends what an entry says about the name that our aliases lead to.
fn complete_with(ours: &[u8], entry: &Entry, ttl: Ttl, reply: &mut Reply<'_>) {
    reply.rcode = (entry.rcode() & 0x0F) as u8;
    let Some(target) = alias_targets(ours).last() else { return };
    // The type of the question does not matter to the records behind it.
    let question = [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], entry.name(), &[0, 1, 0, 1]].concat();
    let mut foreign = vec![0; usize::from(u16::MAX)];
    let length = foreign.len();
    let Some(mut part) = Reply::new(&mut foreign, &question, length, 0) else { return };
    entry.write(ttl, &mut part);
    let length = part.finish(0, None);
    foreign.truncate(length);
    complete(reply, target, &foreign);
}
