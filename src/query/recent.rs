//! What was asked in the last hour: distinct questions, within bounded memory, so that a plan can say whom it concerns.
//!
//! Workers write through a [`Noter`] each; this side may lock and allocate, and is called once a second and by those who want
//! to know.

use super::kept::{Kept, MINUTES};
use super::noter::{Noter, horizon_hash};
use super::notes::Notes;
use super::watched::Watched;
use crate::dns::{Name, Rtype, name_from_wire};
use crate::pace::give_turn_at;
use crate::snapshot::Snapshot;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The questions of the last hour that some zone may answer. Takes 4 MB at most, whoever asks.
///
/// Names longer than 112 octets are left out. So are questions while more than 2,048 new ones come in a second; those that
/// were asked in two minutes before stay known all the same, until 8,192 others have been.
pub struct Recent {
    notes: Arc<Notes>,
    watched: Arc<Watched>,
    noters: Mutex<Vec<Arc<Noter>>>,
    kept: Mutex<Kept>,
    start: Instant,
}

/// A question that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asked {
    /// The horizon of the client.
    pub horizon: String,
    /// The name, lower-cased.
    pub name: Name,
    /// The type.
    pub rtype: Rtype,
}

/// Workers beyond so many share their noters: each takes 32 KiB.
const MOST_NOTERS: usize = 16;

impl Default for Recent {
    fn default() -> Self {
        Recent::new()
    }
}

impl Recent {
    /// Nothing was asked yet.
    pub fn new() -> Self {
        Recent {
            notes: Arc::new(Notes::new()),
            watched: Arc::default(),
            noters: Mutex::default(),
            kept: Mutex::default(),
            start: Instant::now(),
        }
    }

    /// The noter for a worker that starts; dropping it gives it back.
    pub fn noter(&self) -> Arc<Noter> {
        let mut noters = self.noters.lock().unwrap_or_else(PoisonError::into_inner);
        // The list holds one, so a noter without a worker counts one, and the one with the fewest is shared.
        let fewest = noters.iter().min_by_key(|noter| Arc::strong_count(noter));
        if let Some(noter) = fewest.filter(|noter| noters.len() >= MOST_NOTERS || Arc::strong_count(noter) == 1) {
            return Arc::clone(noter);
        }
        let noter = Arc::new(Noter::new(Arc::clone(&self.notes), Arc::clone(&self.watched)));
        noters.push(Arc::clone(&noter));
        noter
    }

    /// Which CA asked for which name.
    pub fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.watched)
    }

    /// Takes in what was noted and tells the noters the minute. To be called about once a second.
    pub fn tick(&self) {
        self.tick_at((self.start.elapsed().as_secs() / 60) as u32);
    }

    /// The questions of the last hour, of horizons that there are; sorted.
    pub fn questions(&self, snapshot: &Snapshot) -> Vec<Asked> {
        self.tick();
        let kept = self.kept();
        let known = kept.iter().filter_map(|key| {
            let view = snapshot.views.iter().find(|view| horizon_hash(&view.name) == key.horizon)?;
            let name = name_from_wire(&key.name).ok()?;
            Some(Asked { horizon: view.name.clone(), name, rtype: Rtype::from_int(key.rtype) })
        });
        let mut known: Vec<Asked> = known.collect();
        known.sort_unstable();
        known
    }

    /// How far back questions are known, in seconds: an hour, or since the start.
    pub fn seconds(&self) -> u64 {
        self.start.elapsed().as_secs().min(u64::from(MINUTES) * 60)
    }

    fn tick_at(&self, minute: u32) {
        let mut kept = self.kept();
        // What was noted before a minute is told was asked in the one before.
        let noted_in = self.notes.minute();
        let mut round = 0;
        self.notes.read(|note| {
            kept.take(note, noted_in);
            give_turn_at(round);
            round += 1;
        });
        if noted_in != minute {
            self.notes.set_minute(minute);
            kept.forget(minute);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}
