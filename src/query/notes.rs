//! Questions on their way from the workers to [`super::Recent`]: a ring of slots that is written without lock, wait or
//! allocation and read now and then.

use super::ring::Ring;
use std::sync::atomic::{AtomicU32, Ordering};

/// Octets of the longest name that is kept; longer ones are left out.
pub(super) const LONGEST: usize = (WORDS - 1) * 8;

/// How many questions there is room for between two readings.
pub(super) const SLOTS: usize = 2048;

/// Words of a slot: what was asked, and the name.
const WORDS: usize = 15;

/// Questions that were asked, until they are read.
pub(super) struct Notes {
    ring: Ring<WORDS, SLOTS>,
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
        Notes { ring: Ring::new(), minute: AtomicU32::new(0) }
    }

    /// False when nothing can be noted before the next reading.
    pub(super) fn have_room(&self) -> bool {
        self.ring.has_room()
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
        if note.name.len() > LONGEST {
            return false;
        }
        let mut words = [0; WORDS];
        words[0] = u64::from(note.horizon) << 32 | u64::from(note.rtype) << 16 | note.name.len() as u64;
        for (word, octets) in words[1..].iter_mut().zip(note.name.chunks(8)) {
            let mut whole = [0; 8];
            whole[..octets.len()].copy_from_slice(octets);
            *word = u64::from_le_bytes(whole);
        }
        self.ring.write(&words)
    }

    /// Hands over what was noted since the last reading. One reader at a time: two would both get some of it.
    pub(super) fn read(&self, mut take: impl FnMut(Note<'_>)) {
        self.ring.read(|words| {
            let length = (words[0] as usize & 0xFFFF).min(LONGEST);
            let mut name = [0; LONGEST];
            for (octets, word) in name.chunks_exact_mut(8).zip(&words[1..]) {
                octets.copy_from_slice(&word.to_le_bytes());
            }
            take(Note { horizon: (words[0] >> 32) as u32, rtype: (words[0] >> 16) as u16, name: &name[..length] });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
