//! One name's records become the RRsets of its node: by ascending type, equal records once, one TTL for each RRset.

use super::compile::CompileError;
use super::node::{NodeWriter, flag, rtype};
use super::reply::{COOKIE_LENGTH, OPT_LENGTH};
use crate::dns::{Name, Rtype, name_from_wire};
use crate::zone::Record;
use std::borrow::Cow;
use std::collections::HashSet;

/// Writes the records of one name, with the lowest TTL of each type for all of them (RFC 2181 sections 5 and 5.2).
/// Returns how many are left of them; their order is lost.
///
/// # Errors
/// [`CompileError::RrSetTooLarge`].
pub(super) fn write_sets(
    writer: &mut NodeWriter<'_>,
    owner: &[u8],
    records: &mut [Record<'_>],
    apex: &[u8],
) -> Result<usize, CompileError> {
    records.sort_by_key(|record| record.rtype.to_int());
    let mut written = 0;
    for rrset in records.chunk_by_mut(|a, b| a.rtype == b.rtype) {
        let rtype = rrset[0].rtype;
        let ttl = rrset.iter().map(|record| record.ttl).min().unwrap_or(0);
        let count = move_repeated_back(rrset);
        let data = rrset[..count].iter().map(|record| record.data);
        let octets = data.clone().map(|data| data.len() + 12).sum();
        if octets > LARGEST_RRSET - owner.len() {
            return Err(CompileError::RrSetTooLarge { name: printable(owner), rtype, octets });
        }
        writer.rrset(rtype.to_int(), ttl, data, apex);
        written += count;
    }
    Ok(written)
}

/// What a record of this type makes of its name; `below` the apex, where NS records are a zone cut.
pub(super) fn type_flags(rtype: Rtype, below: bool) -> u8 {
    match rtype.to_int() {
        rtype::NS if below => flag::CUT,
        rtype::DNAME => flag::DNAME,
        rtype::CNAME => flag::CNAME,
        _ => 0,
    }
}

/// A name for an error.
pub(super) fn printable(owner: &[u8]) -> Name {
    name_from_wire(owner).unwrap_or_else(|_| Name::root())
}

/// What a message of 65,535 octets has left for records: header, the question's type and class, and an OPT record with a
/// cookie are taken off, so that no client is told to ask again over what it asks over already.
const LARGEST_RRSET: usize = 65_535 - 12 - 4 - OPT_LENGTH - COOKIE_LENGTH;

/// Moves records that repeat an earlier one's data behind all others, whose order stays. Returns how many are left.
fn move_repeated_back(rrset: &mut [Record<'_>]) -> usize {
    if rrset.len() == 1 {
        return 1;
    }
    let mut seen = HashSet::with_capacity(rrset.len());
    let mut kept = 0;
    for at in 0..rrset.len() {
        if seen.insert(comparable(&rrset[at])) {
            rrset.swap(kept, at);
            kept += 1;
        }
    }
    // An alias has one target; of several, which the zone's check refuses, the first counts.
    if rrset[0].rtype.to_int() == rtype::CNAME || rrset[0].rtype.to_int() == rtype::DNAME { 1 } else { kept }
}

/// The data in a form that is equal for equal records: case does not count in names (RFC 4034 section 6.2).
fn comparable<'a>(record: &Record<'a>) -> Cow<'a, [u8]> {
    let names_at = match record.rtype {
        Rtype::NS | Rtype::CNAME | Rtype::PTR | Rtype::DNAME => 0,
        Rtype::MX | Rtype::KX | Rtype::AFSDB | Rtype::RT => 2,
        Rtype::SRV => 6,
        _ => return Cow::Borrowed(record.data),
    };
    let mut data = Cow::Borrowed(record.data);
    if record.data.iter().skip(names_at).any(u8::is_ascii_uppercase) {
        data.to_mut()[names_at..].make_ascii_lowercase();
    }
    data
}
