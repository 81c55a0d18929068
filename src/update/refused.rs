//! Why a signed message is not done as it wants, with the RCODE that says so.

use crate::dns::Rcode;
use thiserror::Error;

/// Why an update is not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{rcode}: {why}")]
pub struct Refused {
    /// What the client is told (RFC 2136 section 2.2).
    pub rcode: Rcode,
    /// What the log tells, with names and types, and what to do where that is known.
    pub why: String,
}

impl Refused {
    pub(super) fn new(rcode: Rcode, why: impl Into<String>) -> Self {
        Refused { rcode, why: why.into() }
    }
}
