//! When much comes in, it is better taken in heaps: to be woken for each message costs more than the work for it.

use std::time::{Duration, Instant};

/// Measures how fast events come, and says when to wait a moment for more of them.
#[derive(Debug)]
pub(crate) struct Gather {
    /// Events that come faster than this are gathered, in nanoseconds between two.
    close: u64,
    last: Instant,
    /// The mean time between two events in nanoseconds, over the last dozens.
    gap: u64,
}

/// How long: the system adds some 50 microseconds.
const PAUSE: Duration = Duration::from_micros(60);

/// A longer gap counts as one of this length, so that a burst after a quiet time is noticed soon.
const LONGEST: u64 = 1_000_000;

/// Each pass counts for one part in so many.
const WEIGHT: u64 = 16;

impl Gather {
    /// Gathers events of which more than so many come in a second.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        Gather { close: 1_000_000_000 / u64::from(per_second.max(1)), last: now, gap: LONGEST }
    }

    /// Takes note of a pass that had so many events.
    pub(crate) fn note(&mut self, now: Instant, events: usize) {
        let since = now.saturating_duration_since(self.last).as_nanos().try_into().unwrap_or(LONGEST);
        let each = (since / events.max(1) as u64).min(LONGEST);
        self.gap = (self.gap * (WEIGHT - 1) + each) / WEIGHT;
        self.last = now;
    }

    /// How long to wait before the next look; none when events come one by one.
    ///
    /// Twice as long when they come twice as fast: then even so many wait that one moment more is nothing to them.
    pub(crate) fn pause(&self) -> Option<Duration> {
        match self.gap {
            gap if gap < self.close / 2 => Some(PAUSE * 2),
            gap if gap < self.close => Some(PAUSE),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what comes fast is gathered, a burst is noticed within dozens of events, and so is its end.
    #[test]
    fn only_what_comes_fast_is_gathered() {
        for (events, micros, expected) in [(1, 100, false), (1, 30, false), (1, 20, true), (8, 100, true)] {
            let mut now = Instant::now();
            let mut gather = Gather::new(40_000, now);
            assert_eq!(gather.pause(), None, "at first");
            let mut passes = 0;
            while passes < 100 && gather.pause().is_none() {
                now += Duration::from_micros(micros);
                gather.note(now, events);
                passes += 1;
            }
            assert_eq!(gather.pause().is_some(), expected, "{events} in {micros} us, after {passes} passes");
            now += Duration::from_millis(1);
            gather.note(now, 1);
            assert_eq!(gather.pause(), None, "one event in a millisecond");
        }
    }
}
