//! The door of the query path: a verdict for one query.

use super::pending::Pending;
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

/// Answers one query for `client` out of `snapshot`.
///
/// `query` is a whole DNS message without the TCP length prefix. `reply` must hold [`UDP_SIZE`] octets for UDP and 65,535
/// for a stream; a shorter buffer is a smaller limit. No lock, no allocation.
pub fn respond(snapshot: &Snapshot, client: IpAddr, transport: Transport, query: &[u8], reply: &mut [u8]) -> Verdict {
    let mut pending = Pending::new();
    pending.read(snapshot, client, query);
    pending.answer(snapshot, transport, query, reply)
}
