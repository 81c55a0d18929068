//! What names hold before an update, as the clients of one horizon see it and as its zone file has it.

use crate::dns::{Name, Rtype, is_at_or_below};
use crate::snapshot::{Snapshot, View};
use crate::zone::RrSet;

/// One zone in the horizons that a key may change.
#[derive(Debug)]
pub struct Standing<'s> {
    snapshot: &'s Snapshot,
    /// The zone's apex.
    pub origin: Name,
    /// The horizons that have the zone, in the order of the config.
    views: Vec<&'s View>,
}

impl<'s> Standing<'s> {
    /// The zone with this apex in these horizons, by name; all for none. None when no horizon at all has it.
    pub fn new(snapshot: &'s Snapshot, origin: &Name, horizons: Option<&[String]>) -> Option<Self> {
        let mut has = snapshot.views.iter().filter(|view| view.zones.zone(origin).is_some()).peekable();
        has.peek()?;
        let allowed = |view: &&View| horizons.is_none_or(|names| names.contains(&view.name));
        Some(Standing { snapshot, origin: origin.clone(), views: has.filter(allowed).collect() })
    }

    /// The names of the horizons.
    pub fn horizons(&self) -> impl ExactSizeIterator<Item = &'s str> + use<'s, '_> {
        self.views.iter().map(|view| view.name.as_str())
    }

    /// The horizons whose own zone file it is: one that only inherits the zone has nothing to edit.
    pub(super) fn own(&self) -> impl Iterator<Item = &'s str> + use<'s, '_> {
        let own = |view: &&&View| view.zones.zone(&self.origin).is_some_and(|seen| !seen.inherited);
        self.views.iter().filter(own).map(|view| view.name.as_str())
    }

    /// True when a name lies in this zone and in none below it.
    pub fn holds(&self, owner: &Name) -> bool {
        let below = |view: &&View| {
            view.zones.iter().any(|seen| {
                let apex = seen.zone.origin().as_slice();
                apex.len() > self.origin.as_slice().len() && is_at_or_below(owner.as_slice(), apex)
            })
        };
        is_at_or_below(owner.as_slice(), self.origin.as_slice()) && !self.views.iter().any(below)
    }

    /// What clients of a horizon see at a name, live challenge values with it.
    pub(super) fn seen(&self, horizon: &str, owner: &Name) -> Vec<RrSet> {
        let mut sets = self.records(horizon, owner).map_or_else(Vec::new, |(_, sets)| sets);
        let values = self.values(horizon, owner);
        if !values.is_empty() {
            match sets.iter_mut().find(|set| set.rtype == Rtype::TXT) {
                Some(set) => set.data.extend(values),
                None => sets.push(RrSet { rtype: Rtype::TXT, ttl: crate::answer::OVERLAY_TTL, data: values }),
            }
        }
        sets
    }

    /// What the horizon's own zone file holds at a name.
    pub(super) fn written(&self, horizon: &str, owner: &Name) -> Vec<RrSet> {
        match self.records(horizon, owner) {
            Some((false, sets)) => sets,
            // Inherited records are edited where they are owned.
            Some((true, _)) | None => Vec::new(),
        }
    }

    /// Whether some of these horizons sees a challenge value at a name.
    pub(super) fn has_values(&self, owner: &Name) -> bool {
        self.views.iter().any(|view| !self.values(&view.name, owner).is_empty())
    }

    fn records(&self, horizon: &str, owner: &Name) -> Option<(bool, Vec<RrSet>)> {
        let view = self.views.iter().find(|view| view.name == horizon)?;
        view.zones.zone(&self.origin)?.zone.records_at(owner)
    }

    fn values(&self, horizon: &str, owner: &Name) -> Vec<Vec<u8>> {
        if self.snapshot.overlay.is_empty() {
            return Vec::new();
        }
        let values = self.snapshot.overlay.values();
        let set = values.get(owner.as_slice().to_ascii_lowercase().as_slice());
        set.into_iter().flat_map(|set| set.seen_by(horizon)).map(|value| value.data.to_vec()).collect()
    }
}
