//! Queries by which a running server asks itself over its own socket what clients of a horizon get.

use super::cookie::own;
use crate::dns::{Name, Rtype};
use std::net::IpAddr;

/// A query for `name` that this process, and no other, answers as if a client of this horizon had asked, as long as it
/// comes from `asker`; for a minute. `horizon` is the place among the views of the snapshot that answers.
pub fn probe(horizon: u16, asker: IpAddr, id: u16, name: &Name, rtype: Rtype) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    let mut query = vec![high, low, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    query.extend_from_slice(name.as_slice());
    query.extend(rtype.to_int().to_be_bytes());
    query.extend([0, 1]);
    // OPT (RFC 6891 section 6.1.2) with a payload of 1,232 octets and a COOKIE option (RFC 7873 section 4).
    query.extend([0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 28, 0, 10, 0, 24]);
    query.extend(own(horizon, asker));
    query
}
