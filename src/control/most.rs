//! What comes most often, within bounded memory: counts of this minute and of the one before.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Counts by key.
#[derive(Debug)]
pub(super) struct Most<K> {
    now: HashMap<K, u64>,
    before: HashMap<K, u64>,
    total: (u64, u64),
    turns: u64,
}

/// Keys of one minute. When more come, the rarer half goes: what is frequent stays, whatever a flood brings.
const KEYS: usize = 2048;

impl<K> Default for Most<K> {
    fn default() -> Self {
        Most { now: HashMap::new(), before: HashMap::new(), total: (0, 0), turns: 0 }
    }
}

impl<K: Hash + Eq + Ord + Clone> Most<K> {
    pub(super) fn add(&mut self, key: K, weight: u64) {
        self.total.0 += weight;
        *self.now.entry(key).or_default() += weight;
        if self.now.len() > KEYS {
            let mut counts: Vec<u64> = self.now.values().copied().collect();
            let (_, &mut middle, _) = counts.select_nth_unstable(KEYS / 2);
            self.now.retain(|_, count| *count > middle);
        }
    }

    /// Begins another minute.
    pub(super) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
        self.total = (0, self.total.0);
        self.turns += 1;
    }

    /// Seconds that the minute before takes.
    pub(super) fn seconds_before(&self, turn: Duration) -> u64 {
        if self.turns > 0 { turn.as_secs() } else { 0 }
    }

    /// The sum of all weights, those of keys that went included.
    pub(super) fn total(&self) -> u64 {
        self.total.0 + self.total.1
    }

    /// The keys with the highest counts, so many at most; equal ones in their order.
    pub(super) fn first(&self, rows: usize) -> Vec<(K, u64)> {
        let mut all: HashMap<&K, u64> = HashMap::new();
        for (key, count) in self.now.iter().chain(&self.before) {
            *all.entry(key).or_default() += count;
        }
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all.into_iter().take(rows).map(|(key, count)| (key.clone(), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flood of keys that come once pushes none out that comes often; memory stays bounded; two minutes count.
    #[test]
    fn what_is_frequent_survives_a_flood() {
        let mut most = Most::default();
        for at in 0..100_000u32 {
            most.add(at, 1);
            if at % 10 == 0 {
                most.add(u32::MAX, 1);
            }
            assert!(most.now.len() <= KEYS);
        }
        assert_eq!(most.first(1), [(u32::MAX, 10_000)]);
        most.turn();
        most.add(u32::MAX, 5);
        assert_eq!((most.first(1), most.total()), (vec![(u32::MAX, 10_005)], 110_005));
        most.turn();
        most.turn();
        assert_eq!((most.first(1), most.total()), (vec![], 0));
    }
}
