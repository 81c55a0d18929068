//! Records become a compiled zone: names grouped by hash, empty non-terminals added, flags set, shards written.

use super::name::{SearchName, hash_name};
use super::node::{encode_node, flag, rtype};
use super::zone::{ALIGN, SLOT, Zone, shard_of, slot_of, tag_of};
use crate::dns::{Name, Rtype, name_from_wire};
use crate::zone::{Record, Records};
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use thiserror::Error;

/// Records that go into one compiled zone. The first layer that owns a name hides all its records in later ones.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// The records; those that are not at or below the zone's origin are passed over.
    pub records: &'a Records,
    /// Whether the records at the origin itself count: false for a layer that comes from an enclosing zone.
    pub apex: bool,
}

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
    let apex = lower(origin.as_slice());
    let mut nodes = group(&apex, layers);
    if !nodes.iter().any(|node| node.owner.len() == apex.len() && node.holds(rtype::SOA)) {
        return Err(CompileError::NoSoa(origin.clone()));
    }
    add_empty_names(&mut nodes, &apex, empty);
    set_flags(&mut nodes, &apex);
    nodes.sort_unstable_by_key(|node| node.hash);
    let records = nodes.iter().map(|node| node.records.len()).sum();
    let (shards, slots) = write_shards(&nodes, &apex)?;
    Zone::assemble(origin, shards, slots, nodes.len(), records).map_err(|_| CompileError::NoSoa(origin.clone()))
}

/// One name on its way into the zone.
struct NodeInMaking<'a> {
    hash: u64,
    /// Lower-cased.
    owner: Vec<u8>,
    layer: u16,
    flags: u8,
    records: Vec<Record<'a>>,
}

impl NodeInMaking<'_> {
    fn holds(&self, rtype: u16) -> bool {
        self.records.iter().any(|record| record.rtype.to_int() == rtype)
    }
}

fn lower(wire: &[u8]) -> Vec<u8> {
    wire.to_ascii_lowercase()
}

fn hash_of(wire: &[u8]) -> u64 {
    SearchName::new(wire, 0).map_or(0, |name| hash_name(&name))
}

/// Gathers the records of each name; a name's records come from the first layer that has any.
fn group<'a>(apex: &[u8], layers: &[Layer<'a>]) -> Vec<NodeInMaking<'a>> {
    let mut keys: Vec<(u64, u16, u32)> = Vec::with_capacity(layers.iter().map(|layer| layer.records.len()).sum());
    for (number, layer) in (0u16..).zip(layers) {
        let mut last: (&[u8], Option<u64>) = (&[], None);
        for (index, record) in (0u32..).zip(layer.records.iter()) {
            if record.owner != last.0 {
                let inside = belongs(record.owner, apex, layer.apex);
                last = (record.owner, inside.then(|| hash_of(record.owner)));
            }
            if let Some(hash) = last.1 {
                keys.push((hash, number, index));
            }
        }
    }
    keys.sort_unstable();
    let mut nodes: Vec<NodeInMaking<'a>> = Vec::with_capacity(keys.len());
    let mut first_of_hash = 0;
    for (hash, number, index) in keys {
        let layer = &layers[usize::from(number)];
        let Some(record) = layer.records.get(index as usize) else { continue };
        if nodes.last().is_none_or(|node| node.hash != hash) {
            first_of_hash = nodes.len();
        }
        // Two names may share a hash: they are told apart here and by every look-up.
        match nodes[first_of_hash..].iter_mut().find(|node| node.owner.eq_ignore_ascii_case(record.owner)) {
            Some(node) if node.layer == number => node.records.push(record),
            Some(_) => {}
            None => {
                let flags = if number > 0 { flag::INHERITED } else { 0 };
                let owner = lower(record.owner);
                nodes.push(NodeInMaking { hash, owner, layer: number, flags, records: vec![record] });
            }
        }
    }
    nodes
}

/// True when a layer's owner lies in the zone and the layer may speak for it.
fn belongs(owner: &[u8], apex: &[u8], apex_counts: bool) -> bool {
    let Some(cut) = owner.len().checked_sub(apex.len()) else { return false };
    if !owner[cut..].eq_ignore_ascii_case(apex) {
        return false;
    }
    if cut == 0 {
        return apex_counts;
    }
    ancestors(owner).any(|ancestor| ancestor.len() == apex.len())
}

/// The names above a wire name, nearest first, the root last.
fn ancestors(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    std::iter::from_fn(move || {
        let length = usize::from(*rest.first()?);
        if length == 0 {
            return None;
        }
        rest = rest.get(1 + length..)?;
        Some(rest)
    })
}

/// Adds the empty non-terminals (RFC 4592 section 2.2.2): names without records above names with records.
fn add_empty_names(nodes: &mut Vec<NodeInMaking<'_>>, apex: &[u8], empty: &[Name]) {
    let deep = |owner: &[u8]| ancestors(owner).next().is_some_and(|parent| parent.len() > apex.len());
    let mut missing: HashSet<Vec<u8>> = HashSet::new();
    if nodes.iter().any(|node| deep(&node.owner)) || !empty.is_empty() {
        let known: HashSet<&[u8]> = nodes.iter().map(|node| &node.owner[..]).collect();
        let mut add_above = |owner: &[u8]| {
            for ancestor in ancestors(owner).take_while(|ancestor| ancestor.len() > apex.len()) {
                if known.contains(ancestor) || !missing.insert(ancestor.to_vec()) {
                    break;
                }
            }
        };
        nodes.iter().for_each(|node| add_above(&node.owner));
        empty.iter().for_each(|name| add_above(&lower(name.as_slice())));
        let alone = empty.iter().map(|name| lower(name.as_slice()));
        missing.extend(alone.filter(|name| !known.contains(&name[..])));
    }
    nodes.extend(missing.into_iter().map(|owner| NodeInMaking {
        hash: hash_of(&owner),
        owner,
        layer: 0,
        flags: 0,
        records: Vec::new(),
    }));
}

fn set_flags(nodes: &mut [NodeInMaking<'_>], apex: &[u8]) {
    let mut cuts: HashSet<Vec<u8>> = HashSet::new();
    let mut wildcard_parents: HashSet<Vec<u8>> = HashSet::new();
    for node in nodes.iter_mut() {
        for record in &node.records {
            node.flags |= match record.rtype.to_int() {
                rtype::NS if node.owner.len() > apex.len() => flag::CUT,
                rtype::DNAME => flag::DNAME,
                rtype::CNAME => flag::CNAME,
                _ => 0,
            };
        }
        if node.flags & (flag::CUT | flag::DNAME) != 0 {
            cuts.insert(node.owner.clone());
        }
        if node.owner.starts_with(b"\x01*") && node.owner.len() > apex.len() {
            wildcard_parents.insert(node.owner[2..].to_vec());
        }
    }
    for node in nodes.iter_mut() {
        let above = || ancestors(&node.owner).take_while(|ancestor| ancestor.len() >= apex.len());
        if !cuts.is_empty() && above().any(|ancestor| cuts.contains(ancestor)) {
            node.flags |= flag::OCCLUDED;
        }
        if !wildcard_parents.is_empty() && wildcard_parents.contains(&node.owner) {
            node.flags |= flag::WILDCARD;
        }
    }
}

/// Shards, each one allocation, and the number of slots that each has.
type Shards = (Vec<Arc<[u8]>>, u32);

/// Writes the nodes, sorted by hash, into shards.
fn write_shards(nodes: &[NodeInMaking<'_>], apex: &[u8]) -> Result<Shards, CompileError> {
    let count = (nodes.len() / NAMES_PER_SHARD).next_power_of_two();
    let bits = count.trailing_zeros();
    let mut bounds = vec![0usize; count + 1];
    for node in nodes {
        bounds[shard_of(node.hash, bits) + 1] += 1;
    }
    let largest = bounds.iter().copied().max().unwrap_or(0);
    // Three names to four slots: short probes for 5.3 octets a name, and one slot always empty.
    let slots = largest + largest / 3 + 1;
    for index in 0..count {
        bounds[index + 1] += bounds[index];
    }
    let mut shards = Vec::with_capacity(count);
    let mut octets = Vec::new();
    for index in 0..count {
        octets.clear();
        write_shard(&mut octets, &nodes[bounds[index]..bounds[index + 1]], slots, apex)?;
        shards.push(Arc::from(&octets[..]));
    }
    Ok((shards, slots as u32))
}

fn write_shard(out: &mut Vec<u8>, nodes: &[NodeInMaking<'_>], slots: usize, apex: &[u8]) -> Result<(), CompileError> {
    out.resize(slots * SLOT, 0);
    for node in nodes {
        let offset = (out.len() - slots * SLOT) / ALIGN + 1;
        if offset >= 1 << 24 {
            return Err(CompileError::ShardTooLarge(printable(&node.owner)));
        }
        let mut slot = slot_of(node.hash, slots as u32);
        while out[slot * SLOT..][..SLOT] != [0; SLOT] {
            slot = (slot + 1) % slots;
        }
        let entry = tag_of(node.hash) | offset as u32;
        out[slot * SLOT..][..SLOT].copy_from_slice(&entry.to_le_bytes());
        let rrsets = rrsets(node)?;
        encode_node(out, &node.owner[..node.owner.len() - apex.len()], node.flags, &rrsets, apex);
        out.resize(out.len().next_multiple_of(ALIGN), 0);
    }
    Ok(())
}

/// An RRset as it is written: its type, its TTL in seconds, and the data of its records.
type RrSetInMaking<'a> = (u16, u32, Vec<&'a [u8]>);

/// A node's records by ascending type; equal records once, the lowest TTL for all (RFC 2181 sections 5 and 5.2).
fn rrsets<'a>(node: &NodeInMaking<'a>) -> Result<Vec<RrSetInMaking<'a>>, CompileError> {
    let mut sets: Vec<RrSetInMaking<'a>> = Vec::new();
    let mut at: HashMap<u16, usize> = HashMap::new();
    for record in &node.records {
        let rtype = record.rtype.to_int();
        let index = match sets.last() {
            Some(last) if last.0 == rtype => sets.len() - 1,
            _ => *at.entry(rtype).or_insert(sets.len()),
        };
        if index == sets.len() {
            sets.push((rtype, record.ttl, Vec::with_capacity(1)));
        }
        sets[index].1 = sets[index].1.min(record.ttl);
        sets[index].2.push(record.data);
    }
    for (rtype, _, records) in &mut sets {
        if records.len() > 1 {
            let mut seen = HashSet::new();
            records.retain(|data| seen.insert(*data));
        }
        let octets: usize = records.iter().map(|data| data.len() + 12).sum();
        if octets > 65_535 - 12 - 4 - node.owner.len() {
            let name = printable(&node.owner);
            return Err(CompileError::RrSetTooLarge { name, rtype: Rtype::from_int(*rtype), octets });
        }
    }
    sets.sort_unstable_by_key(|set| set.0);
    Ok(sets)
}

fn printable(owner: &[u8]) -> Name {
    name_from_wire(owner).unwrap_or_else(|_| Name::root())
}
