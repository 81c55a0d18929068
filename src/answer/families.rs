//! How many names stand one label below each: counted while the shards are written, filled in afterwards.

use super::keys::parent;
use super::name::{SearchName, hash_name};
use super::node::MANY;
use super::zone::shard_of;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// The children of all names that have some.
pub(super) struct Families<'z> {
    apex: &'z SearchName,
    /// Names right below the apex, which are most of them.
    below_apex: u32,
    /// By the hash of the parent.
    families: HashMap<u64, Family, BuildHasherDefault<AsItIs>>,
    name: SearchName,
}

#[derive(Default)]
struct Family {
    children: u32,
    /// Where in the parent's shard the number stands.
    at: Option<usize>,
    /// Two parents share the hash: nobody knows whose children they are.
    shared: bool,
}

impl<'z> Families<'z> {
    pub(super) fn new(apex: &'z SearchName) -> Self {
        let (families, name) = (HashMap::default(), SearchName::blank());
        Families { apex, below_apex: 0, families, name }
    }

    /// Counts a name among the children of the name above it.
    pub(super) fn add(&mut self, name: &[u8]) {
        if name.len() <= self.apex.wire().len() {
            return;
        }
        let above = parent(name);
        if above.len() == self.apex.wire().len() {
            self.below_apex += 1;
        } else if self.name.read(above, 0).is_ok() {
            self.families.entry(hash_name(&self.name)).or_default().children += 1;
        }
    }

    /// Notes where in its shard the number of a parent's children is to stand.
    pub(super) fn note_parent(&mut self, hash: u64, at: usize) {
        let family = self.families.entry(hash).or_default();
        family.shared |= family.at.replace(at).is_some();
    }

    /// Fills all numbers in.
    pub(super) fn fill(mut self, shards: &mut [Arc<[u8]>]) {
        let bits = shards.len().trailing_zeros();
        self.families.entry(hash_name(self.apex)).or_default().children += self.below_apex;
        for (hash, family) in self.families {
            let children = if family.shared { MANY } else { family.children };
            let shard = shards.get_mut(shard_of(hash, bits)).and_then(Arc::get_mut);
            let number = family.at.and_then(|at| shard?.get_mut(at..at + 4));
            if let Some(number) = number {
                number.copy_from_slice(&children.to_le_bytes());
            }
        }
    }
}

/// Hashes of names are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0 << 8 | u64::from(*octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
