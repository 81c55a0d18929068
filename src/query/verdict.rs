//! What goes in and out of the query path beside octets.

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
