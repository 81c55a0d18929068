//! The same path as a query, with each step kept: why a client gets the answer it gets.

use super::pending::Pending;
use super::verdict::{Transport, Verdict};
use crate::answer::Step;
use crate::dns::{Name, Rtype};
use crate::horizon::Match;
use crate::snapshot::Snapshot;
use std::net::IpAddr;

/// What a client would get and why.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The horizon of the client and the prefix that matched; none when no horizon covers it.
    pub horizon: Option<Match>,
    /// The searches of the engine, in order.
    pub steps: Vec<Step>,
    /// The reply as it would leave over TCP; empty when there is none.
    pub reply: Vec<u8>,
}

/// Runs a question through the query path as if `client` had asked it over TCP, with EDNS.
pub fn explain(snapshot: &Snapshot, client: IpAddr, name: &Name, rtype: Rtype) -> Explanation {
    let mut query = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    query.extend_from_slice(name.as_slice());
    query.extend(rtype.to_int().to_be_bytes());
    query.extend([0, 1]);
    query.extend([0, 0, 41, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
    let mut reply = vec![0; usize::from(u16::MAX)];
    let mut steps = Vec::new();
    let mut pending = Pending::new();
    pending.read(snapshot, client, &query);
    let verdict = pending.answer_traced(snapshot, Transport::Stream, &query, &mut reply, &mut steps);
    let length = if let Verdict::Reply(length) = verdict { length } else { 0 };
    reply.truncate(length);
    Explanation { horizon: snapshot.horizons.find(client), steps, reply }
}
