//! Latencies in buckets of 3 %: cheap to count, good for any quantile.

use std::time::Duration;

/// Counts of durations.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

/// Buckets for each power of two.
const FINE: u32 = 5;

impl Histogram {
    pub(crate) fn new() -> Self {
        Histogram { counts: vec![0; 64 << FINE], total: 0 }
    }

    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// The duration below which this share of all lies; zero when there are none.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(upper(index));
            }
        }
        Duration::ZERO
    }
}

fn bucket(value: u64) -> usize {
    let value = value.max(1 << FINE);
    let exponent = value.ilog2();
    let fraction = (value >> (exponent - FINE)) & ((1 << FINE) - 1);
    ((exponent << FINE) as u64 | fraction) as usize
}

fn upper(bucket: usize) -> u64 {
    let (exponent, fraction) = (bucket as u32 >> FINE, bucket as u64 & ((1 << FINE) - 1));
    (1 << exponent) + ((fraction + 1) << (exponent.max(FINE) - FINE))
}
