//! What goes in and out of the query path beside octets.

/// What to do with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first so many octets of the reply buffer are the reply.
    Reply(usize),
    /// As `Reply`; it ends soon and is asked for often, so that an upstream is to be asked for it again, although nobody
    /// waits: [`super::Pending::refresh`] makes the question for the forwarder.
    Refresh(usize),
    /// An upstream must be asked: [`super::Pending::miss`] makes the question for the forwarder. The first so many octets
    /// of the reply buffer are what there is of the reply: header, question, and the answer section as far as it is ours.
    Forward(usize),
    /// It is signed (RFC 8945): whoever knows the keys must answer it, a DNS update or a query. It becomes a
    /// [`super::Signed`].
    Signed,
    /// No reply: not a query, or too short to have an ID.
    Drop,
}

impl Verdict {
    /// Octets of the reply that can leave now.
    pub fn reply(self) -> Option<usize> {
        match self {
            Verdict::Reply(length) | Verdict::Refresh(length) => Some(length),
            Verdict::Forward(_) | Verdict::Signed | Verdict::Drop => None,
        }
    }
}

/// What carries the query: it decides how long a reply may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// 512 octets without EDNS, at most 1232 with it; TC when the reply does not fit.
    Udp,
    /// Up to 65,535 octets.
    Stream,
}
