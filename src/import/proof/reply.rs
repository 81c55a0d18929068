//! What of a reply counts in a comparison.

use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::canonical_data;
use crate::dns::name_from_wire;
use crate::dns::present_data;
use crate::dns::present_rtype;
use crate::dns::wire_len;
use domain::base::Message;
use domain::base::ParsedName;
use domain::base::ParsedRecord;
use domain::base::name::ToName;
use domain::base::rdata::ComposeRecordData;
use domain::rdata::AllRecordData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

impl Rr {
    /// The addresses that it tells, v4-mapped ones as IPv4.
    fn told(&self) -> Vec<IpAddr> {
        const IPV4HINT: u16 = 4;
        const IPV6HINT: u16 = 6;
        let four = |octets: &[u8]| octets.try_into().ok().map(|four: [u8; 4]| IpAddr::V4(Ipv4Addr::from(four)));
        let six = |octets: &[u8]| octets.try_into().ok().map(|six: [u8; 16]| Ipv6Addr::from(six).to_canonical());
        match self.rtype {
            Rtype::A => four(&self.data).into_iter().collect(),
            Rtype::AAAA => six(&self.data).into_iter().collect(),
            Rtype::SVCB | Rtype::HTTPS => {
                let target = self.data.get(2..).and_then(|rest| wire_len(rest).ok());
                let mut rest = target.and_then(|length| self.data.get(2 + length..)).unwrap_or_default();
                let mut told = Vec::new();
                while let Some(([key_high, key_low, high, low], behind)) = rest.split_first_chunk() {
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    let Some((value, behind)) = behind.split_at_checked(length) else { break };
                    match u16::from_be_bytes([*key_high, *key_low]) {
                        IPV4HINT => told.extend(value.chunks(4).filter_map(four)),
                        IPV6HINT => told.extend(value.chunks(16).filter_map(six)),
                        _ => {}
                    }
                    rest = behind;
                }
                told
            }
            _ => Vec::new(),
        }
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

    /// True when a record tells an address of an inside network, be it as a hint of SVCB or HTTPS (RFC 9460 section 7.3).
    pub(super) fn tells_private(&self) -> bool {
        self.answer.iter().flat_map(Rr::told).any(|address| Prefix::new(address, u8::MAX).is_private())
    }

    /// True when a record tells an address for documentation (RFC 5737).
    pub(super) fn tells_documentation(&self) -> bool {
        let mut told = self.answer.iter().flat_map(Rr::told);
        told.any(|address| matches!(address, IpAddr::V4(four) if four.is_documentation()))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses are found in all records that tell some, and nothing is read beyond what is there.
    #[test]
    fn addresses_are_found_where_they_are_told() {
        let hints = b"\0\x01\x01a\0\0\x01\0\x02h2\0\x04\0\x08\x08\x08\x08\x08\x64\x40\0\x01";
        let table: [(u16, &[u8], bool); 7] = [
            (1, &[8, 8, 8, 8], false),
            (1, &[10, 0, 0, 1], true),
            (28, b"\0\0\0\0\0\0\0\0\0\0\xFF\xFF\x0A\0\0\x01", true),
            (65, hints, true),
            (65, &hints[..hints.len() - 1], false),
            (64, hints, true),
            (16, b"\x04\x0A\0\0\x01", false),
        ];
        for (rtype, data, expected) in table {
            let owner = crate::dns::parse_name("a.example").unwrap();
            let answer = vec![Rr { owner, rtype: Rtype::from_int(rtype), data: data.to_vec(), ttl: 60 }];
            let reply = Reply { rcode: 0, authoritative: false, truncated: false, answer, soa: false };
            assert_eq!(reply.tells_private(), expected, "{rtype} {data:?}");
        }
    }
}
