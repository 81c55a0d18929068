//! One query in steps: read, reach for memory, answer. Errors become RCODEs and extended errors here and nowhere else.

use super::code::{class, ede, qtype, rcode};
use super::cookie::{self, Checked};
use super::verdict::{Transport, Verdict};
use crate::answer::{COOKIE_LENGTH, Lookup, OPT_LENGTH, OptRecord, Outcome, Reply, Trace, Zones, answer, flag};
use crate::counters::ELSEWHERE;
use crate::dns::{Edns, HEADER, Query, QueryError, UDP_SIZE, UpdateFrame, wire_len};
use crate::snapshot::{Snapshot, View};
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
    pub(super) question: Question,
    pub(super) lookup: Lookup,
    /// For a question that the cache may know: none before that was looked for.
    pub(super) kept: Option<KeptAs>,
}

/// Where and when the cache is to be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptAs {
    /// As [`crate::forward::Cache::now`] has it: read once for a batch.
    pub(super) now: u32,
    /// The hash of the question.
    pub(super) hash: u64,
}

/// What is known before the zones are asked.
#[derive(Debug, Clone, Copy)]
enum State {
    /// No reply.
    Drop,
    /// The question could not be read beyond this octet, or is none that is answered. `flags` are those of the reply.
    Unread { rcode: u16, end: usize, flags: u8 },
    /// The question can be echoed; the zones have no part in the reply.
    Refused { status: Status, flags: u8 },
    /// Whoever knows the keys answers it.
    Signed,
    /// To be answered from this view, or by upstreams: the name is `foreign` to its zones, and its clients may use the
    /// forwarder for it.
    Ask { view: usize, foreign: bool },
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
pub(super) struct Question {
    pub(super) end: usize,
    pub(super) edns: Option<Edns>,
    /// What the query's cookie told, if it had one.
    pub(super) cookie: Option<Checked>,
}

/// The RCODE, with the extended error that says why (RFC 8914).
#[derive(Debug, Clone, Copy)]
pub(super) struct Status {
    pub(super) rcode: u16,
    pub(super) extended: Option<(u16, &'static str)>,
}

impl Status {
    pub(super) fn new(rcode: u16, code: u16, text: &'static str) -> Self {
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
        Pending {
            state: State::Drop,
            question: Question { end: 0, edns: None, cookie: None },
            lookup: Lookup::blank(),
            kept: None,
        }
    }

    /// Reads a query, finds its horizon and its zone.
    pub fn read(&mut self, snapshot: &Snapshot, client: IpAddr, octets: &[u8]) {
        self.kept = None;
        let unread = |rcode, end| State::Unread { rcode, end, flags: flags_for(snapshot, client) };
        self.state = match Query::read(octets) {
            Err(QueryError::NotAQuery) => State::Drop,
            Err(QueryError::Update(update)) => self.update(snapshot, client, update),
            Err(QueryError::Opcode(end)) => unread(rcode::NOTIMP, end),
            Err(QueryError::Malformed(end)) => unread(rcode::FORMERR, end),
            Ok(query) => {
                let cookie = query.edns.and_then(|edns| edns.cookie).map(|cookie| cookie::check(&cookie, client));
                self.question = Question { end: query.question_end, edns: query.edns, cookie };
                if query.signed { State::Signed } else { self.ask(snapshot, client, &query) }
            }
        };
    }

    /// A DNS update that nobody signed is refused without a look at what it wants (RFC 3007 section 3).
    #[cold]
    fn update(&mut self, snapshot: &Snapshot, client: IpAddr, update: UpdateFrame) -> State {
        self.question = Question { end: update.zone_end, edns: update.edns, cookie: None };
        if update.signed {
            return State::Signed;
        }
        let status = Status::new(rcode::REFUSED, ede::PROHIBITED, "updates must be signed with TSIG");
        State::Refused { status, flags: flags_for(snapshot, client) }
    }

    fn ask(&mut self, snapshot: &Snapshot, client: IpAddr, query: &Query<'_>) -> State {
        if let Some(status) = never_answered(query) {
            return State::Refused { status, flags: flags_for(snapshot, client) };
        }
        let own = self.question.cookie.and_then(|cookie| cookie.horizon);
        let Some(horizon) = own.or_else(|| Some(snapshot.horizons.find(client)?.horizon)) else {
            let status = Status::new(rcode::REFUSED, ede::PROHIBITED, "no horizon covers this client");
            return State::Refused { status, flags: 0 };
        };
        let mut foreign = false;
        if let Some(view) = snapshot.views.get(horizon) {
            self.lookup.start(&view.zones, query.name, query.rtype);
            foreign = self.lookup.is_foreign() && view.forward && query.class == class::IN;
        }
        State::Ask { view: horizon, foreign }
    }

    /// The view that is asked, for a question that goes to the cache.
    pub(super) fn asks_cache(&self) -> Option<usize> {
        match self.state {
            State::Ask { view, foreign: true } => Some(view),
            _ => None,
        }
    }

    /// The look-up and the zones that it is in, when there is one.
    pub(super) fn in_zones<'s>(&mut self, snapshot: &'s Snapshot) -> Option<(&mut Lookup, &'s Zones)> {
        let State::Ask { view, .. } = self.state else { return None };
        snapshot.views.get(view).map(|view| (&mut self.lookup, &view.zones))
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
        let (view, flags) = match self.state {
            State::Drop => return Verdict::Drop,
            State::Unread { rcode, end, flags } => {
                return refuse_unread(octets.get(..end).unwrap_or_default(), rcode, flags, buffer);
            }
            State::Signed => return Verdict::Signed,
            State::Refused { flags, .. } => (None, flags),
            State::Ask { view, .. } => {
                let view = snapshot.views.get(view);
                (view, if view.is_some_and(|view| view.forward) { flag::RECURSION_AVAILABLE } else { 0 })
            }
        };
        let Some(mut reply) = self.begin(transport, octets, buffer) else { return Verdict::Drop };
        let status = match (self.state, view) {
            (State::Refused { status, .. }, _) => Some(status),
            (State::Ask { view: horizon, foreign }, Some(view)) => {
                let laid = snapshot.overlay.seen_by(&view.name);
                match answer(&view.zones, laid, &self.lookup, &mut reply, trace) {
                    Outcome::LeadsOut { target, .. } if view.forward && wants_recursion(octets) => {
                        return self.chase(snapshot, horizon, transport, octets, target, reply);
                    }
                    Outcome::Answered { special: false } | Outcome::LeadsOut { special: false, .. } => None,
                    Outcome::Answered { special: true } | Outcome::LeadsOut { special: true, .. } => {
                        let rcode = u16::from(reply.rcode);
                        Some(Status::new(rcode, ede::SYNTHESIZED, "special-use name, always answered locally"))
                    }
                    Outcome::NotOurs if foreign => return self.ask_cache(snapshot, horizon, octets, reply),
                    Outcome::NotOurs => {
                        let why = "no zone of this client's horizon holds the name";
                        Some(Status::new(rcode::REFUSED, ede::NOT_AUTHORITATIVE, why))
                    }
                }
            }
            _ => Some(Status { rcode: rcode::SERVFAIL, extended: None }),
        };
        Verdict::Reply(self.end(reply, flags, status))
    }

    /// The largest reply in octets.
    pub(super) fn limit(&self, transport: Transport) -> usize {
        match (transport, self.question.edns) {
            (Transport::Stream, _) => usize::from(u16::MAX),
            (Transport::Udp, None) => PLAIN_UDP_SIZE,
            (Transport::Udp, Some(edns)) => usize::from(edns.udp_size).clamp(PLAIN_UDP_SIZE, UDP_SIZE),
        }
    }

    /// A reply with the question and room for what [`Pending::end`] will write; none when not even that fits.
    pub(super) fn begin<'b>(&self, transport: Transport, octets: &[u8], buffer: &'b mut [u8]) -> Option<Reply<'b>> {
        let Question { end, edns, cookie } = self.question;
        let reserved = match (edns, cookie) {
            (None, _) => 0,
            (Some(_), None) => OPT_LENGTH,
            (Some(_), Some(_)) => OPT_LENGTH + COOKIE_LENGTH,
        };
        Reply::new(buffer, octets.get(..end).unwrap_or_default(), self.limit(transport), reserved)
    }

    /// Writes RCODE, header and OPT. Returns the length of the reply.
    pub(super) fn end(&self, mut reply: Reply<'_>, flags: u8, status: Option<Status>) -> usize {
        if let Some(status) = &status {
            reply.rcode = (status.rcode & 0x0F) as u8;
        }
        let upper = status.map_or(0, |status| (status.rcode >> 4) as u8);
        let opt = self.opt(upper, status.and_then(|status| status.extended));
        reply.finish(flags, opt.as_ref())
    }

    /// The reply's OPT record, for a query that has one (RFC 6891 section 6.1.1).
    pub(super) fn opt<'t>(&self, upper: u8, extended: Option<(u16, &'t str)>) -> Option<OptRecord<'t>> {
        let Question { edns, cookie, .. } = self.question;
        edns.map(|edns| OptRecord {
            udp_size: UDP_SIZE as u16,
            extended_rcode: upper,
            dnssec_ok: edns.dnssec_ok,
            cookie: cookie.map(|cookie| cookie.reply),
            extended_error: extended,
        })
    }

    /// The place of the horizon that is asked.
    pub(super) fn horizon(&self) -> Option<usize> {
        let State::Ask { view, .. } = self.state else { return None };
        Some(view)
    }

    /// The place of the counters of the client's horizon; [`ELSEWHERE`] when the message did not get so far.
    pub fn place(&self, snapshot: &Snapshot) -> usize {
        let State::Ask { view, .. } = self.state else { return ELSEWHERE };
        snapshot.views.get(view).map_or(ELSEWHERE, |view| view.place)
    }

    /// True when no zone of the client's horizon holds the name, and the client may use the forwarder for it.
    pub fn is_foreign(&self) -> bool {
        matches!(self.state, State::Ask { foreign: true, .. })
    }

    /// What the reply counts against its horizon's rate limit; none when it is not limited: the horizon has no limit, the
    /// client is exempt, is on this machine, or has shown our cookie.
    ///
    /// Replies are told apart as those of other servers are: data by name, denials and referrals by zone, errors together;
    /// what upstreams answer, or are to answer, by name.
    pub fn charge(&self, snapshot: &Snapshot, client: IpAddr, reply: &[u8]) -> Option<Charge> {
        let State::Ask { view, foreign } = self.state else { return None };
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
        let kind = match zones {
            _ if foreign => self.lookup.whole_hash(),
            Some(_) if answers => self.lookup.name_hash(),
            Some(zones) => self.lookup.zone_hash(zones),
            None => 0,
        };
        Some(Charge {
            key: network.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ kind,
            per_second: rate.per_second,
            slip: rate.slip,
        })
    }

    /// What to know the question by, its horizon included; none when neither a zone of that holds the name nor upstreams
    /// are asked for it, or when no client asks but this server itself.
    pub(super) fn key(&self) -> Option<u64> {
        let State::Ask { view, foreign } = self.state else { return None };
        if self.question.cookie.is_some_and(|cookie| cookie.horizon.is_some()) {
            return None;
        }
        let hash = match self.lookup.question_hash() {
            Some(hash) => hash,
            None if foreign => self.foreign_hash(),
            None => return None,
        };
        Some(hash ^ (view as u64) << 16)
    }

    /// As [`Lookup::question_hash`] of a name that no zone holds; apart, because those of ours need not pay for it.
    #[cold]
    fn foreign_hash(&self) -> u64 {
        self.lookup.whole_hash() ^ u64::from(self.lookup.question().1)
    }

    /// True for a question of [`super::probe()`], which no client asked.
    pub(super) fn is_own(&self) -> bool {
        self.question.cookie.is_some_and(|cookie| cookie.horizon.is_some())
    }

    /// The view that is asked, the name in lower case and the type; none when nobody holds the name, or a built-in zone.
    pub(super) fn asked<'a>(&'a self, snapshot: &'a Snapshot) -> Option<(&'a View, &'a [u8], u16)> {
        let State::Ask { view, foreign } = self.state else { return None };
        let (name, rtype) = if foreign { self.lookup.question() } else { self.lookup.own_question()? };
        Some((snapshot.views.get(view)?, name, rtype))
    }
}

/// The reply's flags for a client whose question has not been looked at: what is refused says RA, too, where the horizon
/// forwards.
fn flags_for(snapshot: &Snapshot, client: IpAddr) -> u8 {
    let view = snapshot.horizons.find(client).and_then(|found| snapshot.views.get(found.horizon));
    if view.is_some_and(|view| view.forward) { flag::RECURSION_AVAILABLE } else { 0 }
}

/// RD (RFC 1035 section 4.1.1).
pub(super) fn wants_recursion(octets: &[u8]) -> bool {
    octets.get(2).is_some_and(|flags| flags & 0x01 != 0)
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
fn refuse_unread(question: &[u8], rcode: u16, flags: u8, buffer: &mut [u8]) -> Verdict {
    let Some(mut reply) = Reply::new(buffer, question, PLAIN_UDP_SIZE, 0) else { return Verdict::Drop };
    reply.rcode = rcode as u8;
    let length = reply.finish(flags, None);
    if question.len() == HEADER {
        buffer[4..6].copy_from_slice(&[0, 0]);
    }
    Verdict::Reply(length)
}
