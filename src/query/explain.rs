//! The same path as a query, with each step kept: why a client gets the answer it gets.

use super::pending::Pending;
use super::verdict::{Transport, Verdict};
use crate::answer::{Rule, Step};
use crate::dns::{Name, Rtype};
use crate::forward::{BlockedBy, Note, Route, Selection, Shown};
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
    /// What becomes of a name that no zone holds, in a horizon that forwards: the question's, or an alias target.
    pub forwarded: Option<Forwarded>,
    /// The reply as it would leave over TCP, or its part that is ours where an upstream must be asked; empty when there is
    /// none.
    pub reply: Vec<u8>,
}

/// A name that upstreams are asked for.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// The name.
    pub name: Name,
    /// Who is asked and why; none when no upstream is set for it.
    pub route: Option<Route>,
    /// Why it is not asked for, when guards keep it here.
    pub guarded: Option<Note>,
    /// The list that blocks it.
    pub blocked: Option<BlockedBy>,
    /// True when the reply waits for them: nothing is known of it.
    pub asked: bool,
    /// What the cache holds of the name and type.
    pub cached: Option<Shown>,
}

/// Runs a question through the query path as if `client` had asked it over TCP, with EDNS and RD. Nobody is asked for what
/// is not known.
pub fn explain(snapshot: &Snapshot, client: IpAddr, name: &Name, rtype: Rtype) -> Explanation {
    run(snapshot, client, name, rtype, true)
}

/// As [`explain`] without RD: only what our own zones have to say, nothing of what upstreams said.
pub fn explain_own(snapshot: &Snapshot, client: IpAddr, name: &Name, rtype: Rtype) -> Explanation {
    run(snapshot, client, name, rtype, false)
}

fn run(snapshot: &Snapshot, client: IpAddr, name: &Name, rtype: Rtype, recursion: bool) -> Explanation {
    let mut query = vec![0, 0, u8::from(recursion), 0, 0, 1, 0, 0, 0, 0, 0, 1];
    query.extend_from_slice(name.as_slice());
    query.extend(rtype.to_int().to_be_bytes());
    query.extend([0, 1]);
    query.extend([0, 0, 41, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
    let mut reply = vec![0; usize::from(u16::MAX)];
    let mut steps = Vec::new();
    let mut pending = Pending::new();
    pending.read(snapshot, client, &query);
    let verdict = pending.answer_traced(snapshot, Transport::Stream, &query, &mut reply, &mut steps);
    let (length, asked) = match verdict {
        Verdict::Reply(length) | Verdict::Refresh(length) => (length, false),
        Verdict::Forward(length) => (length, true),
        Verdict::Signed | Verdict::Drop => (0, false),
    };
    reply.truncate(length);
    let foreign = steps.last().filter(|step| step.rule == Rule::NotOurs).map(|step| step.name.clone());
    let horizon = snapshot.horizons.find(client).filter(|found| snapshot.plan.serves(found.horizon));
    let forwarded = foreign.zip(horizon).map(|(name, found)| {
        let wire = name.as_slice().to_ascii_lowercase();
        let cache = snapshot.plan.cache();
        let what = Selection {
            tag: snapshot.plan.tag(found.horizon),
            name: Some(wire.clone().into()),
            below: false,
            rtype: Some(rtype.to_int()),
        };
        let cached = cache.show(&what, SIBLINGS, cache.now()).into_iter().min_by_key(|entry| entry.dnssec_ok);
        Forwarded {
            route: snapshot.plan.route(found.horizon, &wire),
            guarded: snapshot.plan.guarded(found.horizon, &wire, rtype.to_int()),
            blocked: snapshot.plan.blocked().find(found.horizon, &wire),
            name,
            asked,
            cached,
        }
    });
    Explanation { horizon: snapshot.horizons.find(client), steps, forwarded, reply }
}

/// Entries of one name and type: with DO, with CD, with both and with none, and an NXDOMAIN for each.
const SIBLINGS: usize = 8;
