//! Questions on their way from the workers to [`super::Recent`]: a ring of slots that is written without lock, wait or
//! allocation and read now and then. What does not fit is lost, and so is what was read while it was written.
//!
//! Knows octets and numbers only. Everything is relaxed: a sum in each slot tells what is whole.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Octets of the longest name that is kept; longer ones are left out.
pub(super) const LONGEST: usize = (WORDS - 2) * 8;

/// How many questions there is room for between two readings; a power of two.
pub(super) const SLOTS: usize = 2048;

/// Words of a slot: a sum, what was asked, and the name.
const WORDS: usize = 16;

/// A word of a slot: without padding, and written in one piece.
type Word = std::sync::atomic::AtomicU64;

/// Questions that were asked, until they are read.
pub(super) struct Notes {
    slots: Box<[[Word; WORDS]]>,
    /// Places that were given out since the start; one that is not read yet is in slot `place % SLOTS`.
    given: AtomicUsize,
    /// Places that were read.
    read: AtomicUsize,
    /// Told to the writers, so that they need no clock.
    minute: AtomicU32,
}

/// One question as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Note<'a> {
    /// The hash of the horizon's name.
    pub(super) horizon: u32,
    pub(super) rtype: u16,
    /// Wire format, lower-cased.
    pub(super) name: &'a [u8],
}

impl Notes {
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Default::default()).collect();
        Notes { slots, given: AtomicUsize::new(0), read: AtomicUsize::new(0), minute: AtomicU32::new(0) }
    }

    /// False when nothing can be noted before the next reading.
    pub(super) fn have_room(&self) -> bool {
        self.given.load(Ordering::Relaxed).wrapping_sub(self.read.load(Ordering::Relaxed)) < SLOTS
    }

    /// The minute that the reader told last.
    pub(super) fn minute(&self) -> u32 {
        self.minute.load(Ordering::Relaxed)
    }

    /// Tells the writers which minute it is.
    pub(super) fn set_minute(&self, minute: u32) {
        self.minute.store(minute, Ordering::Relaxed);
    }

    /// Notes a question whose name has at most [`LONGEST`] octets; false when there is no room.
    pub(super) fn write(&self, note: Note<'_>) -> bool {
        let place = self.given.fetch_add(1, Ordering::Relaxed);
        if place.wrapping_sub(self.read.load(Ordering::Relaxed)) >= SLOTS || note.name.len() > LONGEST {
            return false;
        }
        let mut words = [0; WORDS];
        words[1] = u64::from(note.horizon) << 32 | u64::from(note.rtype) << 16 | note.name.len() as u64;
        for (word, octets) in words[2..].iter_mut().zip(note.name.chunks(8)) {
            let mut whole = [0; 8];
            whole[..octets.len()].copy_from_slice(octets);
            *word = u64::from_le_bytes(whole);
        }
        words[0] = sum(place, &words[1..]);
        for (slot, word) in self.slots[place % SLOTS].iter().zip(words) {
            slot.store(word, Ordering::Relaxed);
        }
        true
    }

    /// Hands over what was noted since the last reading. One reader at a time: two would both get some of it.
    pub(super) fn read(&self, mut take: impl FnMut(Note<'_>)) {
        let (from, to) = (self.read.load(Ordering::Relaxed), self.given.load(Ordering::Relaxed));
        for place in (from..to).take(SLOTS) {
            let words: [u64; WORDS] =
                std::array::from_fn(|index| self.slots[place % SLOTS][index].load(Ordering::Relaxed));
            let length = words[1] as usize & 0xFFFF;
            if words[0] != sum(place, &words[1..]) || length > LONGEST {
                continue;
            }
            let mut name = [0; LONGEST];
            for (octets, word) in name.chunks_exact_mut(8).zip(&words[2..]) {
                octets.copy_from_slice(&word.to_le_bytes());
            }
            take(Note { horizon: (words[1] >> 32) as u32, rtype: (words[1] >> 16) as u16, name: &name[..length] });
        }
        self.read.store(to, Ordering::Relaxed);
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

    /// What is noted is read once; what finds no room is lost, and there is room again after a reading.
    #[test]
    fn notes_are_read_once() {
        let notes = Notes::new();
        let read = || {
            let mut seen = Vec::new();
            notes.read(|note| seen.push((note.horizon, note.rtype, note.name.to_vec())));
            seen
        };
        assert_eq!(read(), [], "nothing yet");
        let longest = [7; LONGEST];
        for name in [&b"\0"[..], b"\x03www\x07example\x03org\0", &longest] {
            assert!(notes.write(Note { horizon: u32::MAX, rtype: 28, name }));
            assert_eq!(read(), [(u32::MAX, 28, name.to_vec())]);
        }
        assert!(!notes.write(Note { horizon: 1, rtype: 1, name: &[7; LONGEST + 1] }), "too long");
        for round in 0..3 {
            let written =
                (0..SLOTS + 100).filter(|at| notes.write(Note { horizon: 1, rtype: *at as u16, name: b"\0" }));
            assert!(written.count() >= SLOTS - 1 && !notes.have_room(), "round {round}");
            let seen = read();
            assert!(seen.len() >= SLOTS - 1 && notes.have_room());
            assert!(seen.iter().all(|(_, rtype, _)| usize::from(*rtype) < SLOTS), "the first, in round {round}");
        }
    }

    /// Writers and a reader at once: no note is read that was not written whole.
    #[test]
    fn nothing_is_read_that_was_torn() {
        let (notes, done) = (Notes::new(), AtomicBool::new(false));
        let mut read = 0;
        thread::scope(|scope| {
            let writers: Vec<_> = (0..3u8)
                .map(|writer| {
                    let notes = &notes;
                    scope.spawn(move || {
                        for round in 0..60_000u32 {
                            let tone = (round as u8).wrapping_mul(3).wrapping_add(writer);
                            let name = [tone; LONGEST];
                            let name = &name[..1 + usize::from(tone) % LONGEST];
                            notes.write(Note { horizon: u32::from(tone), rtype: u16::from(tone), name });
                        }
                    })
                })
                .collect();
            let reader = scope.spawn(|| {
                let mut read = 0;
                while !done.load(Ordering::Relaxed) {
                    notes.read(|note| {
                        let tone = note.rtype as u8;
                        assert_eq!(note.horizon, u32::from(tone));
                        assert_eq!(note.name.len(), 1 + usize::from(tone) % LONGEST);
                        assert!(note.name.iter().all(|octet| *octet == tone));
                        read += 1;
                    });
                }
                read
            });
            let written = writers.into_iter().all(|writer| writer.join().is_ok());
            done.store(true, Ordering::Relaxed);
            assert!(written);
            read = reader.join().unwrap();
        });
        assert!(read > 0, "some were read");
    }
}
