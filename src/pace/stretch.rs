//! Long work that gives way: cut into short stretches, so that a thread that answers on the same core never waits long.
//!
//! A lower priority alone does not do it: the system lets a thread run on for some milliseconds once it has the core, and a
//! thousand queries wait meanwhile. Threads that were not told to give way lose nothing but the look at a flag.

use super::passing;
use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// How long work goes on without a rest.
const STRETCH: Duration = Duration::from_micros(200);

/// As short as the system can: what counts is that others may go first.
const REST: Duration = Duration::from_micros(1);

thread_local! {
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// From now on this thread rests at each [`breathe`] that comes long enough after the last one.
pub(crate) fn give_way() {
    SINCE.set(Some(Instant::now()));
}

/// As [`breathe`], once in 64: for loops whose rounds are shorter than a look at the clock.
pub(crate) fn breathe_at(round: usize) {
    if round.is_multiple_of(64) {
        breathe();
    }
}

/// As `vec![value; length]` for work that passes, in parts: fresh memory costs the system a moment for each page that is
/// written first.
pub(crate) fn filled<T: Clone>(value: T, length: usize) -> Vec<T> {
    let part = (PART / size_of::<T>().max(1)).max(1);
    let mut all = passing(length);
    while all.len() < length {
        all.resize(length.min(all.len() + part), value.clone());
        breathe();
    }
    all
}

/// Octets of memory that are written before the next rest.
const PART: usize = 128 << 10;

/// For rounds of about a microsecond on a thread that others need, too: once in 128 whoever waits for the core goes first, for
/// a rest costs some rounds itself. Only rest lets them: whoever yields is often given the core again at once (`protect_slice`
/// of the Linux scheduler).
pub(crate) fn give_turn_at(round: usize) {
    if round % 128 == 127 {
        thread::sleep(REST);
    }
}

/// A place where long work may rest; to be called every few microseconds of work.
pub(crate) fn breathe() {
    if let Some(since) = SINCE.get()
        && since.elapsed() >= STRETCH
    {
        thread::sleep(REST);
        SINCE.set(Some(Instant::now()));
    }
}
