//! Timers: thousands are set for each that runs out, so setting one must cost next to nothing.

use std::time::{Duration, Instant};

/// How exact timers are. They run out late by less than this, never early.
const TICK: Duration = Duration::from_millis(4);

/// Slots, one for each tick; a power of two. A timer further ahead than this runs out early, and is set anew by whoever
/// looks at his clock.
const SLOTS: usize = 2048;

#[derive(Debug)]
pub(super) struct Wheel<T> {
    began: Instant,
    slots: Vec<Vec<T>>,
    /// The first tick that has not run out.
    tick: u64,
    count: usize,
}

impl<T> Wheel<T> {
    pub(super) fn new(now: Instant) -> Self {
        Wheel { began: now, slots: (0..SLOTS).map(|_| Vec::new()).collect(), tick: 0, count: 0 }
    }

    /// Sets a timer.
    pub(super) fn set(&mut self, at: Instant, timer: T) {
        let since = at.saturating_duration_since(self.began).as_micros() as u64;
        let tick = since.div_ceil(TICK.as_micros() as u64).clamp(self.tick, self.tick + SLOTS as u64 - 1);
        self.slots[tick as usize % SLOTS].push(timer);
        self.count += 1;
    }

    /// Moves timers that have run out to `due`.
    pub(super) fn turn(&mut self, now: Instant, due: &mut Vec<T>) {
        let since = now.saturating_duration_since(self.began).as_micros() as u64;
        let end = since / TICK.as_micros() as u64 + 1;
        // After a sleep longer than the wheel is round, one whole turn has everything.
        let end = if self.count == 0 { end } else { end.min(self.tick + SLOTS as u64) };
        while self.tick < end {
            if self.count > 0 {
                let slot = &mut self.slots[self.tick as usize % SLOTS];
                self.count -= slot.len();
                due.append(slot);
                // What a burst needed is not kept for ever.
                slot.shrink_to(64);
                self.tick += 1;
            } else {
                self.tick = end;
            }
        }
    }

    /// How long until the next timer runs out; none when there is none.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let next = (self.tick..self.tick + SLOTS as u64).find(|tick| !self.slots[*tick as usize % SLOTS].is_empty())?;
        let at = self.began + TICK.saturating_mul(u32::try_from(next).unwrap_or(u32::MAX));
        Some(at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Timers run out in their time, none early and none lost, however seldom one looks.
    #[test]
    fn timers_run_out_in_time() {
        let start = Instant::now();
        let at = |milliseconds: u64| start + Duration::from_millis(milliseconds);
        for step in [1, 7, 100, 5000] {
            let mut wheel = Wheel::new(start);
            let times = [0, 1, 3, 4, 5, 250, 251, 1000, 8000];
            times.iter().for_each(|time| wheel.set(at(*time), *time));
            let mut seen = Vec::new();
            for now in (0..=10_000).step_by(step) {
                let mut due = Vec::new();
                wheel.turn(at(now), &mut due);
                assert!(due.iter().all(|time| *time <= now && *time + 4 + step as u64 >= now), "{due:?} at {now}");
                seen.extend(due);
            }
            seen.sort_unstable();
            assert_eq!((seen.as_slice(), wheel.wait(start)), (&times[..], None), "steps of {step} ms");
        }
    }

    /// Waiting so long and no longer is enough.
    #[test]
    fn the_wait_ends_when_the_next_runs_out() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        wheel.set(start + Duration::from_millis(330), ());
        let wait = wheel.wait(start + Duration::from_millis(30)).unwrap();
        assert!(wait >= Duration::from_millis(300) && wait <= Duration::from_millis(304), "{wait:?}");
        let mut due = Vec::new();
        wheel.turn(start + Duration::from_millis(30) + wait, &mut due);
        assert_eq!(due.len(), 1);
        // A time that has passed is due at once.
        wheel.set(start, ());
        assert!(wheel.wait(start + Duration::from_millis(340)).unwrap() <= TICK);
    }
}
