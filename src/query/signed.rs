//! A signed message on its way to whoever knows the keys, and what is said when nobody takes it.

use super::code::{ede, rcode};
use super::pending::{Pending, Status};
use super::verdict::Transport;
use crate::forward::{Forwarder, Return};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A message whose verdict was [`super::Verdict::Signed`]: a DNS update or a query with a TSIG (RFC 8945).
pub struct Signed {
    /// Who sent it.
    pub client: IpAddr,
    /// What carried it.
    pub transport: Transport,
    /// The whole message, as it came; its sections are whole.
    pub octets: Box<[u8]>,
    /// Who is asked for names that no zone holds; none when nobody is.
    pub forwarder: Option<Arc<Forwarder>>,
    /// Where the reply goes.
    pub back: Box<dyn Return>,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("client", &self.client)
            .field("length", &self.octets.len())
            .finish_non_exhaustive()
    }
}

impl Pending {
    /// Writes the reply to a signed message that nobody took. Returns its length; none when it does not fit. It is not
    /// signed, for nobody has looked for the key.
    pub fn not_taken(&self, transport: Transport, octets: &[u8], buffer: &mut [u8]) -> Option<usize> {
        let why = "too many signed messages wait, or nobody knows keys here";
        let reply = self.begin(transport, octets, buffer)?;
        Some(self.end(reply, 0, Some(Status::new(rcode::SERVFAIL, ede::OTHER, why))))
    }
}
