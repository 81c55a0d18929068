//! What of a reply counts in a comparison.

use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::canonical_data;
use crate::dns::name_from_wire;
use crate::dns::present_data;
use crate::dns::present_rtype;
use domain::base::Message;
use domain::base::ParsedName;
use domain::base::ParsedRecord;
use domain::base::name::ToName;
use domain::base::rdata::ComposeRecordData;
use domain::rdata::AllRecordData;

/// A reply, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The RCODE without its upper bits.
    pub rcode: u8,
    /// The AA bit.
    pub authoritative: bool,
    /// The TC bit: the rest comes over TCP.
    pub truncated: bool,
    /// The answer section, sorted.
    pub answer: Vec<Rr>,
    /// True when the authority section holds an SOA.
    pub soa: bool,
}

/// A record of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rr {
    pub(super) owner: Name,
    pub(super) rtype: Rtype,
    /// Wire format, names uncompressed and in lower case.
    pub(super) data: Vec<u8>,
    /// Seconds.
    pub(super) ttl: u32,
}

impl Rr {
    /// True when it is the same record, whatever its TTL.
    pub(super) fn same(&self, other: &Rr) -> bool {
        self.owner == other.owner && self.rtype == other.rtype && self.data == other.data
    }
}

impl Reply {
    /// Takes a reply apart; none when it is no message.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let message = Message::from_octets(octets).ok()?;
        let (_, answer, authority, _) = message.sections().ok()?;
        let mut answer: Vec<Rr> = answer.flatten().filter_map(|record| rr(&record)).collect();
        answer.sort();
        Some(Reply {
            rcode: message.header().rcode().to_int(),
            authoritative: message.header().aa(),
            truncated: message.header().tc(),
            answer,
            soa: authority.flatten().any(|record| record.rtype() == Rtype::SOA),
        })
    }

    /// True when both say the same records, whatever their TTLs.
    pub(super) fn same_records(&self, other: &Reply) -> bool {
        self.answer.len() == other.answer.len() && self.holds(other)
    }

    /// True when every record of the other stands in this one.
    pub(super) fn holds(&self, other: &Reply) -> bool {
        other.answer.iter().all(|record| self.answer.iter().any(|own| own.same(record)))
    }

    /// The records of addresses.
    pub(super) fn addresses(&self) -> Vec<&[u8]> {
        let addresses = self.answer.iter().filter(|record| matches!(record.rtype, Rtype::A | Rtype::AAAA));
        addresses.map(|record| record.data.as_slice()).collect()
    }

    /// True when it leads to another name.
    pub(super) fn has_alias(&self) -> bool {
        self.answer.iter().any(|record| record.rtype == Rtype::CNAME)
    }

    /// As people read it: the records, or how they are denied.
    pub fn shown(&self) -> String {
        if self.answer.is_empty() {
            return match self.rcode {
                0 => "no data".to_owned(),
                2 => "SERVFAIL".to_owned(),
                3 => "NXDOMAIN".to_owned(),
                5 => "REFUSED".to_owned(),
                other => format!("RCODE {other}"),
            };
        }
        let one = |record: &Rr| {
            format!("{} {} {}", record.ttl, present_rtype(record.rtype), present_data(record.rtype, &record.data))
        };
        self.answer.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

fn rr(record: &ParsedRecord<'_, &[u8]>) -> Option<Rr> {
    let owner: domain::base::Name<Vec<u8>> = record.owner().to_name();
    let parsed = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>().ok()?;
    let mut data = Vec::new();
    parsed.data().compose_rdata(&mut data).ok()?;
    Some(Rr {
        owner: name_from_wire(&owner.as_slice().to_ascii_lowercase()).ok()?,
        rtype: record.rtype(),
        data: canonical_data(record.rtype(), &data).into_owned(),
        ttl: record.ttl().as_secs(),
    })
}
