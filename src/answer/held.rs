//! What stands at a name of a compiled zone, for those who edit: off the query path, so it may allocate.

use super::name::SearchName;
use super::name::hash_name;
use super::node::flag;
use super::zone::Zone;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::zone::RrSet;

impl Zone {
    /// The RRsets at a name itself, by ascending type: no wildcard stands in, no alias and no cut is followed.
    ///
    /// None for a name that is not there or that is inherited from another horizon; empty for one that only has names below
    /// it. Costs one look-up.
    pub fn held(&self, name: &Name) -> Option<Vec<RrSet>> {
        if !name.ends_with(self.origin()) {
            return None;
        }
        let search = SearchName::new(name.as_slice(), 0).ok()?;
        let node = self.find(hash_name(&search), self.relative(&search, search.labels()))?;
        if node.has(flag::INHERITED) {
            return None;
        }
        let sets = node.rrsets().map(|set| RrSet {
            rtype: Rtype::from_int(set.rtype),
            ttl: set.ttl,
            data: set.records().map(|record| record.data.to_vec()).collect(),
        });
        Some(sets.collect())
    }
}
