//! What stands in the zone files while orders are placed one after the other: what serves, and on it the edits before.

use super::Published;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::edit::Placed;
use crate::edit::RecordEdit;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// The records of one name by type number: data in wire format.
pub(super) type Sets = BTreeMap<u16, Vec<Vec<u8>>>;

/// A zone file by its horizon and apex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ZoneKey {
    pub(super) horizon: String,
    pub(super) origin: Name,
}

/// The zone files' content as the orders so far leave it.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    published: &'a Published,
    /// Names that an order before has changed, by horizon.
    touched: HashMap<(String, Name), Sets>,
}

impl<'a> Standing<'a> {
    pub(super) fn new(published: &'a Published) -> Self {
        Standing { published, touched: HashMap::new() }
    }

    pub(super) fn published(&self) -> &'a Published {
        self.published
    }

    /// The zone files of one horizon, or of all, in the order of the config.
    pub(super) fn zones(&self, horizon: Option<&str>) -> impl Iterator<Item = ZoneKey> {
        let views =
            self.published.snapshot.views.iter().filter(move |view| horizon.is_none_or(|name| name == view.name));
        views.flat_map(|view| {
            let own = self.published.zones.iter().filter(|zone| zone.horizon == view.name);
            own.map(|zone| ZoneKey { horizon: zone.horizon.clone(), origin: zone.records.origin().clone() })
        })
    }

    /// The zone file of a horizon that a name belongs into: the one with the longest origin at or above it.
    pub(super) fn zone_of(&self, horizon: &str, name: &Name) -> Option<ZoneKey> {
        let above = self.zones(Some(horizon)).filter(|zone| name.ends_with(&zone.origin));
        above.max_by_key(|zone| zone.origin.label_count())
    }

    /// The same of each horizon that has one.
    pub(super) fn zones_of(&self, name: &Name) -> Vec<ZoneKey> {
        self.published.snapshot.views.iter().filter_map(|view| self.zone_of(&view.name, name)).collect()
    }

    /// The records of a name in a zone file; empty for a name that is not there.
    pub(super) fn at(&self, zone: &ZoneKey, owner: &Name) -> Sets {
        if let Some(sets) = self.touched.get(&(zone.horizon.clone(), owner.clone())) {
            return sets.clone();
        }
        let seen = self.published.snapshot.view(&zone.horizon).and_then(|view| view.zones.zone(&zone.origin));
        match seen.and_then(|seen| seen.zone.records_at(owner)) {
            Some((false, sets)) => sets.into_iter().map(|set| (set.rtype.to_int(), set.data)).collect(),
            // Inherited names are edited where they are owned.
            Some((true, _)) | None => Sets::new(),
        }
    }

    /// True when some zone file of these has records at the name.
    pub(super) fn exists(&self, horizon: Option<&str>, name: &Name) -> bool {
        let zones = self.zones_of(name);
        zones.iter().any(|zone| horizon.is_none_or(|only| only == zone.horizon) && !self.at(zone, name).is_empty())
    }

    /// The PTR records of a horizon's reverse zones that lead to a name, as owner and zone file; walks those zones.
    pub(super) fn pointers(&self, horizon: &str, target: &Name) -> Vec<(ZoneKey, Name)> {
        let leads = |sets: &Sets| {
            let data = sets.get(&Rtype::PTR.to_int());
            data.is_some_and(|data| data.iter().any(|data| data.eq_ignore_ascii_case(target.as_slice())))
        };
        let mut found: Vec<Name> = Vec::new();
        for zone in self.published.zones.iter().filter(|zone| zone.horizon == horizon) {
            if !is_reverse(zone.records.origin()) {
                continue;
            }
            let records = zone.records.iter().filter(|record| record.rtype == Rtype::PTR);
            let here = records.filter(|record| record.data.eq_ignore_ascii_case(target.as_slice()));
            found.extend(here.filter_map(|record| crate::dns::name_from_wire(record.owner).ok()));
        }
        let touched = self.touched.keys().filter(|(other, owner)| other == horizon && is_reverse(owner));
        let mut touched: Vec<Name> = touched.map(|(_, owner)| owner.clone()).collect();
        touched.sort_unstable();
        found.extend(touched);
        let mut seen = Vec::new();
        for owner in found {
            let Some(zone) = self.zone_of(horizon, &owner) else { continue };
            if leads(&self.at(&zone, &owner)) && !seen.iter().any(|(_, known)| *known == owner) {
                seen.push((zone, owner));
            }
        }
        seen
    }

    /// Takes an edit as made: orders after it see what it leaves.
    pub(super) fn apply(&mut self, placed: &Placed) {
        let zone = ZoneKey { horizon: placed.horizon.clone(), origin: placed.origin.clone() };
        match &placed.edit {
            RecordEdit::Set { owner, rtype, data, .. } => {
                self.change(&zone, owner, |sets| drop(sets.insert(rtype.to_int(), data.clone())));
            }
            RecordEdit::Add { owner, rtype, data, .. } => self.change(&zone, owner, |sets| {
                let set = sets.entry(rtype.to_int()).or_default();
                set.extend(data.iter().filter(|data| !set.contains(data)).cloned().collect::<Vec<_>>());
            }),
            RecordEdit::Remove { owner, rtype, data } => self.change(&zone, owner, |sets| {
                sets.retain(|known, set| {
                    if rtype.is_some_and(|rtype| rtype.to_int() != *known) {
                        return true;
                    }
                    match data {
                        Some(data) => set.retain(|known| known != data),
                        None => set.clear(),
                    }
                    !set.is_empty()
                });
            }),
            RecordEdit::Move { from, to, keep_cname } => {
                let sets = self.at(&zone, from);
                self.change(&zone, to, |there| there.extend(sets));
                self.change(&zone, from, |sets| {
                    sets.clear();
                    if *keep_cname {
                        sets.insert(Rtype::CNAME.to_int(), vec![to.as_slice().to_vec()]);
                    }
                });
            }
        }
    }

    /// Takes these for the records of a name.
    pub(super) fn begin_with(&mut self, zone: &ZoneKey, owner: &Name, sets: Sets) {
        self.touched.insert((zone.horizon.clone(), owner.clone()), sets);
    }

    fn change(&mut self, zone: &ZoneKey, owner: &Name, change: impl FnOnce(&mut Sets)) {
        let mut sets = self.at(zone, owner);
        change(&mut sets);
        self.touched.insert((zone.horizon.clone(), owner.clone()), sets);
    }
}

/// True below `in-addr.arpa` and `ip6.arpa`.
pub(super) fn is_reverse(name: &Name) -> bool {
    [&b"\x07in-addr\x04arpa\0"[..], b"\x03ip6\x04arpa\0"]
        .iter()
        .any(|apex| name.len() > apex.len() && crate::dns::is_at_or_below(name.as_slice(), apex))
}
