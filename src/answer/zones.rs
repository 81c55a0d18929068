//! All zones that one horizon sees: the zone with the longest matching origin is the one that answers.

use super::name::SearchName;
use super::special::special_zones;
use super::table::{Found, Located, SeenZone, ZoneTable};
use crate::dns::Name;
use std::sync::Arc;

/// The zones of one horizon, and behind them the built-in special-use zones.
#[derive(Debug, Clone)]
pub struct Zones {
    own: ZoneTable,
    special: Arc<ZoneTable>,
}

impl Zones {
    /// Puts zones together; of two with one origin the first counts.
    pub fn new(zones: Vec<SeenZone>) -> Self {
        let (mut own, special) = (ZoneTable::new(zones), special_zones());
        own.stand_above(&special);
        Zones { own, special }
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
        self.own.locate(name, parent_side, false).or_else(|| self.special.locate(name, parent_side, true))
    }

    /// What [`Zones::locate`] found, found again without a search.
    pub(crate) fn recall(&self, found: Found) -> Option<Located<'_>> {
        let table = if found.is_special() { &*self.special } else { &self.own };
        table.recall(found)
    }
}
