//! The query path: parse, find the horizon, answer; errors become RCODEs and extended errors here and nowhere else.

use crate::answer::{OPT_LENGTH, OptRecord, Outcome, Reply, Trace, answer};
use crate::dns::{HEADER, Query, QueryError};
use crate::snapshot::Snapshot;
use std::net::IpAddr;

/// What to do with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first so many octets of the reply buffer are the reply.
    Reply(usize),
    /// The client may use the forwarder and the name is not ours.
    Forward,
    /// No reply: not a query, or too short to have an ID.
    Drop,
}

/// What carries the query: it decides how long a reply may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// 512 octets without EDNS, at most 1232 with it; TC when the reply does not fit.
    Udp,
    /// Up to 65,535 octets.
    Stream,
}

/// The largest UDP payload in octets, both ways: no fragments on any link (RFC 9715).
pub const UDP_SIZE: usize = 1232;

/// The largest UDP payload without EDNS (RFC 1035 section 2.3.4).
const PLAIN_UDP_SIZE: usize = 512;

/// Answers one query for `client` out of `snapshot`.
///
/// `query` is a whole DNS message without the TCP length prefix. `reply` must hold [`UDP_SIZE`] octets for UDP and 65,535
/// for a stream; a shorter buffer is a smaller limit. No lock, no allocation.
pub fn respond(snapshot: &Snapshot, client: IpAddr, transport: Transport, query: &[u8], reply: &mut [u8]) -> Verdict {
    respond_traced(snapshot, client, transport, query, reply, &mut ())
}

pub(super) fn respond_traced<T: Trace>(
    snapshot: &Snapshot,
    client: IpAddr,
    transport: Transport,
    octets: &[u8],
    reply: &mut [u8],
    trace: &mut T,
) -> Verdict {
    let query = match Query::read(octets) {
        Ok(query) => query,
        Err(QueryError::NotAQuery) => return Verdict::Drop,
        Err(QueryError::Opcode(end)) => return refuse_unread(&octets[..end], rcode::NOTIMP, reply),
        Err(QueryError::Malformed(end)) => return refuse_unread(&octets[..end], rcode::FORMERR, reply),
    };
    let limit = match (transport, query.edns) {
        (Transport::Stream, _) => usize::from(u16::MAX),
        (Transport::Udp, None) => PLAIN_UDP_SIZE,
        (Transport::Udp, Some(edns)) => usize::from(edns.udp_size).clamp(PLAIN_UDP_SIZE, UDP_SIZE),
    };
    let reserved = if query.edns.is_some() { OPT_LENGTH } else { 0 };
    let Some(mut reply) = Reply::new(reply, &octets[..query.question_end], limit, reserved) else {
        return Verdict::Drop;
    };
    let status = decide(snapshot, client, &query, &mut reply, trace);
    if let Some(status) = &status {
        reply.rcode = (status.rcode & 0x0F) as u8;
    }
    let opt = query.edns.map(|edns| OptRecord {
        udp_size: UDP_SIZE as u16,
        extended_rcode: status.as_ref().map_or(0, |status| (status.rcode >> 4) as u8),
        dnssec_ok: edns.dnssec_ok,
        extended_error: status.as_ref().and_then(|status| status.extended),
    });
    Verdict::Reply(reply.finish(false, opt.as_ref()))
}

/// The RCODE, with the extended error that says why (RFC 8914).
struct Status {
    rcode: u16,
    extended: Option<(u16, &'static str)>,
}

impl Status {
    fn new(rcode: u16, code: u16, text: &'static str) -> Option<Self> {
        Some(Status { rcode, extended: Some((code, text)) })
    }
}

fn decide<T: Trace>(
    snapshot: &Snapshot,
    client: IpAddr,
    query: &Query<'_>,
    reply: &mut Reply<'_>,
    trace: &mut T,
) -> Option<Status> {
    if query.edns.is_some_and(|edns| edns.version != 0) {
        return Some(Status { rcode: rcode::BADVERS, extended: None });
    }
    if query.class != class::IN {
        return Status::new(rcode::REFUSED, ede::NOT_SUPPORTED, "only class IN is served");
    }
    match query.rtype {
        qtype::AXFR | qtype::IXFR => {
            return Status::new(rcode::REFUSED, ede::PROHIBITED, "zone transfers are not allowed");
        }
        qtype::OPT => return Some(Status { rcode: rcode::FORMERR, extended: None }),
        qtype::TKEY | qtype::TSIG | qtype::MAILB | qtype::MAILA => {
            return Status::new(rcode::NOTIMP, ede::NOT_SUPPORTED, "this query type is not implemented");
        }
        _ => {}
    }
    let Some(view) = snapshot.horizons.find(client).and_then(|found| snapshot.views.get(found.horizon)) else {
        return Status::new(rcode::REFUSED, ede::PROHIBITED, "no horizon covers this client");
    };
    match answer(&view.zones, query, reply, trace) {
        Outcome::Answered { special: false } => None,
        Outcome::Answered { special: true } => {
            let rcode = u16::from(reply.rcode);
            Status::new(rcode, ede::SYNTHESIZED, "special-use name, always answered locally")
        }
        Outcome::NotOurs => {
            Status::new(rcode::REFUSED, ede::NOT_AUTHORITATIVE, "no zone of this client's horizon holds the name")
        }
    }
}

/// FORMERR or NOTIMP for octets of which only the header and maybe the question could be read.
fn refuse_unread(question: &[u8], rcode: u16, buffer: &mut [u8]) -> Verdict {
    let Some(mut reply) = Reply::new(buffer, question, PLAIN_UDP_SIZE, 0) else { return Verdict::Drop };
    reply.rcode = rcode as u8;
    let length = reply.finish(false, None);
    if question.len() == HEADER {
        buffer[4..6].copy_from_slice(&[0, 0]);
    }
    Verdict::Reply(length)
}

mod rcode {
    pub(super) const FORMERR: u16 = 1;
    pub(super) const NOTIMP: u16 = 4;
    pub(super) const REFUSED: u16 = 5;
    pub(super) const BADVERS: u16 = 16;
}

mod class {
    pub(super) const IN: u16 = 1;
}

mod qtype {
    pub(super) const OPT: u16 = 41;
    pub(super) const TKEY: u16 = 249;
    pub(super) const TSIG: u16 = 250;
    pub(super) const IXFR: u16 = 251;
    pub(super) const AXFR: u16 = 252;
    pub(super) const MAILB: u16 = 253;
    pub(super) const MAILA: u16 = 254;
}

/// INFO-CODEs of RFC 8914 section 5.2 and its registry.
mod ede {
    pub(super) const PROHIBITED: u16 = 18;
    pub(super) const NOT_AUTHORITATIVE: u16 = 20;
    pub(super) const NOT_SUPPORTED: u16 = 21;
    pub(super) const SYNTHESIZED: u16 = 29;
}
