//! Where names stand in record data, and which of them may be compressed (RFC 3597 section 4).

use super::frames::Frame;
use super::names::PlainName;
use crate::dns::skip_name;

/// Names in the data of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Octets before the first name.
    pub(super) before: usize,
    /// How many names follow one another.
    pub(super) names: usize,
    /// Octets after the last name; none for any number.
    pub(super) after: Option<usize>,
    /// Whether the names may be compressed when written; read they are either way.
    pub(super) compressed: bool,
}

pub(super) mod rtype {
    pub(in crate::forward::cache) const A: u16 = 1;
    pub(in crate::forward::cache) const NS: u16 = 2;
    pub(in crate::forward::cache) const CNAME: u16 = 5;
    pub(in crate::forward::cache) const SOA: u16 = 6;
    pub(in crate::forward::cache) const MX: u16 = 15;
    pub(in crate::forward::cache) const AAAA: u16 = 28;
    pub(in crate::forward::cache) const SRV: u16 = 33;
    pub(in crate::forward::cache) const NAPTR: u16 = 35;
    pub(in crate::forward::cache) const DNAME: u16 = 39;
    pub(in crate::forward::cache) const OPT: u16 = 41;
    pub(in crate::forward::cache) const RRSIG: u16 = 46;
    pub(in crate::forward::cache) const NSEC: u16 = 47;
    pub(in crate::forward::cache) const NSEC3: u16 = 50;
    pub(in crate::forward::cache) const SVCB: u16 = 64;
    pub(in crate::forward::cache) const HTTPS: u16 = 65;
    pub(in crate::forward::cache) const ANY: u16 = 255;
}

/// The layout of a record's data; `data` is needed where text stands before the name. None when it cannot be of that type.
pub(super) fn layout(rtype: u16, data: &[u8]) -> Option<Layout> {
    let of = |before, names, after, compressed| Some(Layout { before, names, after, compressed });
    match rtype {
        rtype::A => of(4, 0, Some(0), false),
        rtype::AAAA => of(16, 0, Some(0), false),
        // NS MD MF CNAME MB MG MR PTR
        rtype::NS | 3 | 4 | rtype::CNAME | 7 | 8 | 9 | 12 => of(0, 1, Some(0), true),
        rtype::SOA => of(0, 2, Some(20), true),
        // MINFO
        14 => of(0, 2, Some(0), true),
        rtype::MX => of(2, 1, Some(0), true),
        // RP
        17 => of(0, 2, Some(0), false),
        // AFSDB RT KX
        18 | 21 | 36 => of(2, 1, Some(0), false),
        // PX
        26 => of(2, 2, Some(0), false),
        rtype::SRV => of(6, 1, Some(0), false),
        rtype::NAPTR => of(naptr_name(data)?, 1, Some(0), false),
        rtype::DNAME => of(0, 1, Some(0), false),
        // SIG
        24 | rtype::RRSIG => of(18, 1, None, false),
        // NXT
        30 | rtype::NSEC => of(0, 1, None, false),
        rtype::SVCB | rtype::HTTPS => of(2, 1, None, false),
        _ => of(0, 0, None, false),
    }
}

/// Moves every pointer of written records on by so many octets, when all they lead to moved that far; the records are those
/// that [`super::write::Writer`] wrote, and no pointer may end up beyond its reach.
pub(super) fn move_pointers(records: &mut [u8], by: usize) {
    let mut at = 0;
    while let Some(after) = move_name(records, at, by) {
        let Some(&[t0, t1, .., l0, l1]) = records.get(after..).and_then(|rest| rest.first_chunk::<10>()) else {
            return;
        };
        let (data, end) = (after + 10, after + 10 + usize::from(u16::from_be_bytes([l0, l1])));
        let found = records.get(data..end).and_then(|octets| layout(u16::from_be_bytes([t0, t1]), octets));
        if let Some(layout) = found.filter(|layout| layout.compressed) {
            let mut name = data + layout.before;
            for _ in 0..layout.names {
                let Some(end) = move_name(records, name, by) else { return };
                name = end;
            }
        }
        at = end;
    }
}

/// Moves the pointer that ends a name, if one does. Returns where the name ends.
fn move_name(records: &mut [u8], start: usize, by: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match *records.get(at)? {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => {
                let pointer = records.get_mut(at..)?.first_chunk_mut::<2>()?;
                *pointer = u16::from_be_bytes(*pointer).wrapping_add(by as u16).to_be_bytes();
                return Some(at + 2);
            }
        }
    }
}

/// After order, preference and three strings (RFC 3403 section 4.1).
fn naptr_name(data: &[u8]) -> Option<usize> {
    (0..3).try_fold(4, |at, _| data.get(at).map(|length| at + 1 + usize::from(*length)))
}

/// A record's data without pointers; none when it cannot be of its type.
pub(super) fn expanded_data(message: &[u8], frame: &Frame) -> Option<Vec<u8>> {
    let data = frame.data(message);
    let layout = layout(frame.rtype, data)?;
    let mut plain = data.get(..layout.before)?.to_vec();
    let mut at = frame.data + layout.before;
    for _ in 0..layout.names {
        plain.extend_from_slice(PlainName::read(message, at, &(0..0))?.wire());
        at = skip_name(message, at).ok()?;
    }
    plain.extend_from_slice(message.get(at..frame.end)?);
    Some(plain)
}
