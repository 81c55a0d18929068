//! The names of a zone in the making: records grouped by owner, names without records added, flags set.
//!
//! A few hundred names at a time, because a zone may have millions: nothing is kept for each name but its keys.

use super::keys::{Key, Keys, Kind, parent};
use super::name::{SearchName, hash_name};
use super::node::flag;
use super::sets::type_flags;
use crate::dns::{Name, Rtype};
use crate::zone::{Record, Records};

/// Records that go into one compiled zone. The first layer that owns a name hides all its records in later ones.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// The records; those that are not at or below the zone's origin are passed over.
    pub records: &'a Records,
    /// Whether the records at the origin itself count: false for a layer that comes from an enclosing zone.
    pub apex: bool,
}

/// All names of the zone and the records behind them.
pub(super) struct Gathered<'a> {
    keys: Keys<'a>,
    apex: SearchName,
    apex_hash: u64,
    /// The names that hide those below them with their hashes, sorted by these; some more than once.
    cuts: Vec<(u64, &'a [u8])>,
    /// The apex is one of them.
    all_hidden: bool,
}

/// Some of a zone's names, side by side in the order of their hashes.
#[derive(Default)]
pub(super) struct Names<'a> {
    pub(super) names: Vec<Gathering<'a>>,
    keys: Vec<Key>,
}

/// One name on its way into the zone.
pub(super) struct Gathering<'a> {
    pub(super) hash: u64,
    /// Uncompressed wire format, in the case of its first record.
    pub(super) owner: &'a [u8],
    /// All but [`flag::PARENT`].
    pub(super) flags: u8,
    /// Names exist one label below it.
    pub(super) is_parent: bool,
    /// Its records' place among the keys that it was made of.
    first: usize,
    count: usize,
}

impl<'a> Gathered<'a> {
    /// Gathers the names of the zone at `apex`; `empty` names exist without records beside what the layers say.
    pub(super) fn new(apex: &SearchName, layers: &'a [Layer<'a>], empty: &'a [Name]) -> Self {
        let mut keys = Keys::new(apex, layers, empty);
        let mut cuts = std::mem::take(&mut keys.cuts);
        if layers.len() > 1 {
            let hides = |(hash, owner): &(u64, &[u8])| {
                let below = owner.len() > apex.wire().len();
                records_at(&keys, *hash, owner).any(|record| type_flags(record.rtype, below) & HIDES != 0)
            };
            cuts.retain(hides);
        }
        cuts.sort_unstable_by_key(|(hash, _)| *hash);
        let all_hidden = cuts.iter().any(|(_, owner)| owner.len() == apex.wire().len());
        Gathered { keys, apex: apex.clone(), apex_hash: hash_name(apex), cuts, all_hidden }
    }

    /// All keys, sorted by hash.
    pub(super) fn keys(&self) -> &[Key] {
        self.keys.all()
    }

    /// True when the zone has a SOA record at its apex.
    pub(super) fn has_soa(&self) -> bool {
        records_at(&self.keys, self.apex_hash, self.apex.wire()).any(|record| record.rtype == Rtype::SOA)
    }

    /// Makes the names of some keys, which are in order and hold all keys of each hash among them.
    pub(super) fn names(&self, keys: &[Key], names: &mut Names<'a>) {
        self.keys.reach(keys);
        names.names.clear();
        names.keys.clear();
        names.keys.extend_from_slice(keys);
        let mut start = 0;
        for hash in names.keys.chunk_by_mut(|a, b| a.hash == b.hash) {
            let first = self.keys.name(hash[0]);
            if !hash[1..].iter().all(|key| self.keys.name(*key).eq_ignore_ascii_case(first)) {
                // Names share a hash: they are told apart here and by every look-up.
                hash.sort_by_key(|key| (self.keys.name(*key).to_ascii_lowercase(), key.order()));
                for same in hash.chunk_by(|a, b| self.keys.name(*a).eq_ignore_ascii_case(self.keys.name(*b))) {
                    names.names.push(self.name(self.keys.name(same[0]), same, start));
                    start += same.len();
                }
            } else {
                names.names.push(self.name(first, hash, start));
                start += hash.len();
            }
        }
    }

    /// One name's records, in the order they were written.
    pub(super) fn records(&self, names: &Names<'a>, name: &Gathering<'a>) -> impl Iterator<Item = Record<'a>> {
        names.keys[name.first..][..name.count].iter().filter_map(|key| self.keys.record(*key))
    }

    /// A name's records are those of the first layer that has any.
    fn name(&self, owner: &'a [u8], keys: &[Key], first: usize) -> Gathering<'a> {
        let layer = keys[0].layer;
        let count = keys.iter().take_while(|key| key.kind == Kind::Record && key.layer == layer).count();
        let below = owner.len() > self.apex.wire().len();
        let mut flags = if count > 0 && layer > 0 { flag::INHERITED } else { 0 };
        for record in keys[..count].iter().filter_map(|key| self.keys.record(*key)) {
            flags |= type_flags(record.rtype, below);
        }
        let mut is_parent = false;
        // Keys of records of later layers may stand between.
        for key in keys[count..].iter().rev().take_while(|key| key.kind != Kind::Record) {
            match key.kind {
                Kind::WildcardParent => (is_parent, flags) = (true, flags | flag::WILDCARD),
                Kind::Parent => is_parent = true,
                Kind::Empty | Kind::Record => {}
            }
        }
        if below && self.is_hidden(owner) {
            flags |= flag::OCCLUDED;
        }
        Gathering { hash: keys[0].hash, owner, flags, is_parent, first, count }
    }

    /// What lies below a zone cut or a DNAME is not authoritative.
    fn is_hidden(&self, owner: &[u8]) -> bool {
        if self.cuts.is_empty() || self.all_hidden || parent(owner).len() == self.apex.wire().len() {
            return self.all_hidden;
        }
        let Ok(name) = SearchName::new(owner, 0) else { return false };
        let mut hash = self.apex_hash;
        (self.apex.labels() + 1..name.labels()).any(|labels| {
            hash = name.extend_hash(hash, labels);
            let first = self.cuts.partition_point(|cut| cut.0 < hash);
            let cuts = self.cuts[first..].iter().take_while(|cut| cut.0 == hash);
            cuts.into_iter().any(|cut| cut.1.eq_ignore_ascii_case(name.suffix(labels)))
        })
    }
}

/// Names with these flags hide what is below them.
const HIDES: u8 = flag::CUT | flag::DNAME;

/// The records of a name in the first layer that has any.
fn records_at<'k, 'a>(keys: &'k Keys<'a>, hash: u64, name: &'k [u8]) -> impl Iterator<Item = Record<'a>> + use<'k, 'a> {
    let own = keys.of(hash).iter().filter(|key| key.kind == Kind::Record);
    let mut own = own.filter(move |key| keys.name(**key).eq_ignore_ascii_case(name)).peekable();
    let layer = own.peek().map(|key| key.layer);
    own.take_while(move |key| Some(key.layer) == layer).filter_map(|key| keys.record(*key))
}
