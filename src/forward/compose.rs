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

#[cfg(test)]
mod tests {
    use super::super::ask::Note;
    use super::super::cache::{Key, Reader};
    use super::super::miss::Return;
    use super::*;
    use crate::config;
    use crate::dns::Edns;

    struct Nowhere;

    impl Return for Nowhere {
        fn send(self: Box<Self>, _: &[u8]) {}
    }

    const NAME: &[u8] = b"\x03www\x07example\0";

    /// `WwW.example A` with these bits of the fourth octet.
    fn waiter(bits: u8, edns: Option<Edns>, limit: usize) -> Waiter {
        let mut query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03WwW\x07example\0\0\x01\0\x01".to_vec();
        query[3] = bits;
        Waiter {
            client: [192, 0, 2, 7].into(),
            question_end: query.len(),
            query: query.into(),
            edns,
            cookie: edns.map(|_| [7; 24]),
            limit,
            ours: None,
            back: Box::new(Nowhere),
        }
    }

    /// An answer with so many addresses, all of it validated.
    fn entry(addresses: u8) -> Entry {
        let mut message = b"\x12\x34\x81\xa0\0\x01\0\0\0\0\0\0\x03wWW\x07example\0\0\x01\0\x01".to_vec();
        message[7] = addresses;
        for address in 0..addresses {
            message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02");
            message.push(address);
        }
        let key = Key { tag: 1, name: NAME, rtype: 1, dnssec_ok: false, checking_disabled: false };
        Reader::new().read(&message, &key, &config::Cache::default()).unwrap()
    }

    /// A waiter gets its own id, its question as it wrote it, the flags it asked for, and what its EDNS lets it have.
    #[test]
    fn waiters_get_whole_replies() {
        let edns = |dnssec_ok| Some(Edns { udp_size: 1232, version: 0, dnssec_ok, cookie: None });
        let failure = Entry::servfail(NAME, Some(Note::new(22, "nobody answers")));
        let missing = Entry::failure(NAME, 3, None);
        type Case<'a> = (&'a str, Waiter, &'a Entry, Age, u8, u8, &'a [u8]);
        let table: [Case<'_>; 8] = [
            ("plain", waiter(0, None, 512), &entry(1), Age::Fresh, 0x81, 0x80, b"\xc0\0\x02\0"),
            ("AD was asked for", waiter(0x20, None, 512), &entry(1), Age::Fresh, 0x81, 0xA0, b"\xc0\0\x02\0"),
            ("DO asks for AD", waiter(0, edns(true), 512), &entry(1), Age::Fresh, 0x81, 0xA0, &[7; 8]),
            ("EDNS does not", waiter(0, edns(false), 512), &entry(1), Age::Fresh, 0x81, 0x80, &[7; 8]),
            ("CD comes back", waiter(0x10, None, 512), &entry(1), Age::Fresh, 0x81, 0x90, b"\xc0\0\x02\0"),
            ("a failure", waiter(0, edns(false), 512), &failure, Age::Fresh, 0x81, 0x82, b"\0\x16nobody answers"),
            (
                "stale",
                waiter(0x20, edns(false), 512),
                &entry(1),
                Age::Stale,
                0x81,
                0x80,
                b"\0\x03no upstream answers now",
            ),
            (
                "stale denial",
                waiter(0, edns(true), 512),
                &missing,
                Age::Stale,
                0x81,
                0x83,
                b"\0\x13no upstream answers now",
            ),
        ];
        for (why, waiter, entry, age, flags, low, end) in table {
            let mut buffer = [0; 1232];
            let length = compose(&waiter, entry, age, &mut buffer);
            let reply = &buffer[..length];
            assert_eq!(reply[..2], [0x12, 0x34], "{why}");
            assert_eq!(reply[12..waiter.question_end], waiter.query[12..], "{why}");
            assert_eq!(reply[2..4], [flags, low], "{why}");
            assert!(reply.ends_with(end), "{why}: {reply:02x?}");
            let message = domain::base::Message::from_octets(reply).unwrap();
            assert!(message.iter().all(|record| record.is_ok()), "{why}");
            if age == Age::Stale && reply[7] > 0 {
                assert_eq!(reply[35..39], [0, 0, 0, 30], "{why}: {reply:02x?}");
            }
        }
    }

    /// What does not fit leaves TC and no records, and the limit counts the OPT record.
    #[test]
    fn replies_that_do_not_fit_are_cut() {
        let many = entry(40);
        let mut buffer = vec![0; 65_535];
        for (limit, fits) in [(512, false), (29 + 40 * 16, true), (28 + 40 * 16, false), (65_535, true)] {
            let length = compose(&waiter(0, None, limit), &many, Age::Fresh, &mut buffer);
            assert!(length <= limit);
            assert_eq!((buffer[2] & 2 == 0, buffer[7]), (fits, if fits { 40 } else { 0 }), "{limit}");
        }
        assert_eq!(compose(&waiter(0, None, 20), &many, Age::Fresh, &mut buffer), 0, "not even the question fits");
    }
}
