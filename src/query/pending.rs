//! One query in steps: read, reach for memory, answer. Errors become RCODEs and extended errors here and nowhere else.

use super::code::{class, ede, qtype, rcode};
use super::cookie::{self, Checked};
use super::verdict::{Transport, Verdict};
use crate::answer::{COOKIE_LENGTH, Lookup, OPT_LENGTH, OptRecord, Outcome, Reply, Trace, answer};
use crate::dns::{Edns, HEADER, Query, QueryError, UDP_SIZE, wire_len};
use crate::snapshot::{Snapshot, View};
use std::hint::black_box;
use std::net::IpAddr;

/// The largest UDP payload without EDNS (RFC 1035 section 2.3.4).
const PLAIN_UDP_SIZE: usize = 512;

/// One query between the steps of a batch: all are read, then their places in memory are reached, then they are answered,
/// so that the waits for memory overlap. It borrows nothing and is used again for the next batch.
///
/// The same snapshot and the same octets go into each step.
#[derive(Debug, Clone)]
pub struct Pending {
    state: State,
    question: Question,
    lookup: Lookup,
}

/// What is known before the zones are asked.
#[derive(Debug, Clone, Copy)]
enum State {
    /// No reply.
    Drop,
    /// The question could not be read beyond this octet, or is none that is answered.
    Unread { rcode: u16, end: usize },
    /// The question can be echoed; the zones have no part in the reply.
    Refused(Status),
    /// To be answered from this view.
    Ask { view: usize },
}

/// A reply as a rate limit sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// The same for replies of one kind to one client network.
    pub key: u64,
    /// How many of them may leave in a second.
    pub per_second: u32,
    /// Each so-manieth of the others goes out empty with TC; 0 for none.
    pub slip: u32,
}

/// Cuts a reply down to header and question, with TC: the client shall ask again over TCP. Returns its length.
pub fn slip(reply: &mut [u8]) -> usize {
    let question = reply.get(HEADER..).and_then(|rest| wire_len(rest).ok()).map_or(0, |length| length + 4);
    if let Some(header) = reply.first_chunk_mut::<HEADER>() {
        header[2] |= 0x02;
        header[6..].fill(0);
    }
    (HEADER + question).min(reply.len())
}

/// What of the query is needed to write the reply.
#[derive(Debug, Clone, Copy)]
struct Question {
    end: usize,
    edns: Option<Edns>,
    /// What the query's cookie told, if it had one.
    cookie: Option<Checked>,
}

/// The RCODE, with the extended error that says why (RFC 8914).
#[derive(Debug, Clone, Copy)]
struct Status {
    rcode: u16,
    extended: Option<(u16, &'static str)>,
}

impl Status {
    fn new(rcode: u16, code: u16, text: &'static str) -> Self {
        Status { rcode, extended: Some((code, text)) }
    }
}

impl Default for Pending {
    fn default() -> Self {
        Pending::new()
    }
}

impl Pending {
    /// No query yet; the reply to it is none.
    pub const fn new() -> Self {
        Pending { state: State::Drop, question: Question { end: 0, edns: None, cookie: None }, lookup: Lookup::blank() }
    }

    /// Reads a query, finds its horizon and its zone.
    pub fn read(&mut self, snapshot: &Snapshot, client: IpAddr, octets: &[u8]) {
        self.state = match Query::read(octets) {
            Err(QueryError::NotAQuery) => State::Drop,
            Err(QueryError::Opcode(end)) => State::Unread { rcode: rcode::NOTIMP, end },
            Err(QueryError::Malformed(end)) => State::Unread { rcode: rcode::FORMERR, end },
            Ok(query) => {
                let cookie = query.edns.and_then(|edns| edns.cookie).map(|cookie| cookie::check(&cookie, client));
                self.question = Question { end: query.question_end, edns: query.edns, cookie };
                self.ask(snapshot, client, &query)
            }
        };
    }

    fn ask(&mut self, snapshot: &Snapshot, client: IpAddr, query: &Query<'_>) -> State {
        if let Some(status) = never_answered(query) {
            return State::Refused(status);
        }
        let own = self.question.cookie.and_then(|cookie| cookie.horizon);
        let Some(horizon) = own.or_else(|| Some(snapshot.horizons.find(client)?.horizon)) else {
            return State::Refused(Status::new(rcode::REFUSED, ede::PROHIBITED, "no horizon covers this client"));
        };
        if let Some(view) = snapshot.views.get(horizon) {
            self.lookup.start(&view.zones, query.name, query.rtype);
        }
        State::Ask { view: horizon }
    }

    /// Reads the first of the two places in memory that the answer needs.
    pub fn reach_slot(&mut self, snapshot: &Snapshot) {
        if let State::Ask { view } = self.state
            && let Some(view) = snapshot.views.get(view)
        {
            self.lookup.reach_slot(&view.zones);
        }
    }

    /// Reads the second.
    pub fn reach_node(&self, snapshot: &Snapshot) {
        if let State::Ask { view } = self.state
            && let Some(view) = snapshot.views.get(view)
        {
            black_box(self.lookup.reach_node(&view.zones));
        }
    }

    /// Writes the reply; see [`super::respond()`].
    pub fn answer(&self, snapshot: &Snapshot, transport: Transport, octets: &[u8], reply: &mut [u8]) -> Verdict {
        self.answer_traced(snapshot, transport, octets, reply, &mut ())
    }

    pub(super) fn answer_traced<T: Trace>(
        &self,
        snapshot: &Snapshot,
        transport: Transport,
        octets: &[u8],
        buffer: &mut [u8],
        trace: &mut T,
    ) -> Verdict {
        let view = match self.state {
            State::Drop => return Verdict::Drop,
            State::Unread { rcode, end } => return refuse_unread(octets.get(..end).unwrap_or_default(), rcode, buffer),
            State::Refused(_) => None,
            State::Ask { view } => snapshot.views.get(view),
        };
        let Question { end, edns, cookie } = self.question;
        let limit = match (transport, edns) {
            (Transport::Stream, _) => usize::from(u16::MAX),
            (Transport::Udp, None) => PLAIN_UDP_SIZE,
            (Transport::Udp, Some(edns)) => usize::from(edns.udp_size).clamp(PLAIN_UDP_SIZE, UDP_SIZE),
        };
        let reserved = match (edns, cookie) {
            (None, _) => 0,
            (Some(_), None) => OPT_LENGTH,
            (Some(_), Some(_)) => OPT_LENGTH + COOKIE_LENGTH,
        };
        let Some(mut reply) = Reply::new(buffer, octets.get(..end).unwrap_or_default(), limit, reserved) else {
            return Verdict::Drop;
        };
        let status = match (self.state, view) {
            (State::Refused(status), _) => Some(status),
            (_, Some(view)) => self.ask_zones(view, &mut reply, trace),
            (_, None) => Some(Status { rcode: rcode::SERVFAIL, extended: None }),
        };
        if let Some(status) = &status {
            reply.rcode = (status.rcode & 0x0F) as u8;
        }
        let opt = edns.map(|edns| OptRecord {
            udp_size: UDP_SIZE as u16,
            extended_rcode: status.map_or(0, |status| (status.rcode >> 4) as u8),
            dnssec_ok: edns.dnssec_ok,
            cookie: cookie.map(|cookie| cookie.reply),
            extended_error: status.and_then(|status| status.extended),
        });
        Verdict::Reply(reply.finish(0, opt.as_ref()))
    }

    /// What the reply counts against its horizon's rate limit; none when it is not limited: the horizon has no limit, the
    /// client is exempt, is on this machine, or has shown our cookie.
    ///
    /// Replies are told apart as those of other servers are: data by name, denials and referrals by zone, errors together.
    pub fn charge(&self, snapshot: &Snapshot, client: IpAddr, reply: &[u8]) -> Option<Charge> {
        let State::Ask { view } = self.state else { return None };
        let rate = snapshot.settings.horizons.get(view)?.rate.as_ref()?;
        let known = self.question.cookie.is_some_and(|cookie| cookie.known);
        if known || client.is_loopback() || rate.exempt.iter().any(|prefix| prefix.contains(client)) {
            return None;
        }
        let network = match client {
            IpAddr::V4(address) => u64::from(u32::from(address) >> 8),
            IpAddr::V6(address) => (u128::from(address) >> 72) as u64 | 1 << 63,
        };
        let answers = reply.get(6..8).is_some_and(|count| count != [0, 0]);
        let zones = snapshot.views.get(view).map(|view| &view.zones);
        let kind =
            zones.map_or(0, |zones| if answers { self.lookup.name_hash() } else { self.lookup.zone_hash(zones) });
        Some(Charge {
            key: network.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ kind,
            per_second: rate.per_second,
            slip: rate.slip,
        })
    }

    /// What to know the question by, its horizon included; none when no zone of that holds the name, or when no client asks
    /// but this server itself.
    pub(super) fn key(&self) -> Option<u64> {
        let State::Ask { view } = self.state else { return None };
        if self.question.cookie.is_some_and(|cookie| cookie.horizon.is_some()) {
            return None;
        }
        self.lookup.question_hash().map(|hash| hash ^ (view as u64) << 16)
    }

    /// True for a question of [`super::probe()`], which no client asked.
    pub(super) fn is_own(&self) -> bool {
        self.question.cookie.is_some_and(|cookie| cookie.horizon.is_some())
    }

    /// The view that is asked, the name in lower case and the type; none when no zone holds the name, or a built-in one.
    pub(super) fn asked<'a>(&'a self, snapshot: &'a Snapshot) -> Option<(&'a View, &'a [u8], u16)> {
        let State::Ask { view } = self.state else { return None };
        let (name, rtype) = self.lookup.own_question()?;
        Some((snapshot.views.get(view)?, name, rtype))
    }

    fn ask_zones<T: Trace>(&self, view: &View, reply: &mut Reply<'_>, trace: &mut T) -> Option<Status> {
        match answer(&view.zones, &self.lookup, reply, trace) {
            Outcome::Answered { special: false } => None,
            Outcome::Answered { special: true } => {
                let rcode = u16::from(reply.rcode);
                Some(Status::new(rcode, ede::SYNTHESIZED, "special-use name, always answered locally"))
            }
            Outcome::NotOurs => {
                let why = "no zone of this client's horizon holds the name";
                Some(Status::new(rcode::REFUSED, ede::NOT_AUTHORITATIVE, why))
            }
        }
    }
}

/// What no zone has a say in: other versions, classes and meta types.
fn never_answered(query: &Query<'_>) -> Option<Status> {
    if query.edns.is_some_and(|edns| edns.version != 0) {
        return Some(Status { rcode: rcode::BADVERS, extended: None });
    }
    // IN is all there is here, so an answer of class IN covers every class (RFC 1035 section 6.2).
    if !matches!(query.class, class::IN | class::ANY) {
        return Some(Status::new(rcode::REFUSED, ede::NOT_SUPPORTED, "only class IN is served"));
    }
    match query.rtype {
        qtype::AXFR | qtype::IXFR => {
            Some(Status::new(rcode::REFUSED, ede::PROHIBITED, "zone transfers are not allowed"))
        }
        qtype::OPT => Some(Status { rcode: rcode::FORMERR, extended: None }),
        qtype::TKEY | qtype::TSIG | qtype::MAILB | qtype::MAILA => {
            Some(Status::new(rcode::NOTIMP, ede::NOT_SUPPORTED, "this query type is not implemented"))
        }
        _ => None,
    }
}

/// FORMERR or NOTIMP for octets of which only the header and maybe the question could be read.
fn refuse_unread(question: &[u8], rcode: u16, buffer: &mut [u8]) -> Verdict {
    let Some(mut reply) = Reply::new(buffer, question, PLAIN_UDP_SIZE, 0) else { return Verdict::Drop };
    reply.rcode = rcode as u8;
    let length = reply.finish(0, None);
    if question.len() == HEADER {
        buffer[4..6].copy_from_slice(&[0, 0]);
    }
    Verdict::Reply(length)
}
