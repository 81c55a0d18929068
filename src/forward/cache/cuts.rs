//! Which names may be known to be missing: asked before any shard is searched for the names above one.

use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// Counts of kept NXDOMAINs by the hash of their key. One that is 0 is certain; one that ran full stays full.
#[derive(Debug)]
pub(super) struct Cuts {
    counts: Box<[AtomicU8]>,
    all: AtomicU32,
}

/// A power of two.
const PLACES: usize = 1 << 14;

impl Cuts {
    pub(super) fn new() -> Self {
        Cuts { counts: (0..PLACES).map(|_| AtomicU8::new(0)).collect(), all: AtomicU32::new(0) }
    }

    pub(super) fn are_there(&self) -> bool {
        self.all.load(Ordering::Relaxed) > 0
    }

    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.place(hash).load(Ordering::Relaxed) > 0
    }

    pub(super) fn add(&self, hash: u64) {
        self.all.fetch_add(1, Ordering::Relaxed);
        let more = |count: u8| count.checked_add(1);
        let _ = self.place(hash).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    pub(super) fn remove(&self, hash: u64) {
        self.all.fetch_sub(1, Ordering::Relaxed);
        let fewer = |count: u8| (count < u8::MAX).then(|| count.saturating_sub(1));
        let _ = self.place(hash).fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
    }

    fn place(&self, hash: u64) -> &AtomicU8 {
        // Not the bits that choose the shard, nor those that a shard knows keys by.
        &self.counts[(hash >> 40) as usize % PLACES]
    }
}
