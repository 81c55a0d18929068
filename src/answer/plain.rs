//! The answer that most questions have, written in one go: the records of the type that is asked for, when they lead nowhere,
//! or that there are none, or that there is no such name. The engine would write the same octets, as it does for everything
//! else, in twice the time.

use super::engine::NXDOMAIN;
use super::lookup::Lookup;
use super::name::SearchName;
use super::node::{Node, RrSet, flag, rtype, tail_count};
use super::overlay::{Laid, is_challenge};
use super::reply::{self, OPT_LENGTH, pointer_to, target_offset};
use super::zone::{Descent, Zone};
use super::zones::Zones;
use crate::dns::{HEADER, UDP_SIZE};

/// What the reply needs beside the zones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<'q> {
    /// The query's header and question.
    pub(crate) question: &'q [u8],
    /// RA.
    pub(crate) recursion: bool,
    /// DO, where there is an OPT record, which has no cookie.
    pub(crate) dnssec_ok: Option<bool>,
}

/// Octets of a record before its data, its owner a pointer.
const RECORD_HEADER: usize = 12;

impl Plain<'_> {
    /// Writes the reply into `buffer`, which is as long as the reply may be. Returns its length; none, whatever is written by
    /// then, when the answer is none of these, or does not fit.
    pub(crate) fn answer(&self, zones: &Zones, laid: Laid<'_>, lookup: &Lookup, buffer: &mut [u8]) -> Option<usize> {
        let located = lookup.located(zones)?;
        let (zone, name, rtype) = (located.zone, lookup.name(), lookup.rtype());
        if located.special || is_challenge(name.wire()) || laid.may_hold(located.hash) || !is_plain(rtype) {
            return None;
        }
        let node = match lookup.find(&located) {
            Some(node) => Some(node),
            None => covering(zone, name)?,
        };
        if node.is_some_and(|node| node.has(flag::OCCLUDED | flag::CUT | flag::CNAME)) {
            return None;
        }
        let at = self.question.len();
        buffer.get_mut(..at)?.copy_from_slice(self.question);
        let limit = buffer.len().checked_sub(if self.dnssec_ok.is_some() { OPT_LENGTH } else { 0 })?;
        let room = buffer.get_mut(..limit)?;
        let (end, answers, authorities) = match node.and_then(|node| node.rrset(rtype)) {
            Some(rrset) => (push_records(rrset, room, at)?, rrset.count, 0),
            None => (push_denial(zone, name, room, at)?, 0, 1),
        };
        let rcode = if node.is_some() { 0 } else { NXDOMAIN };
        self.finish(buffer, end, rcode, [answers, authorities])
    }

    /// Writes the OPT record and the header. Returns the length of the reply.
    fn finish(&self, buffer: &mut [u8], at: usize, rcode: u8, [answers, authorities]: [u16; 2]) -> Option<usize> {
        let mut end = at;
        if let Some(dnssec_ok) = self.dnssec_ok {
            let [high, low] = (UDP_SIZE as u16).to_be_bytes();
            let dnssec_ok = if dnssec_ok { 0x80 } else { 0 };
            *buffer.get_mut(at..)?.first_chunk_mut()? = [0, 0, 41, high, low, 0, 0, dnssec_ok, 0, 0, 0];
            end += OPT_LENGTH;
        }
        let header = buffer.first_chunk_mut::<HEADER>()?;
        // QR and AA; opcode and RD stay, as the one question does.
        header[2] = header[2] & 0x79 | 0x84;
        header[3] = rcode | if self.recursion { reply::flag::RECURSION_AVAILABLE } else { 0 };
        let ([a0, a1], [n0, n1]) = (answers.to_be_bytes(), authorities.to_be_bytes());
        *header.last_chunk_mut()? = [a0, a1, n0, n1, 0, u8::from(self.dnssec_ok.is_some())];
        Some(end)
    }
}

/// The wildcard that stands for a name which the zone does not hold; none, within, when the name is missing. None at all when
/// the name lies below a zone cut or a DNAME.
fn covering<'z>(zone: &'z Zone, name: &SearchName) -> Option<Option<Node<'z>>> {
    let Descent { node, labels, hash } = zone.descend(name);
    let encloser = node.filter(|node| !node.has(flag::CUT | flag::DNAME))?;
    Some(if encloser.has(flag::WILDCARD) { zone.wildcard(name, labels, hash) } else { None })
}

/// Whether records of this type stand in an answer as they are stored, and nothing is added for them.
fn is_plain(rtype: u16) -> bool {
    tail_count(rtype) == 0 && target_offset(rtype).is_none() && !matches!(rtype, rtype::DNAME | rtype::ANY)
}

/// Writes records whose owner is the question's name. Returns where they end; none when they do not fit.
fn push_records(rrset: RrSet<'_>, room: &mut [u8], from: usize) -> Option<usize> {
    let [t0, t1] = rrset.rtype.to_be_bytes();
    let [a, b, c, d] = rrset.ttl.to_be_bytes();
    let [high, low] = pointer_to(HEADER);
    let mut at = from;
    for record in rrset.records() {
        let [l0, l1] = u16::try_from(record.data.len()).ok()?.to_be_bytes();
        let end = at + RECORD_HEADER + record.data.len();
        let (head, data) = room.get_mut(at..end)?.split_first_chunk_mut::<RECORD_HEADER>()?;
        *head = [high, low, t0, t1, 0, 1, a, b, c, d, l0, l1];
        // Most data are an address, which is moved without a call.
        match (<&mut [u8; 4]>::try_from(&mut *data), <&[u8; 4]>::try_from(record.data)) {
            (Ok(data), Ok(address)) => *data = *address,
            _ => data.copy_from_slice(record.data),
        }
        at = end;
    }
    Some(at)
}

/// Writes the SOA record that says that there are none. Returns where it ends; none when it does not fit, or has to be
/// written each time.
fn push_denial(zone: &Zone, name: &SearchName, room: &mut [u8], from: usize) -> Option<usize> {
    let denial = zone.denial()?;
    let end = from + denial.octets().len();
    let written = room.get_mut(from..end)?;
    written.copy_from_slice(denial.octets());
    // The question's name, and so the origin that it ends in, is within the reach of pointers.
    let pointer = pointer_to(name.position(zone.origin_labels()));
    for at in denial.pointers() {
        *written.get_mut(usize::from(*at)..)?.first_chunk_mut()? = pointer;
    }
    Some(end)
}
