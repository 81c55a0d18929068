//! The whole reply to a client that waited: header, its question, what was found, OPT.

use super::cache::{Entry, STALE_TTL, Ttl, stale_note};
use super::complete::{alias_targets, complete};
use super::miss::Waiter;
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
    let question = waiter.query.get(..waiter.question_end).unwrap_or_default();
    let reserved = match (waiter.edns, waiter.cookie) {
        (None, _) => 0,
        (Some(_), None) => OPT_LENGTH,
        (Some(_), Some(_)) => OPT_LENGTH + COOKIE_LENGTH,
    };
    let begun = match &waiter.ours {
        Some(ours) => Reply::resume(buffer, ours, waiter.limit, reserved),
        None => Reply::new(buffer, question, waiter.limit, reserved),
    };
    let Some(mut reply) = begun else { return 0 };
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
    let query_flags = waiter.query.get(3).copied().unwrap_or_default();
    let dnssec_ok = waiter.edns.is_some_and(|edns| edns.dnssec_ok);
    // AD only for those who know of it (RFC 6840 section 5.8).
    let wants_authentic = dnssec_ok || query_flags & flag::AUTHENTIC_DATA != 0;
    // Aliases of ours were not validated.
    let authentic = age == Age::Fresh && entry.is_authentic() && wants_authentic && waiter.ours.is_none();
    let flags = flag::RECURSION_AVAILABLE
        | query_flags & flag::CHECKING_DISABLED
        | if authentic { flag::AUTHENTIC_DATA } else { 0 };
    let opt = waiter.edns.map(|_| OptRecord {
        udp_size: UDP_SIZE as u16,
        extended_rcode: (entry.rcode() >> 4) as u8,
        dnssec_ok,
        cookie: waiter.cookie,
        extended_error: note.as_ref().map(|note| (note.code, note.text())),
    });
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
