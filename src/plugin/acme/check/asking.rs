//! Questions to the snapshot, asked as a client of the server would, and what the answers say.

use crate::answer::{Rule, Step};
use crate::dns::{Name, Rcode, Rtype, name_from_wire};
use crate::query;
use crate::snapshot::Snapshot;
use domain::base::name::ToName;
use domain::base::rdata::ComposeRecordData;
use domain::base::{Message, ParsedName, ParsedRecord};
use domain::rdata::AllRecordData;
use std::net::IpAddr;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) client: IpAddr,
}

/// An answer, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// None when there was no reply.
    pub(super) rcode: Option<Rcode>,
    pub(super) steps: Vec<Step>,
    /// Owner, type, TTL in seconds, data in wire format.
    pub(super) answer: Vec<(Name, Rtype, u32, Vec<u8>)>,
    /// For how many seconds the answer's emptiness may be kept (RFC 2308 section 5): the SOA's own TTL as it is sent.
    pub(super) negative_ttl: Option<u32>,
}

impl Asker<'_> {
    /// Asks without RD: what our own zones say, nothing of what upstreams said.
    pub(super) fn ask(&self, name: &Name, rtype: Rtype) -> Heard {
        let explanation = query::explain_own(self.snapshot, self.client, name, rtype);
        let mut heard = Heard { rcode: None, steps: explanation.steps, answer: Vec::new(), negative_ttl: None };
        let Ok(message) = Message::from_octets(explanation.reply.as_slice()) else { return heard };
        heard.rcode = Some(message.header().rcode());
        let Ok((_, answer, authority, _)) = message.sections() else { return heard };
        heard.answer = answer.flatten().filter_map(|record| taken(&record)).collect();
        let soa = authority.flatten().find(|record| record.rtype() == Rtype::SOA);
        heard.negative_ttl = soa.map(|record| record.ttl().as_secs());
        heard
    }

    /// A and AAAA of a name.
    pub(super) fn addresses(&self, name: &Name) -> (Heard, Vec<(IpAddr, u32)>) {
        let four = self.ask(name, Rtype::A);
        let six = self.ask(name, Rtype::AAAA);
        let mut found = four.addresses();
        found.extend(six.addresses());
        (four, found)
    }
}

impl Heard {
    pub(super) fn addresses(&self) -> Vec<(IpAddr, u32)> {
        self.answer.iter().filter_map(|(_, rtype, ttl, data)| Some((address(*rtype, data)?, *ttl))).collect()
    }

    /// The aliases followed, each the name that it leads to.
    pub(super) fn chain(&self) -> Vec<Name> {
        let aliases = self.answer.iter().filter(|(_, rtype, ..)| *rtype == Rtype::CNAME);
        aliases.filter_map(|(.., data)| name_from_wire(data).ok()).collect()
    }

    /// How the last search ended.
    pub(super) fn rule(&self) -> Option<Rule> {
        self.steps.last().map(|step| step.rule)
    }

    /// The zone that answered for the name itself; none when no zone of the horizon holds it, or only a built-in one.
    pub(super) fn zone(&self) -> Option<&Name> {
        self.steps.first().filter(|step| !step.special).and_then(|step| step.zone.as_ref())
    }

    /// Data of this type at the name itself, aliases not counted.
    pub(super) fn data(&self, rtype: Rtype) -> impl Iterator<Item = &[u8]> {
        self.answer.iter().filter(move |(_, own, ..)| *own == rtype).map(|(.., data)| data.as_slice())
    }
}

/// The addresses of a reply's answer, whatever their owner, with their TTLs in seconds; none of what is no message.
pub fn addresses_in(reply: &[u8]) -> Vec<(IpAddr, u32)> {
    let Ok(message) = Message::from_octets(reply) else { return Vec::new() };
    let Ok(answer) = message.answer() else { return Vec::new() };
    let taken = answer.flatten().filter_map(|record| taken(&record));
    taken.filter_map(|(_, rtype, ttl, data)| Some((address(rtype, &data)?, ttl))).collect()
}

fn taken(record: &ParsedRecord<'_, &[u8]>) -> Option<(Name, Rtype, u32, Vec<u8>)> {
    let owner: domain::base::Name<Vec<u8>> = record.owner().to_name();
    let parsed = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>().ok()?;
    let mut data = Vec::new();
    parsed.data().compose_rdata(&mut data).ok()?;
    Some((name_from_wire(owner.as_slice()).ok()?, record.rtype(), record.ttl().as_secs(), data))
}

fn address(rtype: Rtype, data: &[u8]) -> Option<IpAddr> {
    match rtype {
        Rtype::A => data.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        Rtype::AAAA => data.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}
