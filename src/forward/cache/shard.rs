//! One part of the cache: slots without gaps, an index into them, and the hand that chooses who must go.

use super::cuts::Cuts;
use super::key::{Hashes, Key};
use super::look::Stats;
use super::slot::{Slot, flag};
use hashbrown::HashTable;

/// Slots of keys that share some bits of their hash.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub(super) slots: Vec<Slot>,
    index: HashTable<u32>,
    /// Octets of all bodies.
    bodies: usize,
    /// Where the next one to go is looked for: a slot that was asked for since the hand came by last is passed over once.
    hand: usize,
    /// Where the next slot that nobody can use any more is looked for.
    broom: usize,
    /// What happened here; its counts of what is kept now are not used.
    pub(super) stats: Stats,
}

/// What decides who must go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'c> {
    /// Octets that a shard may take.
    pub(super) budget: usize,
    /// Seconds that answers are kept after their end.
    pub(super) stale: u32,
    pub(super) now: u32,
    pub(super) hashes: &'c Hashes,
    pub(super) cuts: &'c Cuts,
}

/// Slots that the hand passes over at most before it takes the next one as it is.
const WINDOW: usize = 16;

/// Slots that go at most to make room for one, and that the broom looks at.
const GONE_AT_ONCE: usize = 64;
const SWEPT_AT_ONCE: usize = 2;

impl Shard {
    pub(super) fn find(&self, hash: u32, key: &Key<'_>) -> Option<usize> {
        let is_it = |index: &u32| self.slots.get(*index as usize).is_some_and(|slot| slot.is_for(hash, key));
        self.index.find(spread(hash), is_it).map(|index| *index as usize)
    }

    /// The slot that a hash most likely has: its key is not compared, so that little is waited for.
    pub(super) fn likely(&self, hash: u32) -> Option<&Slot> {
        self.index.find(spread(hash), |_| true).and_then(|index| self.slots.get(*index as usize))
    }

    /// Octets that it takes, its index and what is free in it included.
    pub(super) fn octets(&self) -> usize {
        self.bodies + self.slots.capacity() * size_of::<Slot>() + self.index.allocation_size()
    }

    /// Keeps a slot in place of the one of the same key; others go to make room. False when it is too large to be kept.
    pub(super) fn put(&mut self, mut slot: Slot, room: &Room<'_>) -> bool {
        self.sweep(room);
        let size = slot.body.size();
        if let Some(index) = self.find(slot.hash, &slot.key()) {
            if size > room.budget {
                self.remove(index, room);
                return false;
            }
            // What is asked for does not become a stranger by being refreshed.
            slot.flags |= self.slots[index].flags & flag::RECENT;
            self.bodies = self.bodies - self.slots[index].body.size() + size;
            self.slots[index] = slot;
            self.make_room(0, room);
            self.stats.stored += 1;
            return true;
        }
        if size + size_of::<Slot>() > room.budget {
            return false;
        }
        self.make_room(size, room);
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(self.growth());
        }
        if slot.is_cut() {
            room.cuts.add(room.hashes.of(&slot.key()));
        }
        let Shard { slots, index, .. } = self;
        let hash = |index: &u32| slots.get(*index as usize).map_or(0, |slot| spread(slot.hash));
        index.insert_unique(spread(slot.hash), slots.len() as u32, hash);
        self.bodies += size;
        self.slots.push(slot);
        self.stats.stored += 1;
        true
    }

    /// Takes a slot out; the last one takes its place.
    pub(super) fn remove(&mut self, index: usize, room: &Room<'_>) {
        let Some(slot) = self.slots.get(index) else { return };
        if slot.is_cut() {
            room.cuts.remove(room.hashes.of(&slot.key()));
        }
        self.bodies -= slot.body.size();
        if let Ok(place) = self.index.find_entry(spread(slot.hash), |place| *place as usize == index) {
            place.remove();
        }
        let last = self.slots.len() - 1;
        if let (true, Some(slot)) = (index != last, self.slots.last())
            && let Some(place) = self.index.find_mut(spread(slot.hash), |place| *place as usize == last)
        {
            *place = index as u32;
        }
        self.slots.swap_remove(index);
    }

    /// Gives memory back after many slots went.
    pub(super) fn shrink(&mut self) {
        self.slots.shrink_to(self.slots.len() + self.growth());
        let slots = &self.slots;
        self.index.shrink_to(slots.len(), |index| slots.get(*index as usize).map_or(0, |slot| spread(slot.hash)));
    }

    /// Slots by which it grows: an eighth, so that little of what is paid for stays empty.
    fn growth(&self) -> usize {
        (self.slots.len() / 8).max(8)
    }

    fn make_room(&mut self, size: usize, room: &Room<'_>) {
        for _ in 0..GONE_AT_ONCE {
            let slots = if self.slots.len() == self.slots.capacity() { self.growth() * size_of::<Slot>() } else { 0 };
            let index = if self.index.len() == self.index.capacity() { self.index.allocation_size() } else { 0 };
            if self.slots.is_empty() || self.octets() + size + slots + index <= room.budget {
                return;
            }
            self.evict(room);
            // Only after the size was made smaller: what is free is used again otherwise.
            if self.slots.capacity() > 2 * self.slots.len() + 64 {
                self.shrink();
            }
        }
    }

    fn evict(&mut self, room: &Room<'_>) {
        let mut at = 0;
        for _ in 0..WINDOW {
            at = if self.hand < self.slots.len() { self.hand } else { 0 };
            let Some(slot) = self.slots.get_mut(at) else { return };
            if !slot.take_second_chance() || slot.is_gone(room.now, room.stale) {
                break;
            }
            self.hand = at + 1;
        }
        self.remove(at, room);
        self.stats.evicted += 1;
    }

    /// Removes slots that nobody can use any more, a few with each one that comes.
    fn sweep(&mut self, room: &Room<'_>) {
        for _ in 0..SWEPT_AT_ONCE {
            let at = if self.broom < self.slots.len() { self.broom } else { 0 };
            match self.slots.get(at) {
                Some(slot) if slot.is_gone(room.now, room.stale) => self.remove(at, room),
                _ => self.broom = at + 1,
            }
        }
    }
}

/// The index wants bits of a hash at both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
