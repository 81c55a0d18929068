//! The names of a zone in the making: records grouped by owner, empty non-terminals added, flags set.
//!
//! Compact, because a zone may have millions of names: no allocation per name, but for names that no record owns.

use super::name::{SearchName, hash_name};
use super::node::flag;
use super::sets::type_flags;
use crate::dns::Name;
use crate::zone::{Record, Records};
use std::borrow::Cow;
use std::collections::HashSet;

/// Records that go into one compiled zone. The first layer that owns a name hides all its records in later ones.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// The records; those that are not at or below the zone's origin are passed over.
    pub records: &'a Records,
    /// Whether the records at the origin itself count: false for a layer that comes from an enclosing zone.
    pub apex: bool,
}

/// All names of the zone, sorted by hash, and the records behind them.
pub(crate) struct Gathered<'a> {
    pub(crate) layers: &'a [Layer<'a>],
    pub(crate) nodes: Vec<Gathering<'a>>,
    keys: Vec<Key>,
}

/// One name on its way into the zone.
pub(crate) struct Gathering<'a> {
    pub(crate) hash: u64,
    /// Uncompressed wire format, in the case of its first record.
    pub(crate) owner: Cow<'a, [u8]>,
    pub(crate) flags: u8,
    /// Its first label is `*`: kept here because the octets of a million owners are far away.
    wildcard: bool,
    /// Its records' place among the keys.
    first: u32,
    count: u32,
    /// How many names are one label below it.
    pub(crate) children: u32,
}

/// One record: the hash of its owner, its layer, its place there.
#[derive(Clone, Copy)]
struct Key {
    hash: u64,
    layer: u16,
    index: u32,
}

impl Key {
    /// Keys are sorted by this: by hash, then by layer, then by place. One number is compared without a branch.
    fn order(self) -> u128 {
        u128::from(self.hash) << 64 | u128::from(self.layer) << 32 | u128::from(self.index)
    }
}

impl<'a> Gathered<'a> {
    /// Gathers the names of the zone at `apex`; `empty` names exist without records beside what the layers say.
    pub(crate) fn new(apex: &[u8], layers: &'a [Layer<'a>], empty: &[Name]) -> Self {
        let Keys { keys, deep } = keys(apex, layers);
        let mut gathered = Gathered { layers, nodes: Vec::with_capacity(keys.len()), keys };
        gathered.group(apex);
        if deep || !empty.is_empty() {
            gathered.add_empty_names(apex, empty);
        }
        gathered.count_children(apex);
        gathered.mark_wildcard_parents();
        gathered.mark_occluded(apex);
        gathered
    }

    /// A name's records, in the order they were written.
    pub(crate) fn records(&self, node: &Gathering<'a>) -> impl Iterator<Item = Record<'a>> {
        self.keys[node.first as usize..][..node.count as usize].iter().filter_map(|key| record(self.layers, *key))
    }

    /// Makes a node of each owner; a name's records are those of the first layer that has any.
    fn group(&mut self, apex: &[u8]) {
        self.keys.sort_unstable_by_key(|key| key.order());
        let owner = |key: Key| record(self.layers, key).map_or(&[][..], |record| record.owner);
        let mut start = 0;
        while start < self.keys.len() {
            let hash = self.keys[start].hash;
            let run = self.keys[start..].iter().take_while(|key| key.hash == hash).count();
            let run = &mut self.keys[start..start + run];
            let first = owner(run[0]);
            if !run.iter().all(|key| owner(*key).eq_ignore_ascii_case(first)) {
                // Two names share a hash: they are told apart here and by every look-up.
                run.sort_by_key(|key| (owner(*key).to_ascii_lowercase(), key.order()));
            }
            let end = start + run.len();
            while start < end {
                let key = self.keys[start];
                let name = owner(key);
                let same =
                    self.keys[start..end].iter().take_while(|other| owner(**other).eq_ignore_ascii_case(name)).count();
                let count = self.keys[start..start + same].iter().take_while(|other| other.layer == key.layer).count();
                let mut flags = if key.layer > 0 { flag::INHERITED } else { 0 };
                for record in self.keys[start..start + count].iter().filter_map(|key| record(self.layers, *key)) {
                    flags |= type_flags(record.rtype, name.len() > apex.len());
                }
                // `Records` holds fewer than 2^32 records.
                self.nodes.push(Gathering {
                    hash,
                    owner: Cow::Borrowed(name),
                    flags,
                    wildcard: is_wildcard(name, apex),
                    first: start as u32,
                    count: count as u32,
                    children: 0,
                });
                start += same;
            }
        }
    }

    /// Adds the empty non-terminals (RFC 4592 section 2.2.2): names without records above names with records.
    fn add_empty_names(&mut self, apex: &[u8], empty: &[Name]) {
        let index = HashIndex::new(&self.nodes);
        let mut missing: HashSet<Vec<u8>> = HashSet::new();
        let given = empty.iter().map(|name| Cow::Borrowed(name.as_slice()));
        let names = self.nodes.iter().map(|node| node.owner.clone());
        for (name, itself) in given.map(|name| (name, true)).chain(names.map(|name| (name, false))) {
            let itself = itself.then_some(&*name);
            for candidate in itself.into_iter().chain(between(&name, apex)) {
                if index.find(&self.nodes, candidate).is_some() || !missing.insert(candidate.to_ascii_lowercase()) {
                    break;
                }
            }
        }
        if missing.is_empty() {
            return;
        }
        self.nodes.extend(missing.into_iter().map(|owner| {
            let hash = hash_of(&owner);
            let wildcard = is_wildcard(&owner, apex);
            Gathering { hash, owner: Cow::Owned(owner), flags: 0, wildcard, first: 0, count: 0, children: 0 }
        }));
        self.nodes.sort_unstable_by(|a, b| (a.hash, &a.owner).cmp(&(b.hash, &b.owner)));
    }

    fn count_children(&mut self, apex: &[u8]) {
        let index = HashIndex::new(&self.nodes);
        // Most names stand right below the apex.
        let mut below_apex = 0;
        for at in 0..self.nodes.len() {
            let owner = self.nodes[at].owner.clone();
            if owner.len() <= apex.len() {
                continue;
            }
            match between(&owner, apex).next() {
                Some(parent) => {
                    if let Some(parent) = index.find(&self.nodes, parent) {
                        self.nodes[parent].children += 1;
                    }
                }
                None => below_apex += 1,
            }
        }
        if let Some(apex) = index.find(&self.nodes, apex) {
            self.nodes[apex].children = below_apex;
        }
    }

    fn mark_wildcard_parents(&mut self) {
        let parent = |node: &Gathering<'a>| node.wildcard.then(|| node.owner[2..].to_vec());
        let parents: Vec<Vec<u8>> = self.nodes.iter().filter_map(parent).collect();
        if parents.is_empty() {
            return;
        }
        let index = HashIndex::new(&self.nodes);
        for parent in parents {
            if let Some(at) = index.find(&self.nodes, &parent) {
                self.nodes[at].flags |= flag::WILDCARD;
            }
        }
    }

    /// What lies below a zone cut or a DNAME is not authoritative.
    fn mark_occluded(&mut self, apex: &[u8]) {
        const CUT: u8 = flag::CUT | flag::DNAME;
        if !self.nodes.iter().any(|node| node.flags & CUT != 0) {
            return;
        }
        let index = HashIndex::new(&self.nodes);
        let is_cut = |name: &[u8]| index.find(&self.nodes, name).is_some_and(|at| self.nodes[at].flags & CUT != 0);
        let below_apex = is_cut(apex);
        let hidden: Vec<usize> = (0..self.nodes.len())
            .filter(|at| {
                let owner = &self.nodes[*at].owner;
                owner.len() > apex.len() && (below_apex || between(owner, apex).any(is_cut))
            })
            .collect();
        for at in hidden {
            self.nodes[at].flags |= flag::OCCLUDED;
        }
    }
}

fn record<'a>(layers: &[Layer<'a>], key: Key) -> Option<Record<'a>> {
    layers.get(usize::from(key.layer))?.records.get(key.index as usize)
}

/// The records of all layers that lie in the zone.
struct Keys {
    keys: Vec<Key>,
    /// Some owner is two labels or more below the apex, so that there may be empty non-terminals.
    deep: bool,
}

fn keys(apex: &[u8], layers: &[Layer<'_>]) -> Keys {
    let mut keys = Vec::with_capacity(layers.iter().map(|layer| layer.records.len()).sum());
    let mut deep = false;
    let mut name = SearchName::blank();
    for (layer, from) in (0u16..).zip(layers) {
        let mut last: (&[u8], Option<u64>) = (&[], None);
        for (index, record) in (0u32..).zip(from.records.iter()) {
            // Records of one owner stand together most of the time.
            if record.owner != last.0 {
                let inside = belongs(record.owner, apex, from.apex) && name.read(record.owner, 0).is_ok();
                last = (record.owner, inside.then(|| hash_name(&name)));
                deep |= inside && between(record.owner, apex).next().is_some();
            }
            keys.extend(last.1.map(|hash| Key { hash, layer, index }));
        }
    }
    Keys { keys, deep }
}

/// True when a layer's owner lies in the zone and the layer may speak for it.
fn belongs(owner: &[u8], apex: &[u8], apex_counts: bool) -> bool {
    if owner.eq_ignore_ascii_case(apex) {
        return apex_counts;
    }
    owner.len() > apex.len()
        && owner[owner.len() - apex.len()..].eq_ignore_ascii_case(apex)
        && ancestors(owner).any(|ancestor| ancestor.len() == apex.len())
}

fn is_wildcard(owner: &[u8], apex: &[u8]) -> bool {
    owner.len() > apex.len() && owner.starts_with(b"\x01*")
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

/// The names above a wire name and below the apex, nearest first.
fn between<'n>(wire: &'n [u8], apex: &[u8]) -> impl Iterator<Item = &'n [u8]> {
    let apex = apex.len();
    ancestors(wire).take_while(move |ancestor| ancestor.len() > apex)
}

fn hash_of(wire: &[u8]) -> u64 {
    SearchName::new(wire, 0).map_or(0, |name| hash_name(&name))
}

/// Finds nodes by hash in one step: where the nodes of each leading part of the hash begin.
struct HashIndex {
    starts: Vec<u32>,
    bits: u32,
}

impl HashIndex {
    /// `nodes` are sorted by hash.
    fn new(nodes: &[Gathering<'_>]) -> Self {
        let bits = nodes.len().next_power_of_two().trailing_zeros();
        let mut index = HashIndex { starts: vec![0; (1 << bits) + 1], bits };
        for node in nodes {
            let bucket = index.bucket(node.hash);
            index.starts[bucket + 1] += 1;
        }
        for bucket in 1..index.starts.len() {
            index.starts[bucket] += index.starts[bucket - 1];
        }
        index
    }

    fn bucket(&self, hash: u64) -> usize {
        (hash >> 1 >> (63 - self.bits)) as usize
    }

    /// The place of a name among the nodes that the index was made of.
    fn find(&self, nodes: &[Gathering<'_>], name: &[u8]) -> Option<usize> {
        let hash = hash_of(name);
        let bucket = self.bucket(hash);
        (self.starts[bucket] as usize..self.starts[bucket + 1] as usize)
            .find(|at| nodes[*at].hash == hash && nodes[*at].owner.eq_ignore_ascii_case(name))
    }
}
