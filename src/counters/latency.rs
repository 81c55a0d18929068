//! How long replies took: a histogram with bounds that double, from 8 microseconds to 4 seconds.

use super::worker::Count;

/// Bounds of the histogram; what took longer than the last is beyond all of them.
pub const BOUNDS: usize = 20;

/// Microseconds of the first bound.
const FIRST: u64 = 8;

/// The upper bound, in microseconds, of the bucket at this place.
pub const fn bound(place: usize) -> u64 {
    FIRST << place
}

/// Times of one worker. One addition to a bucket and one to the sum for each reply that is looked at.
#[derive(Debug, Default)]
pub(super) struct Latency {
    buckets: [Count; BOUNDS + 1],
    sum: Count,
}

/// Times of all workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// Replies by bucket, not cumulated; the last holds what took longer than every bound.
    pub buckets: [u64; BOUNDS + 1],
    /// Microseconds of all together.
    pub sum: u64,
}

impl Latency {
    /// Counts `n` replies that took so many microseconds each.
    pub(super) fn add(&self, micros: u64, n: u64) {
        self.buckets[place(micros)].add(n);
        self.sum.add(micros.saturating_mul(n));
    }

    /// Adds these times to a sum over workers.
    pub(super) fn add_to(&self, times: &mut Times) {
        for (sum, bucket) in times.buckets.iter_mut().zip(&self.buckets) {
            *sum += bucket.value();
        }
        times.sum = times.sum.wrapping_add(self.sum.value());
    }
}

impl Times {
    /// How many replies were looked at.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The bound, in microseconds, that so many of a thousand replies kept; none when nothing was counted. What took longer
    /// than the last bound counts as twice that.
    pub fn quantile(&self, of_thousand: u64) -> Option<u64> {
        let count = self.count();
        let wanted = (count * of_thousand).div_ceil(1000).max(1);
        let mut seen = 0;
        let place = self.buckets.iter().position(|bucket| {
            seen += bucket;
            seen >= wanted
        });
        place.filter(|_| count > 0).map(bound)
    }

    /// What was counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Times) -> Times {
        let mut since = *self;
        for (now, then) in since.buckets.iter_mut().zip(before.buckets) {
            *now = now.saturating_sub(then);
        }
        since.sum = since.sum.wrapping_sub(before.sum);
        since
    }
}

/// The bucket of a time: the first whose bound it does not exceed.
fn place(micros: u64) -> usize {
    let doublings = micros.div_ceil(FIRST).max(1);
    (u64::BITS - (doublings - 1).leading_zeros()).min(BOUNDS as u32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A time lies in the first bucket whose bound it does not exceed; bounds are inclusive.
    #[test]
    fn times_lie_in_their_buckets() {
        for at in 0..BOUNDS {
            assert_eq!(place(bound(at)), at, "bound {at}");
            assert_eq!(place(bound(at) + 1), at + 1, "beyond bound {at}");
        }
        assert_eq!((place(0), place(u64::MAX)), (0, BOUNDS));
    }

    /// Quantiles name a bound that holds; differences hold what came between.
    #[test]
    fn quantiles_are_bounds_that_hold() {
        let latency = Latency::default();
        let read = || {
            let mut times = Times::default();
            latency.add_to(&mut times);
            times
        };
        assert_eq!(read().quantile(500), None);
        latency.add(7, 98);
        let before = read();
        latency.add(1000, 1);
        latency.add(100_000_000, 1);
        let times = read();
        assert_eq!(
            [500, 980, 990, 1000].map(|part| times.quantile(part)),
            [Some(8), Some(8), Some(1024), Some(bound(BOUNDS))]
        );
        assert_eq!(times.since(&before).count(), 2);
        assert_eq!(times.since(&before).sum, 100_001_000);
    }
}
