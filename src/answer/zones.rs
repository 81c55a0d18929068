//! All zones that one horizon sees: the zone with the longest matching origin is the one that answers.

use super::name::{ROOT_HASH, SearchName};
use super::special::special_zones;
use super::zone::Zone;
use crate::dns::Name;
use std::sync::Arc;

/// The zones of one horizon, and behind them the built-in special-use zones.
#[derive(Debug, Clone)]
pub struct Zones {
    own: ZoneTable,
    special: Arc<ZoneTable>,
}

/// One zone as a horizon sees it.
#[derive(Debug, Clone)]
pub struct SeenZone {
    /// The compiled zone.
    pub zone: Arc<Zone>,
    /// True when all of it comes from the horizon that this one inherits from.
    pub inherited: bool,
}

/// The zone that answers for a name.
#[derive(Clone, Copy)]
pub(crate) struct Located<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) inherited: bool,
    pub(crate) special: bool,
    /// The zone's place among those of its kind.
    index: u32,
    /// The hash of the whole name.
    pub(crate) hash: u64,
}

/// A [`Located`] that borrows nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    special: bool,
    index: u32,
    hash: u64,
}

impl Found {
    /// The hash of the whole name.
    pub(crate) fn hash(self) -> u64 {
        self.hash
    }
}

impl From<Located<'_>> for Found {
    fn from(located: Located<'_>) -> Self {
        Found { special: located.special, index: located.index, hash: located.hash }
    }
}

impl Zones {
    /// Puts zones together; of two with one origin the first counts.
    pub fn new(zones: Vec<SeenZone>) -> Self {
        Zones { own: ZoneTable::new(zones), special: special_zones() }
    }

    /// The horizon's zones without the built-in ones, in the order given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SeenZone> {
        self.own.zones.iter()
    }

    /// The zone with this apex, the built-in ones left out.
    pub fn zone(&self, origin: &Name) -> Option<&SeenZone> {
        self.own.zones.iter().find(|seen| seen.zone.origin() == origin)
    }

    /// Finds the zone nearest above a name. `parent_side`: a zone whose apex is the name itself counts only when no zone
    /// above is here, as RFC 4035 section 3.1.4.1 wants for DS.
    pub(crate) fn locate(&self, name: &SearchName, parent_side: bool) -> Option<Located<'_>> {
        self.own.locate(name, parent_side, false).or_else(|| self.special.locate(name, parent_side, true))
    }

    /// What [`Zones::locate`] found, found again without a search.
    pub(crate) fn recall(&self, found: Found) -> Option<Located<'_>> {
        let table = if found.special { &*self.special } else { &self.own };
        let seen = table.zones.get(found.index as usize)?;
        let Found { special, index, hash } = found;
        Some(Located { zone: &seen.zone, inherited: seen.inherited, special, index, hash })
    }
}

/// Zones by the hash of their origin.
#[derive(Debug, Clone)]
pub(crate) struct ZoneTable {
    zones: Vec<SeenZone>,
    /// Open addressing; an index into `zones` plus one, or 0. The length is a power of two, at least twice the zones.
    slots: Box<[(u64, u32)]>,
    /// Bit n is set when some origin has n labels: other suffixes of a name need no look.
    depths: u128,
}

impl ZoneTable {
    pub(crate) fn new(zones: Vec<SeenZone>) -> Self {
        let length = (zones.len() * 2).next_power_of_two();
        let mut table = ZoneTable { zones: Vec::new(), slots: vec![(0, 0); length].into_boxed_slice(), depths: 0 };
        for seen in zones {
            let (hash, labels) = (seen.zone.origin_hash(), seen.zone.origin_labels());
            if table.find(hash, seen.zone.origin_wire()).is_none() {
                let mut slot = hash as usize & (length - 1);
                while table.slots[slot].1 != 0 {
                    slot = (slot + 1) & (length - 1);
                }
                table.depths |= 1 << labels;
                table.zones.push(seen);
                table.slots[slot] = (hash, table.zones.len() as u32);
            }
        }
        table
    }

    fn find(&self, hash: u64, origin: &[u8]) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let (at, index) = self.slots[slot];
            let index = index.checked_sub(1)?;
            if at == hash && self.zones.get(index as usize)?.zone.origin_wire() == origin {
                return Some(index);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn locate(&self, name: &SearchName, parent_side: bool, special: bool) -> Option<Located<'_>> {
        let mut best = None;
        let mut hash = ROOT_HASH;
        for labels in 0..=name.labels() {
            if labels > 0 {
                hash = name.extend_hash(hash, labels);
            }
            let at_apex = labels == name.labels();
            if self.depths >> labels & 1 == 1
                && !(parent_side && at_apex && best.is_some())
                && let Some(index) = self.find(hash, name.suffix(labels))
            {
                best = Some(index);
            }
        }
        let index = best?;
        let seen = self.zones.get(index as usize)?;
        Some(Located { zone: &seen.zone, inherited: seen.inherited, special, index, hash })
    }
}
