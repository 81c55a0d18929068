//! An RRset that owns its data: what one edit takes away or puts there.

use crate::dns::Rtype;

/// All records of one owner and type (RFC 9499 section 5); the owner is told by whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RrSet {
    /// The type.
    pub rtype: Rtype,
    /// Seconds.
    pub ttl: u32,
    /// One for each record, in wire format, names uncompressed, in the order of the zone text.
    pub data: Vec<Vec<u8>>,
}
