//! Response rate limiting: how many replies of one kind each client network has had lately.
//!
//! One table per UDP worker, so that no lock is taken: a client's queries reach one worker as long as it keeps its port.

use crate::query::Charge;
use std::time::Instant;

/// What to do with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// Send it.
    Send,
    /// Send its question back with TC.
    Slip,
    /// Send nothing.
    Drop,
}

/// A token bucket per kind of reply and client network, in a table of fixed size.
#[derive(Debug)]
pub(super) struct RateTable {
    buckets: Box<[Bucket]>,
    start: Instant,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    key: u64,
    /// Milliseconds since the table was made, when `spent` was right.
    at: u32,
    /// Replies in the current second, in thousandths: it runs off as time passes.
    spent: u32,
    /// Replies that were held back since the limit was reached.
    held: u32,
}

/// Client networks and kinds that are told apart at a time; a power of two. A flood with more of them evicts the oldest of
/// [`WAYS`] at a time.
const BUCKETS: usize = 1 << 15;

/// Buckets that one key may be in.
const WAYS: usize = 4;

impl RateTable {
    pub(super) fn new() -> Self {
        RateTable { buckets: vec![Bucket::default(); BUCKETS].into_boxed_slice(), start: Instant::now() }
    }

    /// Takes one reply off what the client network may have. `now` is the time of the batch.
    pub(super) fn take(&mut self, charge: Charge, now: Instant) -> Leave {
        let now = now.saturating_duration_since(self.start).as_millis() as u32;
        let bucket = self.bucket(charge.key, now);
        let elapsed = u64::from(now.wrapping_sub(bucket.at));
        let run_off = elapsed * u64::from(charge.per_second);
        bucket.spent = u64::from(bucket.spent).saturating_sub(run_off) as u32;
        bucket.at = now;
        let limit = charge.per_second.saturating_mul(1000);
        if bucket.spent.saturating_add(1000) <= limit {
            bucket.spent += 1000;
            bucket.held = 0;
            return Leave::Send;
        }
        bucket.held = bucket.held.wrapping_add(1);
        if charge.slip > 0 && bucket.held.is_multiple_of(charge.slip) { Leave::Slip } else { Leave::Drop }
    }

    fn bucket(&mut self, key: u64, now: u32) -> &mut Bucket {
        let first = key as usize & (BUCKETS - WAYS) & !(WAYS - 1);
        let ways = &mut self.buckets[first..first + WAYS];
        let known = ways.iter().position(|bucket| bucket.key == key);
        let at = known.unwrap_or_else(|| {
            let age = |index: &usize| now.wrapping_sub(ways[*index].at);
            (0..WAYS).max_by_key(age).unwrap_or(0)
        });
        if known.is_none() {
            ways[at] = Bucket { key, at: now, ..Bucket::default() };
        }
        &mut ways[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A second's worth leaves at once, then what runs off; of the rest each second one slips.
    #[test]
    fn replies_beyond_the_limit_are_held_back() {
        let mut table = RateTable::new();
        let charge = Charge { key: 7, per_second: 10, slip: 2 };
        let start = table.start;
        let count = |table: &mut RateTable, at: u64, replies: usize| {
            let left = (0..replies).map(|_| table.take(charge, start + Duration::from_millis(at)));
            let left: Vec<Leave> = left.collect();
            [Leave::Send, Leave::Slip, Leave::Drop].map(|kind| left.iter().filter(|leave| **leave == kind).count())
        };
        assert_eq!(count(&mut table, 0, 30), [10, 10, 10], "ten leave");
        assert_eq!(count(&mut table, 500, 30)[0], 5, "half a second later five");
        assert_eq!(count(&mut table, 60_000, 30)[0], 10, "never more than one second's worth");
        let other = Charge { key: 8, ..charge };
        assert_eq!(table.take(other, start + Duration::from_secs(60)), Leave::Send, "another client network");
        let silent = Charge { key: 9, per_second: 1, slip: 0 };
        let leaves: Vec<Leave> = (0..3).map(|_| table.take(silent, start)).collect();
        assert_eq!(leaves, [Leave::Send, Leave::Drop, Leave::Drop], "no slip");
    }

    /// A flood from many networks takes no more memory, and does not free one that is limited now.
    #[test]
    fn floods_are_bounded() {
        let mut table = RateTable::new();
        let now = table.start + Duration::from_secs(1);
        for key in 0..200_000u64 {
            let charge = Charge { key: key.wrapping_mul(0x9E37_79B9_7F4A_7C15), per_second: 5, slip: 0 };
            table.take(charge, now);
        }
        assert_eq!(table.buckets.len(), BUCKETS);
    }
}
