//! Long work that gives way: cut into short stretches, so that a thread that answers on the same core never waits long.
//!
//! A lower priority alone does not do it: the system lets a thread run on for some milliseconds once it has the core, and a
//! thousand queries wait meanwhile. Threads that were not told to give way lose nothing but the look at a flag.

use std::cell::Cell;
use std::ops::Range;
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

/// As [`Vec::with_capacity`] for work that passes: what is large goes back to the system as a whole when it is dropped. Where
/// the system has not so much, the room is less.
///
/// glibc learns of pieces that are freed, from 128 KiB to 32 MiB (M_MMAP_THRESHOLD of mallopt(3)), to take such ones from among
/// all that is allocated for longer, where they leave holes. So it is asked for more than that; what is not written takes no
/// memory.
pub(crate) fn passing<T>(length: usize) -> Vec<T> {
    let size = size_of::<T>().max(1);
    let asked = if length.saturating_mul(size) < LEARNED.start { length } else { length.max(LEARNED.end / size + 1) };
    let mut room = Vec::new();
    let _ = room.try_reserve_exact(asked).or_else(|_| room.try_reserve_exact(length));
    room
}

/// Octets of a piece that glibc learns from.
const LEARNED: Range<usize> = 128 << 10..32 << 20;

/// Octets of memory that are written before the next rest.
const PART: usize = 128 << 10;

/// For short work on a thread that others need, too: once in 32 rounds whoever waits for the core goes first.
pub(crate) fn give_turn_at(round: usize) {
    if round % 32 == 31 {
        thread::yield_now();
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
