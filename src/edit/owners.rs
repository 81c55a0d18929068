//! Finds the records of some names in a zone with one pass over it.

use crate::dns::Name;
use crate::pace::breathe_at;
use crate::zone::{Records, RrSet};
use std::collections::HashMap;

/// A few names among millions: most owners are put aside by their length and first letter.
pub(super) struct Owners {
    slots: HashMap<Vec<u8>, usize>,
    lengths: [bool; 256],
    firsts: [bool; 256],
}

impl Owners {
    /// Names by their place in the iteration; of equal ones the last.
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n [u8]>) -> Owners {
        let mut owners = Owners { slots: HashMap::new(), lengths: [false; 256], firsts: [false; 256] };
        for (slot, name) in names.enumerate() {
            owners.lengths[name.len() & 255] = true;
            owners.firsts[first(name)] = true;
            owners.slots.insert(name.to_ascii_lowercase(), slot);
        }
        owners
    }

    /// The place of an owner in wire format, if it is one of them; case is ignored.
    pub(super) fn slot(&self, owner: &[u8]) -> Option<usize> {
        if !self.lengths[owner.len() & 255] || !self.firsts[first(owner)] {
            return None;
        }
        let mut lower = [0; 256];
        let lower = lower.get_mut(..owner.len())?;
        lower.copy_from_slice(owner);
        lower.make_ascii_lowercase();
        self.slots.get(&*lower).copied()
    }
}

/// The first letter of a name, in lower case.
fn first(name: &[u8]) -> usize {
    name.get(1).map_or(0, |octet| usize::from(octet.to_ascii_lowercase()))
}

/// The records of each of the names, by ascending type, in one pass over the zone.
///
/// The TTL of a set is the lowest of its records, as it is served (RFC 2181 section 5.2); equal records are told once. Cost: 10 ns a record of the zone.
pub fn sets_of(records: &Records, names: &[Name]) -> Vec<Vec<RrSet>> {
    let owners = Owners::new(names.iter().map(Name::as_slice));
    let mut found: Vec<Vec<RrSet>> = vec![Vec::new(); names.len()];
    for (index, record) in records.iter().enumerate() {
        breathe_at(index);
        let Some(slot) = owners.slot(record.owner) else { continue };
        let sets = &mut found[slot];
        let number = record.rtype.to_int();
        let at = sets.binary_search_by_key(&number, |set| set.rtype.to_int()).unwrap_or_else(|at| {
            sets.insert(at, RrSet { rtype: record.rtype, ttl: record.ttl, data: Vec::new() });
            at
        });
        sets[at].ttl = sets[at].ttl.min(record.ttl);
        if !sets[at].data.iter().any(|data| data == record.data) {
            sets[at].data.push(record.data.to_vec());
        }
    }
    // Equal names share the place of the last of them.
    for (slot, name) in names.iter().enumerate() {
        if let Some(shared) = owners.slot(name.as_slice()).filter(|&shared| shared != slot) {
            found[slot] = found[shared].clone();
        }
    }
    found
}
