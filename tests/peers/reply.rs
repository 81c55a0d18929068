//! A reply as what it says: flags, and each section as a set of records without compression and in lower case.
//!
//! Three readers look at every reply: the walk below, `domain` and `hickory-proto`. What one of them refuses is refused.

use super::names::{is_at_or_below, lower};
use super::question::Question;
use super::world::Rr;
use horizon_dns::dns::{Class, Rtype};
use std::collections::BTreeSet;

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) id: u16,
    pub(crate) opcode: u8,
    pub(crate) aa: bool,
    pub(crate) tc: bool,
    pub(crate) rd: bool,
    pub(crate) ra: bool,
    pub(crate) rcode: u16,
    /// The question section's octets.
    pub(crate) question: Vec<u8>,
    /// In the order they came.
    pub(crate) answer_order: Vec<Rr>,
    pub(crate) answer: BTreeSet<Rr>,
    pub(crate) authority: BTreeSet<Rr>,
    /// Without OPT.
    pub(crate) additional: BTreeSet<Rr>,
    /// The OPT record's class field and extended flags.
    pub(crate) edns: Option<(u16, u32)>,
    /// A record that came twice in one section.
    pub(crate) repeated: bool,
    pub(crate) length: usize,
    /// Octets without the additional section, OPT not counted either.
    pub(crate) needed: usize,
    /// Octets of the OPT record.
    pub(crate) opt_length: usize,
}

/// Reads a reply with all three readers.
pub(crate) fn read(octets: &[u8]) -> Result<Reply, String> {
    let reply = walk(octets).ok_or("its octets are no message")?;
    with_domain(octets).map_err(|error| format!("`domain` does not read it: {error}"))?;
    hickory_proto::op::Message::from_vec(octets).map_err(|error| format!("hickory does not read it: {error}"))?;
    Ok(reply)
}

fn with_domain(octets: &[u8]) -> Result<(), String> {
    use domain::base::{Message, ParsedName};
    use domain::rdata::AllRecordData;
    let message = Message::from_slice(octets).map_err(|error| error.to_string())?;
    for item in message.iter() {
        let (record, _) = item.map_err(|error| error.to_string())?;
        record.into_any_record::<AllRecordData<_, ParsedName<_>>>().map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Reads a reply with the walk alone: what a peer says need not please the other two.
pub(crate) fn walk(octets: &[u8]) -> Option<Reply> {
    let number = |at: usize| Some(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]));
    let (flags, mut at) = (number(2)?, 12);
    for _ in 0..number(4)? {
        at = expand(octets, at)?.1 + 4;
    }
    let mut reply = Reply {
        id: number(0)?,
        opcode: (flags >> 11 & 15) as u8,
        aa: flags & 0x400 != 0,
        tc: flags & 0x200 != 0,
        rd: flags & 0x100 != 0,
        ra: flags & 0x80 != 0,
        rcode: flags & 15,
        question: octets.get(12..at)?.to_vec(),
        answer_order: Vec::new(),
        answer: BTreeSet::new(),
        authority: BTreeSet::new(),
        additional: BTreeSet::new(),
        edns: None,
        repeated: false,
        length: octets.len(),
        needed: 0,
        opt_length: 0,
    };
    for section in 0..3 {
        if section == 2 {
            reply.needed = at;
        }
        for _ in 0..number(6 + 2 * section)? {
            let begin = at;
            let (owner, fixed) = expand(octets, at)?;
            let rtype = Rtype::from_int(number(fixed)?);
            let class = number(fixed + 2)?;
            let ttl = u32::from(number(fixed + 4)?) << 16 | u32::from(number(fixed + 6)?);
            let (start, end) = (fixed + 10, fixed + 10 + usize::from(number(fixed + 8)?));
            at = end;
            octets.get(start..end)?;
            if rtype == Rtype::OPT {
                reply.rcode |= (ttl >> 24 << 4) as u16;
                reply.edns = Some((class, ttl & 0xff_ffff));
                reply.opt_length = end - begin;
                continue;
            }
            if class != Class::IN.to_int() {
                return None;
            }
            let record = Rr { owner: lower(&owner), rtype, ttl, data: canonical(octets, rtype, start, end)? };
            let set = match section {
                0 => &mut reply.answer,
                1 => &mut reply.authority,
                _ => &mut reply.additional,
            };
            reply.repeated |= !set.insert(record.clone());
            if section == 0 {
                reply.answer_order.push(record);
            }
        }
    }
    (at == octets.len()).then_some(reply)
}

/// The name at `at` without pointers, and where it ends.
fn expand(octets: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    let (mut at, mut end, mut name) = (at, None, Vec::new());
    loop {
        let length = *octets.get(at)?;
        match length {
            0 => {
                name.push(0);
                return (name.len() <= 255).then_some((name, end.unwrap_or(at + 1)));
            }
            1..=63 => {
                let after = at + 1 + usize::from(length);
                name.extend_from_slice(octets.get(at..after)?);
                at = after;
            }
            192.. => {
                end = end.or(Some(at + 2));
                let target = usize::from(length & 63) << 8 | usize::from(*octets.get(at + 1)?);
                if target >= at {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
}

/// Record data with its names whole and in lower case.
fn canonical(octets: &[u8], rtype: Rtype, start: usize, end: usize) -> Option<Vec<u8>> {
    let (before, names) = match rtype {
        Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR => (0, 1),
        Rtype::SOA | Rtype::RP => (0, 2),
        Rtype::MX | Rtype::AFSDB | Rtype::KX | Rtype::HTTPS => (2, 1),
        Rtype::SRV => (6, 1),
        Rtype::NAPTR => {
            let strings = (0..3).try_fold(start + 4, |at, _| Some(at + 1 + usize::from(*octets.get(at)?)))?;
            (strings - start, 1)
        }
        _ => return Some(octets[start..end].to_vec()),
    };
    let mut data = octets.get(start..start + before)?.to_vec();
    let mut at = start + before;
    for _ in 0..names {
        let (name, after) = expand(octets, at)?;
        data.extend(lower(&name));
        at = after;
    }
    data.extend_from_slice(octets.get(at..end)?);
    Some(data)
}

impl Reply {
    /// True when each alias stands before what it leads to, as stub resolvers expect (RFC 1034 section 4.3.1).
    pub(crate) fn in_order(&self, question: &Question) -> bool {
        let mut name = lower(&question.name);
        self.answer_order.iter().all(|record| {
            let fits = match record.rtype {
                Rtype::DNAME => is_at_or_below(&name, &record.owner),
                _ => record.owner == name,
            };
            if fits && record.rtype == Rtype::CNAME && question.rtype != Rtype::CNAME {
                name = record.data.clone();
            }
            fits
        })
    }
}
