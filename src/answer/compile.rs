//! Records become a compiled zone: gathered by name, written into shards.

use super::gather::{Gathered, Gathering, Layer};
use super::node::{NodeWriter, rtype};
use super::zone::{ALIGN, SLOT, Zone, shard_of, slot_of, tag_of};
use crate::dns::{Name, Rtype, name_from_wire};
use crate::zone::Record;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use thiserror::Error;

/// Why records cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompileError {
    /// No SOA record at the apex.
    #[error("{0}: no SOA record at the apex")]
    NoSoa(Name),
    /// More octets than a DNS message can carry.
    #[error("{name} {rtype}: {octets} octets of records; a message carries at most 65,535")]
    RrSetTooLarge {
        /// The owner.
        name: Name,
        /// The type.
        rtype: Rtype,
        /// Record data in all.
        octets: usize,
    },
    /// A part of the zone is beyond what a shard can address.
    #[error("{0}: too much data at names that share a shard")]
    ShardTooLarge(Name),
}

/// Names in a shard, about: what one changed record copies.
const NAMES_PER_SHARD: usize = 512;

/// Compiles one zone. `empty` names exist without records beside what the layers say.
///
/// Linear in the records, but for one sort of 16 octets a record; the records can be dropped afterwards.
///
/// # Errors
/// [`CompileError`].
pub fn compile(origin: &Name, layers: &[Layer<'_>], empty: &[Name]) -> Result<Zone, CompileError> {
    let apex = origin.as_slice().to_ascii_lowercase();
    let gathered = Gathered::new(&apex, layers, empty);
    let is_apex_with_soa = |node: &Gathering<'_>| {
        node.owner.len() == apex.len() && gathered.records(node).any(|record| record.rtype == Rtype::SOA)
    };
    if !gathered.nodes.iter().any(is_apex_with_soa) {
        return Err(CompileError::NoSoa(origin.clone()));
    }
    let shards = ShardWriter::new(&gathered, &apex).write()?;
    let (names, records) = (gathered.nodes.len(), gathered.record_count());
    Zone::assemble(origin, shards.octets, shards.slots, names, records).map_err(|_| CompileError::NoSoa(origin.clone()))
}

/// Shards, each one allocation, and the number of slots that each has.
struct Shards {
    octets: Vec<Arc<[u8]>>,
    slots: u32,
}

/// Writes gathered names into shards.
struct ShardWriter<'g, 'a> {
    gathered: &'g Gathered<'a>,
    apex: &'g [u8],
    /// How many leading bits of the hash choose the shard.
    bits: u32,
    slots: usize,
    octets: Vec<u8>,
    /// One name's records by type; kept between names to save allocations.
    records: Vec<Record<'a>>,
}

impl<'g, 'a> ShardWriter<'g, 'a> {
    fn new(gathered: &'g Gathered<'a>, apex: &'g [u8]) -> Self {
        let bits = (gathered.nodes.len() / NAMES_PER_SHARD).next_power_of_two().trailing_zeros();
        let mut counts = vec![0usize; 1 << bits];
        for node in &gathered.nodes {
            counts[shard_of(node.hash, bits)] += 1;
        }
        let largest = counts.iter().copied().max().unwrap_or(0);
        // Three names to four slots: short probes for 5.3 octets a name, and one slot always empty.
        let slots = largest + largest / 3 + 1;
        ShardWriter { gathered, apex, bits, slots, octets: Vec::new(), records: Vec::new() }
    }

    fn write(mut self) -> Result<Shards, CompileError> {
        let mut shards = Vec::with_capacity(1 << self.bits);
        let mut rest = &self.gathered.nodes[..];
        for shard in 0..1 << self.bits {
            let (here, after) = rest.split_at(rest.partition_point(|node| shard_of(node.hash, self.bits) <= shard));
            rest = after;
            self.octets.clear();
            self.octets.resize(self.slots * SLOT, 0);
            for node in here {
                self.place(node)?;
                self.node(node)?;
            }
            shards.push(Arc::from(&self.octets[..]));
        }
        Ok(Shards { octets: shards, slots: self.slots as u32 })
    }

    /// Fills the slot of a node that is written next.
    fn place(&mut self, node: &Gathering<'_>) -> Result<(), CompileError> {
        let offset = (self.octets.len() - self.slots * SLOT) / ALIGN + 1;
        if offset >= 1 << 24 {
            return Err(CompileError::ShardTooLarge(printable(&node.owner)));
        }
        let mut slot = slot_of(node.hash, self.slots as u32);
        while self.octets[slot * SLOT..][..SLOT] != [0; SLOT] {
            slot = (slot + 1) % self.slots;
        }
        let entry = tag_of(node.hash) | offset as u32;
        self.octets[slot * SLOT..][..SLOT].copy_from_slice(&entry.to_le_bytes());
        Ok(())
    }

    /// Writes a node: its RRsets by ascending type, equal records once, the lowest TTL for all (RFC 2181 sections 5
    /// and 5.2).
    fn node(&mut self, node: &Gathering<'a>) -> Result<(), CompileError> {
        let mut records = std::mem::take(&mut self.records);
        records.clear();
        records.extend(self.gathered.records(node));
        records.sort_by_key(|record| record.rtype.to_int());
        let relative = &node.owner[..node.owner.len() - self.apex.len()];
        let mut writer = NodeWriter::start(&mut self.octets, relative, node.flags);
        for rrset in records.chunk_by_mut(|a, b| a.rtype == b.rtype) {
            let rtype = rrset[0].rtype;
            let ttl = rrset.iter().map(|record| record.ttl).min().unwrap_or(0);
            let count = move_repeated_back(rrset);
            let data = rrset[..count].iter().map(|record| record.data);
            let octets = data.clone().map(|data| data.len() + 12).sum();
            if octets > LARGEST_RRSET - node.owner.len() {
                return Err(CompileError::RrSetTooLarge { name: printable(&node.owner), rtype, octets });
            }
            writer.rrset(rtype.to_int(), ttl, data, self.apex);
        }
        let end = self.octets.len().next_multiple_of(ALIGN);
        self.octets.resize(end, 0);
        self.records = records;
        Ok(())
    }
}

/// What a message of 65,535 octets has left for records: header and the question's type and class are taken off.
const LARGEST_RRSET: usize = 65_535 - 12 - 4;

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

fn printable(owner: &[u8]) -> Name {
    name_from_wire(owner).unwrap_or_else(|_| Name::root())
}
