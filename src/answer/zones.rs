//! All zones that one horizon sees: the zone with the longest matching origin is the one that answers.

use super::name::SearchName;
use super::special::special_zones;
use super::table::{Belongs, Found, Located, SeenZone, ZoneTable};
use crate::dns::Name;
use std::sync::Arc;

/// The zones of one horizon, and behind them the built-in special-use zones.
#[derive(Debug, Clone)]
pub struct Zones {
    own: ZoneTable,
    special: Arc<ZoneTable>,
    /// Names at and below which others are asked.
    routes: Arc<[Name]>,
}

impl Zones {
    /// Puts zones together; of two with one origin the first counts.
    pub fn new(zones: Vec<SeenZone>) -> Self {
        Zones::beside(zones, Arc::from([]), special_zones())
    }

    /// As [`Zones::new`]; names at and below one of `routes` belong to no zone, unless there is one at or below it that is
    /// nearer to the name. So a route goes before the built-in zones, which are `special`, and before a zone that it lies in.
    pub(crate) fn beside(zones: Vec<SeenZone>, routes: Arc<[Name]>, special: Arc<ZoneTable>) -> Self {
        let places = routes.iter().filter_map(|route| SearchName::new(route.as_slice(), 0).ok());
        let mut own = ZoneTable::new(zones, places.collect());
        own.stand_above(&special);
        Zones { own, special, routes }
    }

    /// Other zones in the place of these, beside the same routes.
    pub(crate) fn with(&self, zones: Vec<SeenZone>) -> Self {
        Zones::beside(zones, Arc::clone(&self.routes), Arc::clone(&self.special))
    }

    /// The horizon's zones without the built-in ones, in the order given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SeenZone> {
        self.own.iter()
    }

    /// The zone with this apex, the built-in ones left out.
    pub fn zone(&self, origin: &Name) -> Option<&SeenZone> {
        self.own.iter().find(|seen| seen.zone.origin() == origin)
    }

    /// Finds the zone nearest above a name. `parent_side`: a zone whose apex is the name itself counts only when no zone
    /// above is here, as RFC 4035 section 3.1.4.1 wants for DS.
    pub(crate) fn locate(&self, name: &SearchName, parent_side: bool) -> Option<Located<'_>> {
        let route = match self.own.locate(name, parent_side, false) {
            Belongs::Zone(located) => return Some(located),
            Belongs::Route(labels) => Some(labels),
            Belongs::Nowhere => None,
        };
        match self.special.locate(name, parent_side, true) {
            Belongs::Zone(located) if route.is_none_or(|labels| located.zone.origin_labels() > labels) => Some(located),
            _ => None,
        }
    }

    /// What [`Zones::locate`] found, found again without a search.
    pub(crate) fn recall(&self, found: Found) -> Option<Located<'_>> {
        let table = if found.is_special() { &*self.special } else { &self.own };
        table.recall(found)
    }
}
