//! The waits for memory of a batch, side by side: what its answers read is read before they are written.
//!
//! First all places are found, which reads only what is near; then all are read, in a loop so short that the processor has
//! begun the last read before the first one is done.

use super::pending::Pending;
use crate::answer::{Lookup, Zones};
use crate::snapshot::Snapshot;
use std::hint::black_box;

/// Questions that are reached for at once.
const AT_ONCE: usize = 32;

/// Octets that are read at once: two of each node, two nodes for each question.
const OCTETS: usize = 4 * AT_ONCE;

/// How often what was reached is looked at: aliases that go on after that are read as they come.
const LOOKS: usize = 5;

/// Reads the slots in which the search for each name begins: the first of two places that may be far away.
pub fn reach_slots(batch: &mut [Pending], snapshot: &Snapshot) {
    each_part(batch, snapshot, |part| {
        let mut places = Places::new();
        part.each(|lookup, zones| lookup.slot(zones).into_iter().for_each(|slot| places.add(slot)));
        places.read();
    });
}

/// Reads the nodes of the names, and what the answers need beyond them: aliases and the like, one after the other for each
/// question, side by side for all of them.
pub fn reach_nodes(batch: &mut [Pending], snapshot: &Snapshot) {
    each_part(batch, snapshot, |part| {
        let mut places = Places::new();
        part.each(|lookup, zones| lookup.node(zones).for_each(|octet| places.add(octet)));
        places.read();
        for _ in 0..LOOKS {
            let mut more = false;
            part.each(|lookup, zones| more |= lookup.look_ahead(zones));
            if !more {
                return;
            }
            let mut places = Places::new();
            part.each(|lookup, zones| lookup.slots_ahead(zones).for_each(|slot| places.add(slot)));
            places.read();
            let mut places = Places::new();
            part.each(|lookup, zones| lookup.nodes_ahead(zones).for_each(|node| places.add(node)));
            places.read();
        }
    });
}

fn each_part(batch: &mut [Pending], snapshot: &Snapshot, reach: impl Fn(&mut Part<'_, '_>)) {
    // One alone has nothing to overlap with.
    for part in batch.chunks_mut(AT_ONCE).filter(|part| part.len() > 1) {
        reach(&mut Part { pending: part, snapshot });
    }
}

/// Some questions of a batch.
struct Part<'p, 's> {
    pending: &'p mut [Pending],
    snapshot: &'s Snapshot,
}

impl<'s> Part<'_, 's> {
    /// Does something for each question that zones are searched for.
    fn each(&mut self, mut act: impl FnMut(&mut Lookup, &'s Zones)) {
        for pending in self.pending.iter_mut() {
            if let Some((lookup, zones)) = pending.in_zones(self.snapshot) {
                act(lookup, zones);
            }
        }
    }
}

/// Octets in memory that are to be read.
struct Places<'s> {
    octets: [&'s u8; OCTETS],
    count: usize,
}

impl<'s> Places<'s> {
    fn new() -> Self {
        Places { octets: [&0; OCTETS], count: 0 }
    }

    fn add(&mut self, octet: &'s u8) {
        if let Some(free) = self.octets.get_mut(self.count) {
            *free = octet;
            self.count += 1;
        }
    }

    fn read(&self) {
        black_box(self.octets[..self.count].iter().fold(0, |all, octet| all ^ **octet));
    }
}
