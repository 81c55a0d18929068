//! What an edit comes to: names whose records differ before and after.

use crate::dns::Name;
use crate::zone::RrSet;

/// The records of one name in one zone file, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameChange {
    /// The owner, absolute.
    pub owner: Name,
    /// What the file holds there now, by ascending type; nothing for a new name.
    pub before: Vec<RrSet>,
    /// What it is to hold, by ascending type; nothing for a name that goes.
    pub after: Vec<RrSet>,
}

/// The names that change in the zone file of one horizon; the serial of the SOA is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneChange {
    /// The horizon's name.
    pub horizon: String,
    /// The zone's apex.
    pub origin: Name,
    /// Each owner once, in the order in which they were asked for, or, of two texts, in that of the new one.
    pub names: Vec<NameChange>,
}
