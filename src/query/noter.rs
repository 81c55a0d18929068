//! One worker's way to note what it is asked: each question once a minute, without lock, allocation, clock or system call.

use super::notes::{LONGEST, Note, Notes};
use super::pending::Pending;
use super::watched::Watched;
use crate::snapshot::Snapshot;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Notes questions for [`super::Recent`].
///
/// A small table of the questions of this minute keeps what is asked often from being noted more than once: then noting is
/// one look at one word. When more different questions come than there is room for, as in a flood of random names, noting
/// stops until the notes are read, and costs nothing meanwhile.
pub struct Noter {
    /// By the lowest bits of a question's key: the key, mixed with the minute in which it was noted.
    table: Box<[AtomicU64; PLACES]>,
    notes: Arc<Notes>,
    watched: Arc<Watched>,
}

/// Questions that one worker knows to be noted; a power of two.
const PLACES: usize = 1 << 12;

impl Noter {
    pub(super) fn new(notes: Arc<Notes>, watched: Arc<Watched>) -> Self {
        Noter { table: Box::new([const { AtomicU64::new(0) }; PLACES]), notes, watched }
    }

    /// True when some client's questions are watched: only then [`Noter::saw`] has something to do.
    pub fn is_watching(&self) -> bool {
        self.watched.is_on()
    }

    /// Notes that this client asked, if it is watched, as CAs are.
    pub fn saw(&self, snapshot: &Snapshot, client: IpAddr, pending: &Pending) {
        if self.watched.may_be(client)
            && !pending.is_own()
            && let Some((_, name, rtype)) = pending.asked(snapshot)
        {
            self.watched.note(client, name, rtype);
        }
    }

    /// Notes the questions of a batch, all of which were read with this snapshot.
    pub fn note(&self, snapshot: &Snapshot, batch: &[Pending]) {
        if !self.notes.have_room() {
            return;
        }
        // Odd numbers times this are all different, so that each minute all words are.
        let minute = (u64::from(self.notes.minute()) << 1 | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for pending in batch {
            if let Some(key) = pending.key() {
                let place = &self.table[key as usize % PLACES];
                let word = key ^ minute;
                if place.load(Ordering::Relaxed) != word && self.write(snapshot, pending) {
                    place.store(word, Ordering::Relaxed);
                }
            }
        }
    }

    /// False when the question shall be tried again.
    #[cold]
    #[inline(never)]
    fn write(&self, snapshot: &Snapshot, pending: &Pending) -> bool {
        if pending.is_own() {
            return false;
        }
        let Some((view, name, rtype)) = pending.asked(snapshot).filter(|(_, name, _)| name.len() <= LONGEST) else {
            return true;
        };
        self.notes.write(Note { horizon: horizon_hash(&view.name), rtype, name })
    }
}

/// What a note knows a horizon by: its place among the others may change with a reload, its name is what people mean (FNV-1a).
pub(super) fn horizon_hash(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

impl fmt::Debug for Noter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Noter").finish_non_exhaustive()
    }
}
