//! A compiled zone: every name in a hash table of octets, cut into shards so that a change copies only what it touches.

use super::denial::Denial;
use super::fold::{is_folded, is_same};
use super::name::{SearchName, hash_name, wildcard_hash};
use super::node::{ALIGN, NODE_HEADER, Node, RrSet, flag, rtype};
use crate::dns::{Name, NameError};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// One zone, compiled: immutable, shared between snapshots and horizons by count.
///
/// A look-up costs one hash of the name and two reads that may miss the cache: a slot and the node behind it.
pub struct Zone {
    origin: SearchName,
    origin_name: Name,
    origin_hash: u64,
    shards: Box<[Arc<[u8]>]>,
    shard_bits: u32,
    /// Slots in each shard; always more than names, so that every probe ends.
    slots: u32,
    /// Seconds: the TTL of the SOA record in negative answers (RFC 2308 section 3).
    negative_ttl: u32,
    /// The shard of the apex, and where its node begins there.
    apex_at: (usize, usize),
    /// None where it has to be written each time.
    denial: Option<Denial>,
    names: usize,
    records: usize,
}

impl Zone {
    pub(crate) fn assemble(
        origin: &Name,
        shards: Vec<Arc<[u8]>>,
        slots: u32,
        names: usize,
        records: usize,
    ) -> Result<Self, NameError> {
        let search = SearchName::new(origin.as_slice(), 0)?;
        let mut zone = Zone {
            origin_hash: hash_name(&search),
            origin: search,
            origin_name: origin.clone(),
            shard_bits: shards.len().trailing_zeros(),
            shards: shards.into_boxed_slice(),
            slots,
            negative_ttl: 0,
            apex_at: (0, 0),
            denial: None,
            names,
            records,
        };
        zone.prepare();
        Ok(zone)
    }

    /// The same zone with other shards, as many as it has.
    pub(crate) fn with_shards(&self, shards: Vec<Arc<[u8]>>, names: usize, records: usize) -> Self {
        let (origin, origin_name) = (self.origin.clone(), self.origin_name.clone());
        let (shards, denial) = (shards.into_boxed_slice(), None);
        let mut zone = Zone { origin, origin_name, shards, denial, names, records, ..*self };
        zone.prepare();
        zone
    }

    /// What is known from the SOA.
    fn prepare(&mut self) {
        let shard = self.shard_index(self.origin_hash);
        let length = self.shards[shard].len();
        // Every zone has its apex; behind the end of a shard there is nothing.
        let begin = self.find(self.origin_hash, &[]).map_or(length, |apex| length - apex.reach());
        self.apex_at = (shard, begin);
        self.negative_ttl = self.soa_minimum();
        self.denial = Denial::of(self);
    }

    pub(crate) fn denial(&self) -> Option<&Denial> {
        self.denial.as_ref()
    }

    pub(crate) fn shards(&self) -> &[Arc<[u8]>] {
        &self.shards
    }

    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    pub(crate) fn shard_index(&self, hash: u64) -> usize {
        shard_of(hash, self.shard_bits)
    }

    /// The apex.
    pub fn origin(&self) -> &Name {
        &self.origin_name
    }

    /// How many names exist in it, empty non-terminals counted.
    pub fn names(&self) -> usize {
        self.names
    }

    /// How many records it serves, equal ones counted once.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Octets of memory that its names and records take.
    pub fn octets(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    /// The serial of the SOA record (RFC 1035 section 3.3.13).
    pub fn serial(&self) -> u32 {
        let data = self.soa().and_then(|soa| soa.records().next()).map_or(&[][..], |record| record.data);
        data.len()
            .checked_sub(20)
            .and_then(|at| data[at..].first_chunk::<4>())
            .map_or(0, |octets| u32::from_be_bytes(*octets))
    }

    pub(crate) fn origin_wire(&self) -> &[u8] {
        self.origin.wire()
    }

    pub(crate) fn origin_search(&self) -> &SearchName {
        &self.origin
    }

    pub(crate) fn origin_labels(&self) -> usize {
        self.origin.labels()
    }

    pub(crate) fn origin_hash(&self) -> u64 {
        self.origin_hash
    }

    pub(crate) fn negative_ttl(&self) -> u32 {
        self.negative_ttl
    }

    fn soa_minimum(&self) -> u32 {
        self.soa().map_or(0, |soa| {
            let minimum = soa.records().next().and_then(|record| record.data.last_chunk::<4>().copied());
            soa.ttl.min(minimum.map_or(0, u32::from_be_bytes))
        })
    }

    /// The node of the apex, found without a search.
    pub(crate) fn apex(&self) -> Option<Node<'_>> {
        let (shard, begin) = self.apex_at;
        self.shards.get(shard)?.get(begin..).filter(|octets| !octets.is_empty()).map(Node::new)
    }

    pub(crate) fn soa(&self) -> Option<RrSet<'_>> {
        self.apex()?.rrset(rtype::SOA)
    }

    /// Finds a name by its hash and its labels before the origin.
    pub(crate) fn find(&self, hash: u64, relative: &[u8]) -> Option<Node<'_>> {
        self.search(hash, |found| is_same(found.relative(), relative))
    }

    /// As [`Zone::find`], for labels in any case.
    pub(crate) fn find_as_written(&self, hash: u64, relative: &[u8]) -> Option<Node<'_>> {
        self.search(hash, |found| is_folded(found.relative(), relative))
    }

    fn search(&self, hash: u64, is_it: impl Fn(Node<'_>) -> bool) -> Option<Node<'_>> {
        let found = find_in_shard(self.shard(hash), self.slots, hash, is_it);
        found.map(|(_, node)| node)
    }

    fn shard(&self, hash: u64) -> &[u8] {
        &self.shards[shard_of(hash, self.shard_bits)]
    }

    /// The first octet of the slot where the search for a hash begins; nothing is read for it.
    pub(crate) fn first_slot(&self, hash: u64) -> &u8 {
        &self.shard(hash)[slot_of(hash, self.slots) * SLOT]
    }

    /// What most likely is the name of a hash: its name is not compared.
    pub(crate) fn likely(&self, hash: u64) -> Option<Node<'_>> {
        self.search(hash, |_| true)
    }

    /// Where [`Zone::likely`] is, for [`Zone::node_at`]; only slots are read for it.
    pub(crate) fn likely_offset(&self, hash: u64) -> Option<NodeOffset> {
        find_in_shard(self.shard(hash), self.slots, hash, |_| true).map(|(offset, _)| offset)
    }

    /// What stands where [`Zone::likely_offset`] found it for this hash.
    pub(crate) fn node_at(&self, hash: u64, offset: NodeOffset) -> Option<Node<'_>> {
        let nodes = self.shard(hash).get(self.slots as usize * SLOT..)?;
        nodes.get(offset.octets()..).filter(|octets| octets.len() >= NODE_HEADER).map(Node::new)
    }

    /// The last `labels` labels of a name that lies in this zone, without the origin.
    pub(crate) fn relative<'n>(&self, name: &'n SearchName, labels: usize) -> &'n [u8] {
        let suffix = name.suffix(labels);
        &suffix[..suffix.len() - self.origin.wire().len()]
    }

    /// Walks down from the apex towards a name that is not there, or lies below a cut: the deepest name that exists and is
    /// not below a zone cut or a DNAME (the closest encloser of RFC 4592 section 3.3.1, unless a cut or DNAME ends the walk).
    /// The name itself is not looked for: it is known to be missing or hidden.
    pub(crate) fn descend(&self, name: &SearchName) -> Descent<'_> {
        let mut labels = self.origin.labels();
        let mut hash = self.origin_hash;
        let mut found = Descent { node: self.apex(), labels, hash };
        while labels + 1 < name.labels() {
            if found.node.is_some_and(|node| node.has(flag::CUT | flag::DNAME)) {
                break;
            }
            labels += 1;
            hash = name.extend_hash(hash, labels);
            match self.find(hash, self.relative(name, labels)) {
                Some(node) => found = Descent { node: Some(node), labels, hash },
                None => break,
            }
        }
        found
    }

    /// The wildcard child of a name (RFC 4592 section 2.1.1): `labels` and `hash` are those of the name.
    pub(crate) fn wildcard(&self, name: &SearchName, labels: usize, hash: u64) -> Option<Node<'_>> {
        let encloser = self.relative(name, labels);
        let is_it =
            |found: Node<'_>| found.relative().strip_prefix(b"\x01*").is_some_and(|rest| is_same(rest, encloser));
        self.search(wildcard_hash(hash), is_it)
    }
}

/// Where a walk down the zone ended.
pub(crate) struct Descent<'a> {
    pub(crate) node: Option<Node<'a>>,
    /// How many labels the node's name has.
    pub(crate) labels: usize,
    /// The hash of the node's name.
    pub(crate) hash: u64,
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zone")
            .field("origin", &self.origin_name)
            .field("names", &self.names)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

/// The shard that holds a hash: its highest bits.
pub(crate) fn shard_of(hash: u64, shard_bits: u32) -> usize {
    (hash >> 1 >> (63 - shard_bits)) as usize
}

/// Octets in a slot.
pub(crate) const SLOT: usize = 4;

/// The slot where the search for a hash begins.
pub(crate) fn slot_of(hash: u64, slots: u32) -> usize {
    ((u64::from(hash as u32) * u64::from(slots)) >> 32) as usize
}

/// Eight bits of the hash that a slot keeps beside the offset, so that most misses never read a node.
pub(crate) fn tag_of(hash: u64) -> u32 {
    ((hash >> 32) as u32 & 0xFF) << 24
}

/// Where a node begins in the shard of its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeOffset(NonZeroU32);

impl NodeOffset {
    /// Octets from the end of the slots.
    fn octets(self) -> usize {
        (self.0.get() as usize - 1) * ALIGN
    }
}

fn find_in_shard(
    shard: &[u8],
    slots: u32,
    hash: u64,
    is_it: impl Fn(Node<'_>) -> bool,
) -> Option<(NodeOffset, Node<'_>)> {
    let nodes = &shard[slots as usize * SLOT..];
    let mut index = slot_of(hash, slots);
    loop {
        let entry = slot(shard, index);
        if entry == 0 {
            return None;
        }
        if entry & !OFFSET == tag_of(hash) {
            let offset = NodeOffset(NonZeroU32::new(entry & OFFSET)?);
            let node = Node::new(&nodes[offset.octets()..]);
            if is_it(node) {
                return Some((offset, node));
            }
        }
        index += 1;
        if index == slots as usize {
            index = 0;
        }
    }
}

/// The part of a slot that is an offset, counted from 1; the rest is the tag.
pub(crate) const OFFSET: u32 = 0x00FF_FFFF;

/// The octets of nodes that the slots of a shard can lead to.
pub(crate) const MOST_OCTETS: usize = (OFFSET as usize - 1) * ALIGN;

/// What a slot holds; 0 when it is empty.
pub(crate) fn slot(shard: &[u8], index: usize) -> u32 {
    shard[index * SLOT..].first_chunk::<SLOT>().map_or(0, |octets| u32::from_le_bytes(*octets))
}
