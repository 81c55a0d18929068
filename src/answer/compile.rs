//! Records become a compiled zone: gathered by name, written into shards.

use super::gather::{Gathered, Gathering, Layer};
use super::node::{ALIGN, NodeWriter};
use super::sets::{printable, write_sets};
use super::zone::{SLOT, Zone, shard_of, slot_of, tag_of};
use crate::dns::{Name, Rtype};
use crate::zone::Record;
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

/// Slots that each shard has beside those that its names want, so that a change finds room.
const SPARE_SLOTS: usize = 8;

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
    let names = gathered.nodes.len();
    Zone::assemble(origin, shards.octets, shards.slots, names, shards.records)
        .map_err(|_| CompileError::NoSoa(origin.clone()))
}

/// Shards, each one allocation.
struct Shards {
    octets: Vec<Arc<[u8]>>,
    /// Slots in each.
    slots: u32,
    /// How many records they hold.
    records: usize,
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
        // Three names to four slots: short probes for 5.3 octets a name. Small shards, too, take some more names later.
        let slots = largest + largest / 3 + SPARE_SLOTS;
        ShardWriter { gathered, apex, bits, slots, octets: Vec::new(), records: Vec::new() }
    }

    fn write(mut self) -> Result<Shards, CompileError> {
        let mut shards = Vec::with_capacity(1 << self.bits);
        let mut rest = &self.gathered.nodes[..];
        let mut records = 0;
        for shard in 0..1 << self.bits {
            let (here, after) = rest.split_at(rest.partition_point(|node| shard_of(node.hash, self.bits) <= shard));
            rest = after;
            self.octets.clear();
            self.octets.resize(self.slots * SLOT, 0);
            for node in here {
                self.place(node)?;
                records += self.node(node)?;
            }
            shards.push(Arc::from(&self.octets[..]));
        }
        Ok(Shards { octets: shards, slots: self.slots as u32, records })
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

    /// Writes a node. Returns how many records it holds.
    fn node(&mut self, node: &Gathering<'a>) -> Result<usize, CompileError> {
        let mut records = std::mem::take(&mut self.records);
        records.clear();
        records.extend(self.gathered.records(node));
        let relative = &node.owner[..node.owner.len() - self.apex.len()];
        let mut writer = NodeWriter::start(&mut self.octets, relative, node.flags);
        let written = write_sets(&mut writer, &node.owner, &mut records, self.apex)?;
        writer.finish(node.children);
        self.records = records;
        Ok(written)
    }
}
