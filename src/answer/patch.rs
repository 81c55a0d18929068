//! A compiled zone with some names changed: it shares every shard that did not change with the zone before.
//!
//! Each name is put in or taken out as the compiler would have it: the names without records above it come and go, and
//! parents know their wildcards and how many names stand below them. What would reach into shards that no name leads to,
//! as a zone cut that appears above names, is left to the compiler.

use super::compile::CompileError;
use super::name::{SearchName, hash_name};
use super::node::{MANY, Node, NodeWriter, flag};
use super::sets::{type_flags, write_sets};
use super::shard::ShardEdit;
use super::zone::Zone;
use crate::dns::{Name, Rtype};
use crate::zone::{Line, Record, RrSet};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One name of a zone as it is to be.
#[derive(Debug, Clone, Copy)]
pub struct NameAfter<'a> {
    /// The name.
    pub owner: &'a Name,
    /// Whether its records come from a horizon that this one inherits from.
    pub inherited: bool,
    /// All its records; empty when it has none any more.
    pub rrsets: &'a [RrSet],
}

impl Zone {
    /// The zone with these names changed, each given once; it answers as if it had been compiled whole.
    ///
    /// Names outside the zone are passed over. The new zone shares every shard that did not change; the cost is that of
    /// copying one shard for each name, some 30,000 octets, and the list of shards: for a million names about 0.1
    /// milliseconds. Names that exist without records because [`compile`](fn@super::compile) was told so may go with the
    /// last name below them.
    ///
    /// None when the change needs a whole compile: a zone cut or DNAME that appears or goes at a name with names below
    /// it, or a shard that is full.
    ///
    /// # Errors
    /// [`CompileError`], as the compiler would say of the changed records.
    pub fn patched(&self, names: &[NameAfter<'_>]) -> Result<Option<Zone>, CompileError> {
        let mut patch = Patch { zone: self, shards: BTreeMap::new(), names: self.names(), records: self.records() };
        match patch.apply(names) {
            Ok(()) => {}
            Err(Stop::Whole) => return Ok(None),
            Err(Stop::Error(error)) => return Err(error),
        }
        let mut shards = self.shards().to_vec();
        for (index, shard) in patch.shards {
            shards[index] = Arc::from(shard.octets());
        }
        let zone = self.with_shards(shards, patch.names, patch.records);
        if zone.soa().is_none() {
            return Err(CompileError::NoSoa(self.origin().clone()));
        }
        Ok(Some(zone))
    }

    /// The records that stand at a name, by ascending type, and whether they are inherited. None when the name does not
    /// exist; an empty list for a name that only has names below it.
    ///
    /// Names below a zone cut or a DNAME, which no answer shows, are told like all others.
    pub fn records_at(&self, owner: &Name) -> Option<(bool, Vec<RrSet>)> {
        let path = Path::new(self, owner)?;
        let (hash, relative) = path.spot(self, path.depth());
        let node = self.find(hash, relative)?;
        let owned = |rrset: super::node::RrSet<'_>| RrSet {
            rtype: Rtype::from_int(rrset.rtype),
            ttl: rrset.ttl,
            data: rrset.records().map(|record| record.data.to_vec()).collect(),
        };
        Some((node.has(flag::INHERITED), node.rrsets().map(owned).collect()))
    }
}

/// Why a patch ends early.
enum Stop {
    /// The zone has to be compiled whole.
    Whole,
    Error(CompileError),
}

/// A name in the zone and the hashes of its ancestors, from the apex down to itself.
struct Path {
    name: SearchName,
    hashes: Vec<u64>,
}

impl Path {
    /// None for a name outside the zone.
    fn new(zone: &Zone, owner: &Name) -> Option<Self> {
        let name = SearchName::new(owner.as_slice(), 0).ok()?;
        if !name.is_at_or_below(zone.origin_wire(), zone.origin_labels()) {
            return None;
        }
        let mut hashes = vec![zone.origin_hash()];
        let mut hash = zone.origin_hash();
        for labels in zone.origin_labels() + 1..=name.labels() {
            hash = name.extend_hash(hash, labels);
            hashes.push(hash);
        }
        Some(Path { name, hashes })
    }

    /// How many labels the name has below the apex.
    fn depth(&self) -> usize {
        self.hashes.len() - 1
    }

    /// The hash of the ancestor so many labels below the apex, and its labels before the origin.
    fn spot(&self, zone: &Zone, depth: usize) -> (u64, &[u8]) {
        (self.hashes[depth], zone.relative(&self.name, zone.origin_labels() + depth))
    }
}

/// A zone and the shards of it that change.
struct Patch<'z> {
    zone: &'z Zone,
    shards: BTreeMap<usize, ShardEdit>,
    names: usize,
    records: usize,
}

impl<'z> Patch<'z> {
    fn apply(&mut self, names: &[NameAfter<'_>]) -> Result<(), Stop> {
        let (mut gone, mut kept): (Vec<_>, Vec<_>) = names
            .iter()
            .filter_map(|after| Some((Path::new(self.zone, after.owner)?, *after)))
            .partition(|(_, after)| after.rrsets.iter().all(|rrset| rrset.data.is_empty()));
        // A delegation goes after its glue and comes before it: then no cut appears or goes above names.
        gone.sort_by_key(|(path, _)| Reverse(path.depth()));
        kept.sort_by_key(|(path, _)| path.depth());
        gone.iter().try_for_each(|(path, _)| self.clear(path))?;
        kept.iter().try_for_each(|(path, after)| self.set(path, after))
    }

    /// Takes the records of a name away, and the name too when nothing stands below it.
    fn clear(&mut self, path: &Path) -> Result<(), Stop> {
        let Some(node) = self.node(path, path.depth()) else { return Ok(()) };
        let (flags, children, records) = (node.flags(), node.children(), node.record_count());
        self.records -= records;
        if children == 0 && path.depth() > 0 {
            return self.remove(path);
        }
        let now = flags & (flag::OCCLUDED | flag::WILDCARD);
        hides_as_before(flags, now, children)?;
        let mut octets = Vec::new();
        NodeWriter::start(&mut octets, path.spot(self.zone, path.depth()).1, now).finish(children);
        self.replace(path, path.depth(), &octets)
    }

    /// Removes a name that has nothing below it, and those above it that existed only for its sake.
    fn remove(&mut self, path: &Path) -> Result<(), Stop> {
        for depth in (1..=path.depth()).rev() {
            let (hash, relative) = path.spot(self.zone, depth);
            let origin = self.zone.origin_wire();
            let hash_of =
                |relative: &[u8]| SearchName::new(&[relative, origin].concat(), 0).map_or(0, |name| hash_name(&name));
            let shard = self.shard(hash);
            if let Some(slot) = shard.find(hash, relative) {
                shard.remove(slot, hash_of);
                self.names -= 1;
            }
            if relative.starts_with(b"\x01*") {
                self.mark_wildcard(path, depth - 1, false);
            }
            let Some(parent) = self.node(path, depth - 1) else { return Ok(()) };
            let (left, owns) = (parent.children().saturating_sub(1), parent.rrsets().next().is_some());
            if left > 0 || owns || depth == 1 {
                return self.count_children(path, depth - 1, left);
            }
        }
        Ok(())
    }

    /// Gives a name its records, and makes it when it does not exist.
    fn set(&mut self, path: &Path, after: &NameAfter<'_>) -> Result<(), Stop> {
        let depth = path.depth();
        let types = after.rrsets.iter().filter(|rrset| !rrset.data.is_empty());
        let mut flags = types.fold(0, |flags, rrset| flags | type_flags(rrset.rtype, depth > 0));
        if after.inherited {
            flags |= flag::INHERITED;
        }
        let before = self.node(path, depth).map(|node| (node.flags(), node.children(), node.record_count()));
        let children = before.map_or(0, |(_, children, _)| children);
        match before {
            Some((old, children, records)) => {
                flags |= old & (flag::OCCLUDED | flag::WILDCARD);
                hides_as_before(old, flags, children)?;
                self.records -= records;
            }
            None => flags |= self.make_room(path)?,
        }
        let mut octets = Vec::new();
        let mut writer = NodeWriter::start(&mut octets, path.spot(self.zone, depth).1, flags);
        let mut records = records(after);
        let written = write_sets(&mut writer, after.owner.as_slice(), &mut records, self.zone.origin_wire());
        self.records += written.map_err(Stop::Error)?;
        writer.finish(children);
        match before {
            Some(_) => self.replace(path, depth, &octets),
            None => self.insert(path, depth, &octets),
        }
    }

    /// Makes the names between a new name and the nearest one above it that exists, and counts it among the children of
    /// its parent. Returns the flags that its place gives it.
    fn make_room(&mut self, path: &Path) -> Result<u8, Stop> {
        const CUT: u8 = flag::CUT | flag::DNAME;
        let hidden = (0..path.depth()).any(|depth| self.node(path, depth).is_some_and(|node| node.has(CUT)));
        let flags = if hidden { flag::OCCLUDED } else { 0 };
        for depth in (0..path.depth()).rev() {
            let above = self.node(path, depth).map(Node::children);
            match above {
                Some(children) => self.count_children(path, depth, children.saturating_add(1))?,
                None => {
                    let mut octets = Vec::new();
                    NodeWriter::start(&mut octets, path.spot(self.zone, depth).1, flags).finish(1);
                    self.insert(path, depth, &octets)?;
                }
            }
            if path.spot(self.zone, depth + 1).1.starts_with(b"\x01*") {
                self.mark_wildcard(path, depth, true);
            }
            if above.is_some() {
                break;
            }
        }
        Ok(flags)
    }

    fn count_children(&mut self, path: &Path, depth: usize, children: u32) -> Result<(), Stop> {
        let Some(node) = self.node(path, depth) else { return Ok(()) };
        if node.children() == MANY {
            return Err(Stop::Whole);
        }
        let mut octets = Vec::new();
        NodeWriter::copy(&mut octets, node).finish(children);
        self.replace(path, depth, &octets)
    }

    fn mark_wildcard(&mut self, path: &Path, depth: usize, on: bool) {
        let (hash, relative) = path.spot(self.zone, depth);
        let shard = self.shard(hash);
        if let Some(slot) = shard.find(hash, relative) {
            shard.mark(slot, flag::WILDCARD, on);
        }
    }

    fn replace(&mut self, path: &Path, depth: usize, node: &[u8]) -> Result<(), Stop> {
        let (hash, relative) = path.spot(self.zone, depth);
        let shard = self.shard(hash);
        let replaced = shard.find(hash, relative).is_some_and(|slot| shard.replace(slot, node));
        if replaced { Ok(()) } else { Err(Stop::Whole) }
    }

    fn insert(&mut self, path: &Path, depth: usize, node: &[u8]) -> Result<(), Stop> {
        let (hash, _) = path.spot(self.zone, depth);
        if !self.shard(hash).insert(hash, node) {
            return Err(Stop::Whole);
        }
        self.names += 1;
        Ok(())
    }

    /// A name of the zone as it is by now.
    fn node(&self, path: &Path, depth: usize) -> Option<Node<'_>> {
        let (hash, relative) = path.spot(self.zone, depth);
        match self.shards.get(&self.zone.shard_index(hash)) {
            Some(shard) => shard.find(hash, relative).map(|slot| shard.node(slot)),
            None => self.zone.find(hash, relative),
        }
    }

    fn shard(&mut self, hash: u64) -> &mut ShardEdit {
        let (zone, index) = (self.zone, self.zone.shard_index(hash));
        self.shards.entry(index).or_insert_with(|| ShardEdit::new(&zone.shards()[index], zone.slots()))
    }
}

/// A cut or a DNAME that appears or goes changes every name below it, unless one above hides them all.
fn hides_as_before(before: u8, after: u8, children: u32) -> Result<(), Stop> {
    let cut = |flags: u8| flags & (flag::CUT | flag::DNAME) != 0;
    let same = children == 0 || before & flag::OCCLUDED != 0 || cut(before) == cut(after);
    if same { Ok(()) } else { Err(Stop::Whole) }
}

fn records<'a>(after: &NameAfter<'a>) -> Vec<Record<'a>> {
    let owner = after.owner.as_slice();
    let one = |rrset: &'a RrSet, data: &'a Vec<u8>| {
        let (rtype, ttl) = (rrset.rtype, rrset.ttl);
        Record { owner, rtype, ttl, data, line: Line::default() }
    };
    after.rrsets.iter().flat_map(|rrset| rrset.data.iter().map(move |data| one(rrset, data))).collect()
}
