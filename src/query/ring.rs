//! A ring of slots that workers write without lock, wait or allocation and that one reader empties now and then. What does
//! not fit is lost, and so is what was read while it was written.
//!
//! Knows words only. Everything is relaxed: a sum in each slot tells what is whole.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What was written, until it is read: slots of so many words, and room for so many between two readings.
pub(super) struct Ring<const WORDS: usize, const SLOTS: usize> {
    slots: Box<[Slot<WORDS>]>,
    /// Places that were given out since the start; one that is not read yet is in slot `place % SLOTS`.
    given: AtomicUsize,
    /// Places that were read.
    read: AtomicUsize,
}

struct Slot<const WORDS: usize> {
    sum: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl<const WORDS: usize, const SLOTS: usize> Ring<WORDS, SLOTS> {
    pub(super) fn new() -> Self {
        let empty = || Slot { sum: AtomicU64::new(0), words: [const { AtomicU64::new(0) }; WORDS] };
        let slots = (0..SLOTS).map(|_| empty()).collect();
        Ring { slots, given: AtomicUsize::new(0), read: AtomicUsize::new(0) }
    }

    /// False when nothing can be written before the next reading.
    pub(super) fn has_room(&self) -> bool {
        self.given.load(Ordering::Relaxed).wrapping_sub(self.read.load(Ordering::Relaxed)) < SLOTS
    }

    /// Writes one slot; false when there is no room.
    pub(super) fn write(&self, words: &[u64; WORDS]) -> bool {
        if !self.has_room() {
            return false;
        }
        let place = self.given.fetch_add(1, Ordering::Relaxed);
        if place.wrapping_sub(self.read.load(Ordering::Relaxed)) >= SLOTS {
            return false;
        }
        let slot = &self.slots[place % SLOTS];
        slot.sum.store(sum(place, words), Ordering::Relaxed);
        for (kept, word) in slot.words.iter().zip(words) {
            kept.store(*word, Ordering::Relaxed);
        }
        true
    }

    /// Hands over what was written since the last reading; gives how many were lost on the way. One reader at a time: two
    /// would both get some of it.
    pub(super) fn read(&self, mut take: impl FnMut(&[u64; WORDS])) -> usize {
        let (from, to) = (self.read.load(Ordering::Relaxed), self.given.load(Ordering::Relaxed));
        let mut lost = to.wrapping_sub(from).saturating_sub(SLOTS);
        for place in (from..to).take(SLOTS) {
            let slot = &self.slots[place % SLOTS];
            let words: [u64; WORDS] = std::array::from_fn(|index| slot.words[index].load(Ordering::Relaxed));
            if slot.sum.load(Ordering::Relaxed) == sum(place, &words) {
                take(&words);
            } else {
                lost += 1;
            }
        }
        self.read.store(to, Ordering::Relaxed);
        lost
    }
}

/// The same for the same words in the same place only, but for chance: a slot that two wrote at once, or one of the round
/// before, does not fit.
fn sum(place: usize, words: &[u64]) -> u64 {
    let start = (place as u64) ^ 0x243F_6A88_85A3_08D3;
    words.iter().fold(start, |sum, word| (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    const WORDS: usize = 37;
    const SLOTS: usize = 1024;

    /// What is written is read once; what finds no room is not taken, and there is room again after a reading.
    #[test]
    fn slots_are_read_once() {
        let ring = Ring::<WORDS, SLOTS>::new();
        for round in 0..3u64 {
            let written = (0..SLOTS as u64 + 50).filter(|at| ring.write(&[*at; WORDS])).count();
            assert_eq!((written, ring.has_room()), (SLOTS, false), "round {round}");
            let mut seen = Vec::new();
            assert_eq!(ring.read(|words| seen.push(words[0])), 0);
            assert_eq!(seen, (0..SLOTS as u64).collect::<Vec<_>>(), "round {round}");
            assert!(ring.has_room());
        }
    }

    /// Writers and a reader at once: no slot is read that was not written whole.
    #[test]
    fn nothing_is_read_that_was_torn() {
        let (ring, done) = (Ring::<WORDS, SLOTS>::new(), AtomicBool::new(false));
        let read = thread::scope(|scope| {
            let writers: Vec<_> = (0..3u64)
                .map(|writer| {
                    let ring = &ring;
                    scope.spawn(move || (0..30_000u64).filter(|round| ring.write(&[round * 3 + writer; WORDS])).count())
                })
                .collect();
            let reader = scope.spawn(|| {
                let mut read = 0;
                loop {
                    let last = done.load(Ordering::Relaxed);
                    ring.read(|words| {
                        assert!(words.iter().all(|word| *word == words[0]));
                        read += 1;
                    });
                    if last {
                        return read;
                    }
                }
            });
            let written = writers.into_iter().all(|writer| writer.join().is_ok());
            done.store(true, Ordering::Relaxed);
            assert!(written);
            reader.join().unwrap()
        });
        assert!(read > 0, "some were read");
    }
}
