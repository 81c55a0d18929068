//! Records become a compiled zone: gathered by name, written into shards.

use super::families::Families;
use super::gather::{Gathered, Gathering, Layer, Names};
use super::name::SearchName;
use super::node::{ALIGN, MANY, NodeWriter};
use super::sets::{printable, write_sets};
use super::zone::{SLOT, Zone, shard_of, slot_of, tag_of};
use crate::dns::{Name, Rtype};
use crate::pace::{breathe, breathe_at};
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
/// Linear in the records, but for one sort of 16 octets for each record and for each name that is only above others; the
/// records can be dropped afterwards.
///
/// # Errors
/// [`CompileError`].
pub fn compile(origin: &Name, layers: &[Layer<'_>], empty: &[Name]) -> Result<Zone, CompileError> {
    let no_soa = || CompileError::NoSoa(origin.clone());
    let apex = SearchName::new(origin.as_slice(), 0).map_err(|_| no_soa())?;
    let gathered = Gathered::new(&apex, layers, empty);
    if !gathered.has_soa() {
        return Err(no_soa());
    }
    let Shards { octets, slots, names, records } = ShardWriter::new(&gathered, &apex).write()?;
    Zone::assemble(origin, octets, slots, names, records).map_err(|_| no_soa())
}

/// Shards, each one allocation.
struct Shards {
    octets: Vec<Arc<[u8]>>,
    /// Slots in each.
    slots: u32,
    /// How many names they hold.
    names: usize,
    /// How many records.
    records: usize,
}

/// Writes gathered names into shards.
struct ShardWriter<'g, 'a> {
    gathered: &'g Gathered<'a>,
    apex: &'g [u8],
    /// How many leading bits of the hash choose the shard.
    bits: u32,
    slots: usize,
    families: Families<'g>,
    octets: Vec<u8>,
    /// One name's records by type; kept between names to save allocations.
    records: Vec<Record<'a>>,
}

impl<'g, 'a> ShardWriter<'g, 'a> {
    fn new(gathered: &'g Gathered<'a>, apex: &'g SearchName) -> Self {
        let hashes = || gathered.keys().chunk_by(|a, b| a.hash == b.hash).map(|same| same[0].hash);
        let bits = (hashes().count() / NAMES_PER_SHARD).next_power_of_two().trailing_zeros();
        let mut counts = vec![0usize; 1 << bits];
        hashes().for_each(|hash| counts[shard_of(hash, bits)] += 1);
        let largest = counts.iter().copied().max().unwrap_or(0);
        // Three names to four slots: short probes for 5.3 octets a name. Small shards, too, take some more names later.
        let slots = largest + largest / 3 + SPARE_SLOTS;
        let (families, apex) = (Families::new(apex), apex.wire());
        ShardWriter { gathered, apex, bits, slots, families, octets: Vec::new(), records: Vec::new() }
    }

    fn write(mut self) -> Result<Shards, CompileError> {
        let mut shards = Shards { octets: Vec::new(), slots: self.slots as u32, names: 0, records: 0 };
        shards.octets.reserve_exact(1 << self.bits);
        let mut rest = self.gathered.keys();
        let mut names = Names::default();
        for shard in 0..1 << self.bits {
            breathe();
            let (here, after) = rest.split_at(rest.partition_point(|key| shard_of(key.hash, self.bits) <= shard));
            rest = after;
            self.gathered.names(here, &mut names);
            self.octets.clear();
            self.octets.resize(self.slots * SLOT, 0);
            for (index, name) in names.names.iter().enumerate() {
                breathe_at(index);
                self.place(name, names.names.len())?;
                shards.records += self.node(name, &names)?;
                self.families.add(name.owner);
            }
            shards.names += names.names.len();
            shards.octets.push(Arc::from(&self.octets[..]));
        }
        self.families.fill(&mut shards.octets);
        Ok(shards)
    }

    /// Fills the slot of a node that is written next, one of so many in its shard.
    fn place(&mut self, node: &Gathering<'_>, names: usize) -> Result<(), CompileError> {
        let offset = (self.octets.len() - self.slots * SLOT) / ALIGN + 1;
        // Slots are counted by hash: only names that share theirs, by the hundred, could fill them.
        if offset >= 1 << 24 || names >= self.slots {
            return Err(CompileError::ShardTooLarge(printable(node.owner)));
        }
        let mut slot = slot_of(node.hash, self.slots as u32);
        while self.octets[slot * SLOT..][..SLOT] != [0; SLOT] {
            slot = if slot + 1 == self.slots { 0 } else { slot + 1 };
        }
        let entry = tag_of(node.hash) | offset as u32;
        self.octets[slot * SLOT..][..SLOT].copy_from_slice(&entry.to_le_bytes());
        Ok(())
    }

    /// Writes a node. Returns how many records it holds.
    fn node(&mut self, node: &Gathering<'a>, names: &Names<'a>) -> Result<usize, CompileError> {
        self.records.clear();
        self.records.extend(self.gathered.records(names, node));
        let relative = &node.owner[..node.owner.len() - self.apex.len()];
        let mut writer = NodeWriter::start(&mut self.octets, relative, node.flags);
        let written = write_sets(&mut writer, node.owner, &mut self.records, self.apex)?;
        if node.is_parent {
            // How many stand below it is known when all names are written.
            let at = writer.finish(MANY) - 4;
            self.families.note_parent(node.hash, at);
        } else {
            writer.finish(0);
        }
        Ok(written)
    }
}
