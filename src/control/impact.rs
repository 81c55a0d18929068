//! What a change does to questions that were really asked: each is asked of both snapshots, off the query path.

use super::Impact;
use super::ImpactName;
use super::reply::Decoded;
use super::reply::WireRecord;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::query::Asked;
use crate::query::Pending;
use crate::query::Transport;
use crate::snapshot::Snapshot;
use std::net::IpAddr;

/// Asks both snapshots each question as a client of its horizon would, and lists those that get another answer.
///
/// Another answer is another outcome or other records, their TTL counted. The order of records, the serial, and the SOA
/// beside a negative answer do not count. Questions of a horizon that is not in both are left out. `seconds` is how far back
/// the questions reach. Takes a few microseconds for each question.
pub fn impact(before: &Snapshot, after: &Snapshot, asked: &[Asked], seconds: u64) -> Impact {
    let mut buffers = [vec![0; LARGEST], vec![0; LARGEST]];
    let mut impact = Impact { seconds, known: 0, differ: Vec::new() };
    for asked in asked {
        let [Some(old_client), Some(new_client)] = [before, after].map(|snapshot| client(snapshot, &asked.horizon))
        else {
            continue;
        };
        impact.known += 1;
        let query = query(asked);
        let [old_buffer, new_buffer] = &mut buffers;
        let old = reply(before, old_client, &query, old_buffer);
        let new = reply(after, new_client, &query, new_buffer);
        // Nearly all are the same octet for octet.
        if old == new {
            continue;
        }
        let (old, new) = (Seen::read(old), Seen::read(new));
        if old != new {
            impact.differ.push(ImpactName {
                horizon: asked.horizon.clone(),
                name: present_name(asked.name.as_slice()),
                rtype: present_rtype(asked.rtype),
                before: old.outcome,
                after: new.outcome,
            });
        }
    }
    impact
}

const LARGEST: usize = u16::MAX as usize;

/// Some client of the horizon.
fn client(snapshot: &Snapshot, horizon: &str) -> Option<IpAddr> {
    let index = snapshot.views.iter().position(|view| view.name == horizon)?;
    snapshot.horizons.client_of(index)
}

fn query(asked: &Asked) -> Vec<u8> {
    let mut query = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(asked.name.as_slice());
    query.extend(asked.rtype.to_int().to_be_bytes());
    query.extend([0, 1]);
    query
}

/// Empty for a name that upstreams are asked for: what they say is not ours to compare.
fn reply<'a>(snapshot: &Snapshot, client: IpAddr, query: &[u8], buffer: &'a mut [u8]) -> &'a [u8] {
    let mut pending = Pending::new();
    pending.read(snapshot, client, query);
    if pending.is_foreign() {
        return &[];
    }
    let length = pending.answer(snapshot, Transport::Stream, query, buffer).reply();
    &buffer[..length.unwrap_or_default()]
}

/// What of a reply a client goes by.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// As in `get`.
    outcome: String,
    /// Sorted: owner, type, TTL and data.
    records: Vec<(Vec<u8>, u16, u32, Vec<u8>)>,
}

impl Seen {
    fn read(reply: &[u8]) -> Self {
        let Some(Decoded { rcode, answer, authority, additional, .. }) = Decoded::read(reply) else {
            return Seen { outcome: "FORWARDED".to_owned(), records: Vec::new() };
        };
        let referral = authority.iter().any(|record| record.rtype == Rtype::NS);
        let outcome = match (rcode.as_str(), answer.is_empty()) {
            ("NOERROR", true) if referral => "REFERRAL".to_owned(),
            ("NOERROR", true) => "NODATA".to_owned(),
            _ => rcode,
        };
        // The servers of a delegation and their addresses lead the client on.
        let onward = authority.iter().chain(&additional).filter(|record| referral && record.rtype != Rtype::SOA);
        let mut records: Vec<_> = answer.iter().chain(onward).map(facts).collect();
        records.sort_unstable();
        Seen { outcome, records }
    }
}

fn facts(record: &WireRecord) -> (Vec<u8>, u16, u32, Vec<u8>) {
    let mut data = record.data.clone();
    if record.rtype == Rtype::SOA {
        // The serial is the first of five numbers behind two names (RFC 1035 section 3.3.13).
        let end = data.len();
        if let Some(serial) = data.get_mut(end.saturating_sub(20)..end.saturating_sub(16)) {
            serial.fill(0);
        }
    }
    (record.owner.as_slice().to_ascii_lowercase(), record.rtype.to_int(), record.ttl, data)
}
