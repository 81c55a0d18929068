//! The SOA record of negative answers, written once for each zone: the reply to a name that is missing copies it.

use super::reply::{Owner, Reply, Section};
use super::zone::Zone;
use crate::dns::HEADER;

/// The record as it stands behind a question, but for the pointers to the zone's origin.
#[derive(Debug, Clone)]
pub(crate) struct Denial {
    octets: Box<[u8]>,
    /// Where the pointers stand: the owner, and what the data's two names end in.
    pointers: [u8; 3],
    count: u8,
}

impl Denial {
    /// The denial of a zone; none when its SOA is not one record of ordinary size.
    pub(super) fn of(zone: &Zone) -> Option<Self> {
        // Behind questions of two lengths, only pointers differ.
        let (one, other) = (written(zone, b"")?, written(zone, b"\x01x")?);
        if one.len() != other.len() || one.len() > usize::from(u8::MAX) + 1 {
            return None;
        }
        let mut denial = Denial { pointers: [0; 3], count: 0, octets: one.clone().into() };
        for low in (0..one.len()).filter(|at| one[*at] != other[*at]) {
            *denial.pointers.get_mut(usize::from(denial.count))? = u8::try_from(low.checked_sub(1)?).ok()?;
            denial.count += 1;
        }
        Some(denial)
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(super) fn pointers(&self) -> &[u8] {
        &self.pointers[..usize::from(self.count)]
    }
}

/// The record behind a question for the origin with these labels before it.
fn written(zone: &Zone, before: &[u8]) -> Option<Vec<u8>> {
    let soa = zone.soa().filter(|soa| soa.count == 1)?;
    let position = HEADER + before.len();
    let question = [&[0; HEADER][..], before, zone.origin_wire(), &[0, 6, 0, 1]].concat();
    let mut buffer = vec![0; question.len() + 1024];
    let length = buffer.len();
    let mut reply = Reply::new(&mut buffer, &question, length, 0)?;
    let owner = Owner { position, wire: zone.origin_wire() };
    reply.push(Section::Authority, owner, soa, zone.negative_ttl(), Some(position))?;
    Some(reply.octets()[question.len()..].to_vec())
}
