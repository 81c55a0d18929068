//! Zones by the hash of their origin: the zone nearest above a name is found in one pass over its labels.

use super::fold::is_same;
use super::name::{ROOT_HASH, SearchName, hash_name};
use super::node::Node;
use super::zone::{NodeOffset, Zone};
use std::sync::Arc;

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
    /// No other zone of the horizon lies below this one: it answers for every name that ends in its origin.
    pub(crate) alone: bool,
    /// The zone's place among those of its kind.
    index: u32,
    /// The hash of the whole name.
    pub(crate) hash: u64,
    /// Where the name's node most likely is, when it was looked for already.
    offset: Option<NodeOffset>,
}

impl<'a> Located<'a> {
    /// Another name in the same zone.
    pub(crate) fn with_hash(self, hash: u64) -> Self {
        Located { hash, offset: None, ..self }
    }

    /// The same, its node looked for; only slots are read for it.
    pub(super) fn looked_for(self) -> Self {
        Located { offset: self.zone.likely_offset(self.hash), ..self }
    }

    /// The node that most likely is the name's, when it was looked for already; its name is not compared.
    pub(super) fn likely(&self) -> Option<Node<'a>> {
        self.zone.node_at(self.hash, self.offset?)
    }

    /// The node of the name, which must be the one that was located.
    pub(super) fn find(&self, name: &SearchName) -> Option<Node<'a>> {
        let relative = self.zone.relative(name, name.labels());
        let likely = self.likely().filter(|node| is_same(node.relative(), relative));
        likely.or_else(|| self.zone.find(self.hash, relative))
    }
}

/// A [`Located`] that borrows nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    special: bool,
    index: u32,
    hash: u64,
    offset: Option<NodeOffset>,
}

impl Found {
    /// The hash of the whole name.
    pub(crate) fn hash(self) -> u64 {
        self.hash
    }

    /// Whether the zone is one of the built-in ones.
    pub(crate) fn is_special(self) -> bool {
        self.special
    }
}

impl From<Located<'_>> for Found {
    fn from(located: Located<'_>) -> Self {
        let Located { special, index, hash, offset, .. } = located;
        Found { special, index, hash, offset }
    }
}

/// Where a name belongs.
pub(crate) enum Belongs<'a> {
    /// To a zone.
    Zone(Located<'a>),
    /// To those who are asked for the names below another name, which has so many labels.
    Route(usize),
    /// To nobody here.
    Nowhere,
}

/// Zones by the hash of their origin, and names at and below which others are asked.
#[derive(Debug, Clone)]
pub(crate) struct ZoneTable {
    zones: Vec<SeenZone>,
    routes: Vec<SearchName>,
    /// Open addressing; an index into `zones` and behind them `routes`, plus one, or 0. The length is a power of two, at
    /// least twice their number.
    slots: Box<[(u64, u32)]>,
    /// Bit n is set when some origin has n labels: other suffixes of a name need no look.
    depths: u128,
    /// Whether each zone is one that no other lies below.
    alone: Vec<bool>,
}

impl ZoneTable {
    /// Puts zones and routes together; of two with one name the first counts, and a zone before a route.
    pub(crate) fn new(zones: Vec<SeenZone>, routes: Vec<SearchName>) -> Self {
        let length = ((zones.len() + routes.len()) * 2).next_power_of_two();
        let slots = vec![(0, 0); length].into_boxed_slice();
        let mut table = ZoneTable { zones: Vec::new(), routes: Vec::new(), slots, depths: 0, alone: Vec::new() };
        for seen in zones {
            let zone = Arc::clone(&seen.zone);
            if table.find(zone.origin_hash(), zone.origin_wire()).is_none() {
                table.zones.push(seen);
                table.enter(zone.origin_hash(), zone.origin_labels());
            }
        }
        for route in routes {
            let (hash, labels) = (hash_name(&route), route.labels());
            if table.find(hash, route.wire()).is_none() {
                table.routes.push(route);
                table.enter(hash, labels);
            }
        }
        table.alone = vec![true; table.zones.len()];
        for index in 0..table.zones.len() {
            let origin = Arc::clone(&table.zones[index].zone);
            table.stands_below(origin.origin_search());
        }
        for index in 0..table.routes.len() {
            let route = table.routes[index].clone();
            table.stands_below(&route);
        }
        table
    }

    /// Gives the last zone or route its slot.
    fn enter(&mut self, hash: u64, labels: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while self.slots[slot].1 != 0 {
            slot = (slot + 1) & mask;
        }
        self.depths |= 1 << labels;
        self.slots[slot] = (hash, (self.zones.len() + self.routes.len()) as u32);
    }

    /// Notes that a zone with this origin is there: the zones above it are not alone.
    fn stands_below(&mut self, origin: &SearchName) {
        let mut hash = ROOT_HASH;
        for labels in 0..origin.labels() {
            if labels > 0 {
                hash = origin.extend_hash(hash, labels);
            }
            let above = self.find(hash, origin.suffix(labels));
            if let Some(alone) = above.and_then(|index| self.alone.get_mut(index as usize)) {
                *alone = false;
            }
        }
    }

    /// Notes the zones of another table, which is looked into after this one.
    pub(crate) fn stand_above(&mut self, others: &ZoneTable) {
        for seen in &others.zones {
            self.stands_below(seen.zone.origin_search());
        }
    }

    /// What [`ZoneTable::locate`] found, found again without a search.
    pub(crate) fn recall(&self, found: Found) -> Option<Located<'_>> {
        let seen = self.zones.get(found.index as usize)?;
        let Found { special, index, hash, offset } = found;
        Some(Located { offset, ..self.located(seen, special, index, hash) })
    }

    /// The zones, in the order given.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, SeenZone> {
        self.zones.iter()
    }

    fn find(&self, hash: u64, origin: &[u8]) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let (at, index) = self.slots[slot];
            let index = index.checked_sub(1)?;
            if at == hash && self.origin(index as usize).is_some_and(|known| is_same(known, origin)) {
                return Some(index);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn origin(&self, index: usize) -> Option<&[u8]> {
        match self.zones.get(index) {
            Some(seen) => Some(seen.zone.origin_wire()),
            None => self.routes.get(index - self.zones.len()).map(SearchName::wire),
        }
    }

    /// Finds the zone or route nearest above a name; see `Zones::locate`.
    pub(crate) fn locate(&self, name: &SearchName, parent_side: bool, special: bool) -> Belongs<'_> {
        let mut best = None;
        let mut hash = ROOT_HASH;
        let mut depths = self.depths;
        let mut labels = 0;
        loop {
            let at_apex = labels == name.labels();
            if depths & 1 == 1
                && !(parent_side && at_apex && best.is_some())
                && let Some(index) = self.find(hash, name.suffix(labels))
            {
                best = Some(index);
            }
            if at_apex {
                break;
            }
            depths >>= 1;
            labels += 1;
            hash = name.extend_hash(hash, labels);
        }
        let Some(index) = best else { return Belongs::Nowhere };
        match self.zones.get(index as usize) {
            Some(seen) => Belongs::Zone(self.located(seen, special, index, hash)),
            None => Belongs::Route(self.routes.get(index as usize - self.zones.len()).map_or(0, SearchName::labels)),
        }
    }

    fn located<'a>(&'a self, seen: &'a SeenZone, special: bool, index: u32, hash: u64) -> Located<'a> {
        // Zones of the operator may lie below a special one.
        let alone = !special && self.alone.get(index as usize).is_some_and(|alone| *alone);
        Located { zone: &seen.zone, inherited: seen.inherited, special, alone, index, hash, offset: None }
    }
}
