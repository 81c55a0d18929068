//! A question to both servers.

use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_rtype;
use std::fmt;

/// The types that each name is asked for.
pub const TYPES: [Rtype; 9] =
    [Rtype::A, Rtype::AAAA, Rtype::HTTPS, Rtype::TXT, Rtype::MX, Rtype::SOA, Rtype::NS, Rtype::SRV, Rtype::PTR];

/// One question, and why it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name, in lower case.
    pub name: Name,
    /// QTYPE.
    pub rtype: Rtype,
    /// Why it is asked.
    pub why: Why,
}

/// Why a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The name was imported.
    Imported,
    /// It lies below an imported one.
    Below,
    /// Nobody has heard of it.
    Missing,
    /// It belongs to no zone of the import.
    Outside,
}

impl Question {
    /// The query as octets: RD set, with EDNS of 1,232 octets (RFC 6891 section 6.1.2).
    pub fn octets(&self, id: u16) -> Vec<u8> {
        let [high, low] = id.to_be_bytes();
        let mut query = vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        query.extend_from_slice(self.name.as_slice());
        query.extend(self.rtype.to_int().to_be_bytes());
        query.extend([0, 1]);
        query.extend([0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0]);
        query
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.name, present_rtype(self.rtype))
    }
}
