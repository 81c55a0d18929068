//! One shard of a compiled zone on its way to another: nodes are put in, changed and taken out.

use super::node::{ALIGN, Node};
use super::zone::{MOST_OCTETS, OFFSET, SLOT, slot, slot_of, tag_of};

/// A copy of a shard that may be changed. A node is named by the slot that leads to it, which each change may move.
pub(super) struct ShardEdit {
    octets: Vec<u8>,
    slots: u32,
}

impl ShardEdit {
    pub(super) fn new(shard: &[u8], slots: u32) -> Self {
        ShardEdit { octets: shard.to_vec(), slots }
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The slot of a name.
    pub(super) fn find(&self, hash: u64, relative: &[u8]) -> Option<usize> {
        let mut slot = slot_of(hash, self.slots);
        while self.entry(slot) != 0 {
            if self.entry(slot) & !OFFSET == tag_of(hash) && self.node(slot).relative() == relative {
                return Some(slot);
            }
            slot = self.after(slot);
        }
        None
    }

    pub(super) fn node(&self, slot: usize) -> Node<'_> {
        Node::new(&self.octets[self.start(slot)..])
    }

    /// Sets or clears flags of a node.
    pub(super) fn mark(&mut self, slot: usize, flags: u8, on: bool) {
        let at = self.start(slot) + 1;
        if on {
            self.octets[at] |= flags;
        } else {
            self.octets[at] &= !flags;
        }
    }

    /// Puts a finished node where another one stands. False when the shard would grow too large; it is then as it was.
    pub(super) fn replace(&mut self, slot: usize, node: &[u8]) -> bool {
        let size = self.node(slot).size();
        if node.len() > size && self.octets.len() + node.len() - size > self.most_octets() {
            return false;
        }
        self.splice(slot, node);
        true
    }

    /// Adds a finished node. False when the shard has no room for it; it is then as it was.
    pub(super) fn insert(&mut self, hash: u64, node: &[u8]) -> bool {
        let used = (0..self.slots as usize).filter(|slot| self.entry(*slot) != 0).count();
        // One slot of eight stays empty, so that probes stay short.
        if used + 1 > self.slots as usize - self.slots as usize / 8 - 1 {
            return false;
        }
        if self.octets.len() + node.len() > self.most_octets() {
            return false;
        }
        let offset = (self.octets.len() - self.nodes()) / ALIGN + 1;
        let mut slot = slot_of(hash, self.slots);
        while self.entry(slot) != 0 {
            slot = self.after(slot);
        }
        self.set_entry(slot, tag_of(hash) | offset as u32);
        self.octets.extend_from_slice(node);
        true
    }

    /// Takes a node out; `hash_of` tells the hash of a name without its origin.
    pub(super) fn remove(&mut self, slot: usize, hash_of: impl Fn(&[u8]) -> u64) {
        self.splice(slot, &[]);
        // What stands behind it moves up, so that every probe still ends at what it seeks before an empty slot.
        let mut hole = slot;
        let mut next = self.after(slot);
        while self.entry(next) != 0 {
            let home = slot_of(hash_of(self.node(next).relative()), self.slots);
            if self.distance(home, next) >= self.distance(hole, next) {
                self.set_entry(hole, self.entry(next));
                hole = next;
            }
            next = self.after(next);
        }
        self.set_entry(hole, 0);
    }

    /// Puts octets in a node's place and tells the slots of all nodes behind it where they now stand.
    fn splice(&mut self, slot: usize, node: &[u8]) {
        let (start, size) = (self.start(slot), self.node(slot).size());
        self.octets.splice(start..start + size, node.iter().copied());
        let offset = self.entry(slot) & OFFSET;
        let (before, now) = ((size / ALIGN) as u32, (node.len() / ALIGN) as u32);
        for slot in 0..self.slots as usize {
            let entry = self.entry(slot);
            if entry & OFFSET > offset {
                self.set_entry(slot, entry - before + now);
            }
        }
    }

    fn most_octets(&self) -> usize {
        self.nodes() + MOST_OCTETS
    }

    /// Where the nodes begin.
    fn nodes(&self) -> usize {
        self.slots as usize * SLOT
    }

    fn start(&self, slot: usize) -> usize {
        self.nodes() + ((self.entry(slot) & OFFSET) as usize - 1) * ALIGN
    }

    fn after(&self, slot: usize) -> usize {
        if slot + 1 == self.slots as usize { 0 } else { slot + 1 }
    }

    /// How many slots a probe goes from one slot to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from { to - from } else { to + self.slots as usize - from }
    }

    fn entry(&self, at: usize) -> u32 {
        slot(&self.octets, at)
    }

    fn set_entry(&mut self, slot: usize, entry: u32) {
        self.octets[slot * SLOT..][..SLOT].copy_from_slice(&entry.to_le_bytes());
    }
}
