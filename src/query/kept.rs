//! Which questions are kept when there are more than memory is meant for: those that come again.

use super::notes::Note;
use std::collections::HashMap;

/// Questions of the last hour, in two classes with room of their own: a flood of names that come once pushes out such names
/// only.
#[derive(Debug, Default)]
pub(super) struct Kept {
    once: HashMap<Key, Seen>,
    again: HashMap<Key, Seen>,
    /// How many were taken in all: the order of the last sights.
    taken: u64,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The hash of the horizon's name.
    pub(super) horizon: u32,
    pub(super) rtype: u16,
    /// Wire format, lower-cased.
    pub(super) name: Box<[u8]>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    minute: u32,
    turn: u64,
}

/// Questions that were noted once: an hour's worth in a small network, two seconds of a flood.
const MOST_ONCE: usize = 4096;

/// Questions that were noted at least twice: in two minutes, or by two workers.
const MOST_AGAIN: usize = 8192;

/// How long a question is kept after it was asked last, in minutes.
pub(super) const MINUTES: u32 = 60;

impl Kept {
    /// Takes a question that was asked in this minute.
    pub(super) fn take(&mut self, note: Note<'_>, minute: u32) {
        self.taken += 1;
        let seen = Seen { minute, turn: self.taken };
        let key = Key { horizon: note.horizon, rtype: note.rtype, name: note.name.into() };
        if let Some(known) = self.again.get_mut(&key) {
            *known = seen;
        } else if self.once.remove(&key).is_some() {
            self.again.insert(key, seen);
            trim(&mut self.again, MOST_AGAIN);
        } else {
            self.once.insert(key, seen);
            trim(&mut self.once, MOST_ONCE);
        }
    }

    /// Drops what was asked last more than an hour before this minute.
    pub(super) fn forget(&mut self, minute: u32) {
        for class in [&mut self.once, &mut self.again] {
            class.retain(|_, seen| minute.saturating_sub(seen.minute) <= MINUTES);
        }
    }

    /// Every question, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.again.keys().chain(self.once.keys())
    }
}

/// Drops the eighth that was not asked for longest when there are more than `most`.
fn trim(class: &mut HashMap<Key, Seen>, most: usize) {
    if class.len() <= most {
        return;
    }
    let mut turns: Vec<u64> = class.values().map(|seen| seen.turn).collect();
    let (_, &mut oldest_to_stay, _) = turns.select_nth_unstable(most / 8);
    class.retain(|_, seen| seen.turn >= oldest_to_stay);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(name: &[u8]) -> Note<'_> {
        Note { horizon: 1, rtype: 1, name }
    }

    /// Many names that come once push out each other, never one that came twice; memory stays bounded.
    #[test]
    fn a_flood_pushes_out_only_itself() {
        let mut kept = Kept::default();
        for minute in 0..2 {
            for name in 0..1000u32 {
                kept.take(note(&name.to_be_bytes()), minute);
            }
        }
        kept.take(note(b"asked once"), 1);
        for name in 0..150_000u32 {
            kept.take(note(&[&b"flood"[..], &name.to_be_bytes()].concat()), 2);
        }
        assert!(kept.once.len() <= MOST_ONCE && kept.once.capacity() <= 4 * MOST_ONCE);
        assert_eq!(kept.again.len(), 1000, "each is still there");
        assert!(!kept.iter().any(|key| *key.name == *b"asked once"), "the price: what came once goes");
        for minute in 3..5 {
            for name in 0..30_000u32 {
                kept.take(note(&[&b"twice"[..], &name.to_be_bytes()[..], &[0]].concat()[..8]), minute);
            }
        }
        assert!(kept.again.len() <= MOST_AGAIN && kept.again.capacity() <= 4 * MOST_AGAIN);
    }

    /// What nobody asked for an hour is dropped; what is asked again stays.
    #[test]
    fn questions_are_kept_for_an_hour() {
        let mut kept = Kept::default();
        kept.take(note(b"old"), 0);
        kept.take(note(b"asked"), 0);
        kept.take(note(b"asked"), 30);
        let mut names = |minute| {
            kept.forget(minute);
            let mut names: Vec<_> = kept.iter().map(|key| key.name.to_vec()).collect();
            names.sort();
            names
        };
        assert_eq!(names(MINUTES), [b"asked".to_vec(), b"old".to_vec()]);
        assert_eq!(names(MINUTES + 1), [b"asked"]);
        assert_eq!(names(MINUTES + 31), [b""; 0]);
    }
}
