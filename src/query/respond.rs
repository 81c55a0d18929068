//! The door of the query path: a verdict for one query.

use super::pending::Pending;
use super::verdict::{Transport, Verdict};
use crate::snapshot::Snapshot;
use std::net::IpAddr;

/// Answers one query for `client` out of `snapshot`.
///
/// `query` is a whole DNS message without the TCP length prefix. `reply` must hold [`super::UDP_SIZE`] octets for UDP and 65,535
/// for a stream; a shorter buffer is a smaller limit. No lock, no allocation.
pub fn respond(snapshot: &Snapshot, client: IpAddr, transport: Transport, query: &[u8], reply: &mut [u8]) -> Verdict {
    let mut pending = Pending::new();
    pending.read(snapshot, client, query);
    pending.answer(snapshot, transport, query, reply)
}
