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
    /// The first tick that has a timer.
    next: Option<u64>,
    count: usize,
}

impl<T> Wheel<T> {
    pub(super) fn new(now: Instant) -> Self {
        Wheel { began: now, slots: (0..SLOTS).map(|_| Vec::new()).collect(), tick: 0, next: None, count: 0 }
    }

    /// Sets a timer.
    pub(super) fn set(&mut self, at: Instant, timer: T) {
        let since = at.saturating_duration_since(self.began).as_micros() as u64;
        let tick = since.div_ceil(TICK.as_micros() as u64).clamp(self.tick, self.tick + SLOTS as u64 - 1);
        self.slots[tick as usize % SLOTS].push(timer);
        self.next = Some(self.next.map_or(tick, |next| next.min(tick)));
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
        if self.next.is_some_and(|next| next < self.tick) {
            let mut ticks = self.tick..self.tick + SLOTS as u64;
            self.next = ticks.find(|tick| !self.slots[*tick as usize % SLOTS].is_empty());
        }
    }

    /// When the next timer runs out; none when there is none.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next.map(|next| self.began + Duration::from_micros(next.saturating_mul(TICK.as_micros() as u64)))
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
            assert_eq!((seen.as_slice(), wheel.next()), (&times[..], None), "steps of {step} ms");
        }
    }

    /// To sleep until then and no longer is enough, whichever was set first.
    #[test]
    fn the_next_is_known() {
        let start = Instant::now();
        let at = |milliseconds: u64| start + Duration::from_millis(milliseconds);
        let mut wheel = Wheel::new(start);
        wheel.set(at(5000), 5000);
        wheel.set(at(330), 330);
        wheel.set(at(700), 700);
        for time in [330, 700, 5000] {
            let next = wheel.next().unwrap();
            assert!(next >= at(time) && next <= at(time + 4), "{:?} of {time}", next - start);
            let mut due = Vec::new();
            wheel.turn(next, &mut due);
            assert_eq!(due, [time]);
        }
        assert_eq!(wheel.next(), None);
        // A time that has passed is due at once.
        wheel.set(start, 0);
        assert!(wheel.next().unwrap() <= at(5000) + TICK * 2);
    }
}
