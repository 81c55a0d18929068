//! The sections of an UPDATE message, read (RFC 2136 section 2).

use super::refused::Refused;
use crate::dns::{HEADER, Name, Rcode, Rtype, is_meta, unpack_data, unpack_name};

/// Numbers of the protocol that an update is read by.
pub(super) mod number {
    pub(in crate::update) const IN: u16 = 1;
    pub(in crate::update) const NONE: u16 = 254;
    pub(in crate::update) const ANY: u16 = 255;
    pub(in crate::update) const SOA: u16 = 6;
}

/// An UPDATE message without its additional section: what each record means is not decided yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The zone that is to be changed.
    pub zone: Name,
    /// ZTYPE; only SOA is right.
    pub zone_type: u16,
    /// ZCLASS.
    pub zone_class: u16,
    /// What must hold before.
    pub prerequisites: Vec<Entry>,
    /// What is to be changed, in order.
    pub updates: Vec<Entry>,
}

/// One record of the prerequisite or the update section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// NAME, case kept.
    pub owner: Name,
    /// TYPE.
    pub rtype: Rtype,
    /// CLASS: that of the zone, NONE or ANY.
    pub class: u16,
    /// TTL in seconds.
    pub ttl: u32,
    /// RDATA, names written whole; none when there is not one octet.
    pub data: Option<Vec<u8>>,
}

/// Reads a message whose sections are known to be whole ([`crate::dns::UpdateFrame`]).
///
/// Takes memory for at most one record for each eleven octets of the message, with a whole name each.
///
/// # Errors
/// FORMERR: not one zone, a name that cannot be read, data that are not right for their type.
pub fn read_update(message: &[u8]) -> Result<Update, Refused> {
    let count = |at: usize| message.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
    if count(4) != 1 {
        return Err(malformed("not exactly one zone (RFC 2136 section 3.1.1)"));
    }
    let (zone, at) = unpack_name(message, HEADER).map_err(|error| malformed(&error.to_string()))?;
    let fixed = message.get(at..at + 4).ok_or_else(|| malformed("the zone section is cut short"))?;
    let (zone_type, zone_class) = (u16::from_be_bytes([fixed[0], fixed[1]]), u16::from_be_bytes([fixed[2], fixed[3]]));
    let mut at = at + 4;
    let mut section = |records: u16| -> Result<Vec<Entry>, Refused> {
        let mut entries = Vec::new();
        for _ in 0..records {
            let (entry, after) = read_entry(message, at)?;
            entries.push(entry);
            at = after;
        }
        Ok(entries)
    };
    let prerequisites = section(count(6))?;
    let updates = section(count(8))?;
    Ok(Update { zone, zone_type, zone_class, prerequisites, updates })
}

fn read_entry(message: &[u8], at: usize) -> Result<(Entry, usize), Refused> {
    let (owner, at) = unpack_name(message, at).map_err(|error| malformed(&error.to_string()))?;
    let fixed = message.get(at..).and_then(|rest| rest.first_chunk::<10>());
    let Some(&[t0, t1, c0, c1, a, b, c, d, l0, l1]) = fixed else { return Err(malformed("a record is cut short")) };
    let rtype = Rtype::from_int(u16::from_be_bytes([t0, t1]));
    let class = u16::from_be_bytes([c0, c1]);
    let data = at + 10;
    let end = data + usize::from(u16::from_be_bytes([l0, l1]));
    let raw = message.get(data..end).ok_or_else(|| malformed("a record is cut short"))?;
    // Without data a record of class ANY or NONE stands for others; one of the zone's class is itself, and few types
    // have empty data.
    let stands_for_others = raw.is_empty() && class != number::IN;
    let data = if stands_for_others || is_meta(rtype) {
        (!raw.is_empty()).then(|| raw.to_vec())
    } else {
        let unpacked = unpack_data(message, rtype, data..end);
        let unpacked = unpacked.ok_or_else(|| malformed(&format!("the data of {owner} {rtype} are not right")))?;
        Some(unpacked)
    };
    Ok((Entry { owner, rtype, class, ttl: u32::from_be_bytes([a, b, c, d]), data }, end))
}

fn malformed(why: &str) -> Refused {
    Refused::new(Rcode::FORMERR, why)
}
