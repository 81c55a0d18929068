//! What the static checks look at.

use crate::dns::{Name, Rtype};
use crate::finding::Place;
use crate::inventory::Inventory;
use crate::snapshot::Snapshot;
use std::fmt;
use std::net::IpAddr;

/// Says where a record of a horizon is written: horizon, owner, type.
pub type PlaceOf<'a> = &'a dyn Fn(&str, &Name, Rtype) -> Option<Place>;

/// Everything that an assessment is a function of.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The candidate, with its settings.
    pub snapshot: &'a Snapshot,
    /// The inventory; none when there is none.
    pub inventory: Option<&'a Inventory>,
    /// Another address in the place of the CA's.
    pub asker: Option<IpAddr>,
    /// Whether some key may write the challenge values of a name; none when nobody knows.
    pub covered: Option<&'a dyn Fn(&Name) -> bool>,
    /// Names that somebody asks about, wanted or not, in lower case without a final dot.
    pub also: &'a [String],
    /// Where records are written; none when nobody knows.
    pub place_of: Option<PlaceOf<'a>>,
}

impl<'a> Ground<'a> {
    /// A snapshot and its inventory, nothing else known.
    pub fn new(snapshot: &'a Snapshot, inventory: Option<&'a Inventory>) -> Self {
        Ground { snapshot, inventory, asker: None, covered: None, also: &[], place_of: None }
    }

    pub(super) fn place(&self, horizon: &str, owner: &Name, rtype: Rtype) -> Option<Place> {
        self.place_of.and_then(|place_of| place_of(horizon, owner, rtype))
    }
}

impl fmt::Debug for Ground<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").field("asker", &self.asker).finish_non_exhaustive()
    }
}
