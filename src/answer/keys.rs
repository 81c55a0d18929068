//! One small key for each record, and for each name that exists for the sake of one below it, sorted by the hash of the
//! name: what a zone of millions is put in order by. The records stay where they are.

use super::gather::Layer;
use super::name::{SearchName, hash_name};
use super::node::rtype;
use super::zone::shard_of;
use crate::dns::Name;
use crate::pace::{breathe, breathe_at, filled, passing};
use crate::zone::Record;

/// Says that a name exists: by a record of its own, or by a name below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// The hash of the name.
    pub(super) hash: u64,
    /// A record's place in its layer.
    index: u32,
    /// The record's layer; [`GIVEN`] for a name that was given without a record.
    pub(super) layer: u16,
    pub(super) kind: Kind,
    /// How many labels the record's owner has beyond the name.
    up: u8,
}

/// How a name is known to exist. Records come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It owns a record.
    Record,
    /// It was said to exist.
    Empty,
    /// A name stands below it.
    Parent,
    /// A wildcard stands right below it.
    WildcardParent,
}

/// The layer of keys of names that own no record.
const GIVEN: u16 = u16::MAX;

impl Key {
    /// Keys are sorted by this. One number is compared without a branch.
    pub(super) fn order(self) -> u128 {
        let place = u64::from(self.kind as u8) << 48 | u64::from(self.layer) << 32 | u64::from(self.index);
        u128::from(self.hash) << 64 | u128::from(place)
    }
}

/// The keys of all names in the zone, sorted.
pub(super) struct Keys<'a> {
    layers: &'a [Layer<'a>],
    empty: &'a [Name],
    sorted: Vec<Key>,
    /// Where the keys of each leading part of the hash begin, and behind the last where they end.
    starts: Vec<usize>,
    bits: u32,
    /// Owners of NS below the apex and of DNAME, with their hashes; some more than once, some hidden by an earlier layer.
    pub(super) cuts: Vec<(u64, &'a [u8])>,
}

impl<'a> Keys<'a> {
    /// Reads the owners of all layers, in the order in which they lie in memory.
    pub(super) fn new(apex: &SearchName, layers: &'a [Layer<'a>], empty: &'a [Name]) -> Self {
        let mut reader = Reader {
            apex,
            name: SearchName::blank(),
            hashes: [hash_name(apex); 128],
            // One for each record and given name, and one for the apex as their parent.
            keys: passing(layers.iter().map(|layer| layer.records.len()).sum::<usize>() + empty.len() + 1),
            above: Vec::new(),
            cuts: Vec::new(),
        };
        for (layer, from) in (0u16..GIVEN).zip(layers) {
            let mut last: (&[u8], Option<u64>) = (&[], None);
            for (index, record) in (0u32..).zip(from.records.iter()) {
                breathe_at(index as usize);
                // Records of one owner stand together most of the time.
                if record.owner != last.0 {
                    last = (record.owner, reader.read(record.owner, from.apex, index, layer));
                }
                let Some(hash) = last.1 else { continue };
                reader.keys.push(Key { hash, index, layer, kind: Kind::Record, up: 0 });
                reader.note_cut(hash, &record);
            }
        }
        for (index, name) in (0u32..).zip(empty) {
            if let Some(hash) = reader.read(name.as_slice(), true, index, GIVEN) {
                reader.keys.push(Key { hash, index, layer: GIVEN, kind: Kind::Empty, up: 0 });
            }
        }
        let Reader { keys, cuts, .. } = reader;
        let (sorted, starts, bits) = sort(&keys);
        Keys { layers, empty, sorted, starts, bits, cuts }
    }

    pub(super) fn all(&self) -> &[Key] {
        &self.sorted
    }

    /// The keys with a hash.
    pub(super) fn of(&self, hash: u64) -> &[Key] {
        let part = shard_of(hash, self.bits);
        let part = &self.sorted[self.starts[part]..self.starts[part + 1]];
        let first = part.partition_point(|key| key.hash < hash);
        let count = part[first..].partition_point(|key| key.hash == hash);
        &part[first..first + count]
    }

    /// The name of a key, in any case.
    pub(super) fn name(&self, key: Key) -> &'a [u8] {
        let mut name = match key.layer {
            GIVEN => self.empty.get(key.index as usize).map_or(&[][..], |name| name.as_slice()),
            _ => self.record(key).map_or(&[][..], |record| record.owner),
        };
        for _ in 0..key.up {
            name = parent(name);
        }
        name
    }

    /// The record of a key of that kind.
    pub(super) fn record(&self, key: Key) -> Option<Record<'a>> {
        self.layers.get(usize::from(key.layer))?.records.get(key.index as usize)
    }

    /// Reads from the places in memory that the records of these keys are at, so that they come near side by side and not
    /// one after the other.
    pub(super) fn reach(&self, keys: &[Key]) {
        for (layer, from) in (0u16..).zip(self.layers) {
            from.records.reach(&keys.iter().filter(|key| key.layer == layer).map(|key| key.index));
        }
    }
}

/// The name above; a name is at least the root.
pub(super) fn parent(wire: &[u8]) -> &[u8] {
    wire.get(1 + usize::from(wire.first().copied().unwrap_or(0))..).unwrap_or_default()
}

/// Keys in the making.
struct Reader<'a, 'k> {
    apex: &'k SearchName,
    name: SearchName,
    /// The hashes of the name and of those above it, that of the apex first.
    hashes: [u64; 128],
    keys: Vec<Key>,
    /// The names above the owner read last, the apex first: they have their keys.
    above: Vec<&'a [u8]>,
    cuts: Vec<(u64, &'a [u8])>,
}

impl<'a> Reader<'a, '_> {
    /// Makes the keys of the names above an owner. Returns its hash; None when it does not belong into the zone, as the
    /// apex of a layer that may not speak for it.
    fn read(&mut self, owner: &'a [u8], apex_counts: bool, index: u32, layer: u16) -> Option<u64> {
        self.name.read(owner, 0).ok()?;
        let apex_labels = self.apex.labels();
        if !self.name.is_at_or_below(self.apex.wire(), apex_labels) {
            return None;
        }
        let depth = self.name.labels() - apex_labels;
        if depth == 0 {
            return apex_counts.then_some(self.hashes[0]);
        }
        for below in 1..=depth {
            self.hashes[below] = self.name.extend_hash(self.hashes[below - 1], apex_labels + below);
        }
        let mut name = owner;
        for up in 1..=depth {
            let wildcard = name.starts_with(b"\x01*");
            name = parent(name);
            let level = depth - up;
            let known = self.above.get(level).is_some_and(|above| *above == name);
            if wildcard || !known {
                let kind = if wildcard { Kind::WildcardParent } else { Kind::Parent };
                // A name has at most 127 labels.
                self.keys.push(Key { hash: self.hashes[level], index, layer, kind, up: up as u8 });
            }
            if known {
                break;
            }
            // What is not known has its place among those of the owner read last, or behind them.
            self.above.resize(self.above.len().max(level + 1), &[]);
            self.above[level] = name;
        }
        Some(self.hashes[depth])
    }

    fn note_cut(&mut self, hash: u64, record: &Record<'a>) {
        let cuts = match record.rtype.to_int() {
            rtype::NS => record.owner.len() > self.apex.wire().len(),
            rtype::DNAME => true,
            _ => false,
        };
        if cuts && self.cuts.last().is_none_or(|last| last.1 != record.owner) {
            self.cuts.push((hash, record.owner));
        }
    }
}

/// Keys in a part that is sorted at once: they fit into the nearest cache.
const KEYS_PER_PART: usize = 512;

/// Sorts keys: dealt out by the leading bits of the hash, then each part for itself.
fn sort(keys: &[Key]) -> (Vec<Key>, Vec<usize>, u32) {
    let bits = (keys.len() / KEYS_PER_PART).next_power_of_two().trailing_zeros();
    let mut starts = vec![0usize; (1 << bits) + 1];
    for (index, key) in keys.iter().enumerate() {
        breathe_at(index);
        starts[shard_of(key.hash, bits) + 1] += 1;
    }
    for part in 1..starts.len() {
        starts[part] += starts[part - 1];
    }
    let mut next = starts.clone();
    let mut sorted = filled(Key { hash: 0, index: 0, layer: 0, kind: Kind::Record, up: 0 }, keys.len());
    for (index, key) in keys.iter().enumerate() {
        breathe_at(index);
        let at = &mut next[shard_of(key.hash, bits)];
        sorted[*at] = *key;
        *at += 1;
    }
    for part in starts.windows(2) {
        breathe();
        sorted[part[0]..part[1]].sort_unstable_by_key(|key| key.order());
    }
    (sorted, starts, bits)
}
