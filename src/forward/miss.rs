//! A question on its way to an upstream, and the client that waits for it.

use super::cache::Key;
use super::plan::Plan;
use crate::dns::Edns;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A question that an upstream must answer.
pub struct Miss {
    /// The plan of the snapshot that was live when it was asked.
    pub plan: Arc<Plan>,
    /// The client's horizon, as its place in that snapshot.
    pub horizon: usize,
    /// The name to ask for in wire format, lower-cased: the question's own, or the target of an alias of ours.
    pub name: Box<[u8]>,
    /// QTYPE.
    pub rtype: u16,
    /// The DO bit.
    pub dnssec_ok: bool,
    /// The CD bit.
    pub checking_disabled: bool,
    /// Who waits; none for a refresh of what the cache holds.
    pub waiter: Option<Waiter>,
}

/// A client that waits for an upstream.
pub struct Waiter {
    /// Its address.
    pub client: IpAddr,
    /// Its whole query, as it came.
    pub query: Box<[u8]>,
    /// The octet of the query after its question.
    pub question_end: usize,
    /// The query's OPT record.
    pub edns: Option<Edns>,
    /// The COOKIE option to reply with.
    pub cookie: Option<[u8; 24]>,
    /// The largest reply in octets.
    pub limit: usize,
    /// The answer section so far, when an alias of ours led outside: a reply with question and answer section, its
    /// header's counts filled in.
    pub ours: Option<Box<[u8]>>,
    /// Where the reply goes.
    pub back: Box<dyn Return>,
}

/// Takes the reply to one query to its client.
pub trait Return: Send {
    /// Sends the reply; called once. It must not block: what the client does not take at once is its transport's affair.
    fn send(self: Box<Self>, reply: &[u8]);
}

impl Miss {
    /// What the answer is kept by; none when clients of the horizon may not use the forwarder.
    pub fn key(&self) -> Option<Key<'_>> {
        Some(Key {
            tag: self.plan.tag(self.horizon)?,
            name: &self.name,
            rtype: self.rtype,
            dnssec_ok: self.dnssec_ok,
            checking_disabled: self.checking_disabled,
        })
    }
}

impl fmt::Debug for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Miss").field("name", &self.name).field("rtype", &self.rtype).finish_non_exhaustive()
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("client", &self.client).finish_non_exhaustive()
    }
}
