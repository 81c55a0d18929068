//! The open store: what it holds, and how it is opened and looked at.

use super::change::Change;
use super::error::StoreError;
use super::history::{Head, History};
use super::journal::Journal;
use super::switch::Place;
use crate::files::{self, Lock};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The zone files of one directory with their history. There is one in the process that edits; it holds the lock.
#[derive(Debug)]
pub struct Store {
    pub(super) zones: PathBuf,
    /// `<zones>/.history`
    pub(super) folder: PathBuf,
    pub(super) journal: Journal,
    pub(super) history: History,
    /// What lies beside the files of the newest change, for taking it back.
    pub(super) unsettled: Vec<Place>,
    /// The newest change is half done and has to be finished first.
    pub(super) stuck: bool,
    /// Given back last.
    _lock: Lock,
}

/// What opening had to put right after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// Half a line of a change that was never made.
    CutTail {
        /// How much of it there was.
        octets: u64,
    },
    /// A change was in the journal and not yet in all files.
    Finished {
        /// Its id.
        id: u64,
    },
    /// A change was not finished, because of somebody's save at that moment or because it could not be; it is as if it
    /// had never been.
    TakenBack {
        /// The id that it had.
        id: u64,
    },
    /// A file that was left beside another one.
    Removed {
        /// Its path.
        path: PathBuf,
    },
}

/// How long the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// Opens the history of a zones directory, or begins one, and puts right what a crash left.
    ///
    /// The cost is that of reading the journal once; what is kept in memory is some hundred octets a change.
    ///
    /// # Errors
    /// - [`StoreError::File`] with [`crate::files::FileError::Locked`]: another process holds the lock for more than two seconds.
    /// - [`StoreError::Broken`]: the journal is damaged. Nothing is changed then.
    /// - [`StoreError::File`]: the system refused.
    pub fn open(zones: &Path) -> Result<(Store, Vec<Recovered>), StoreError> {
        let folder = zones.join(".history");
        if !folder.is_dir() {
            files::create_folder(&folder)?;
            // The history tells what zone files that others may not read have held.
            let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o750));
        }
        let lock = Lock::wait(folder.join("lock"), PATIENCE)?;
        let mut history = History::default();
        let (journal, torn) = Journal::open(&folder.join("journal"), |line, span| history.take(line, span))?;
        let mut recovered = Vec::new();
        if torn > 0 {
            recovered.push(Recovered::CutTail { octets: torn });
        }
        let mut store = Store {
            zones: zones.to_path_buf(),
            folder,
            journal,
            history,
            unsettled: Vec::new(),
            stuck: false,
            _lock: lock,
        };
        store.recover(&mut recovered)?;
        store.sweep(&mut recovered)?;
        Ok((store, recovered))
    }

    /// False when the history was moved, removed or replaced while it was open: what is written to it now is lost.
    pub fn is_in_place(&self) -> bool {
        self.journal.is_in_place()
    }

    /// All changes, newest first, without their lines.
    pub fn changes(&self) -> impl Iterator<Item = &Head> {
        self.history.heads().iter().rev()
    }

    /// The files that have a history, those that are gone included, relative to the zones directory; sorted.
    pub fn files(&self) -> Vec<Arc<str>> {
        self.history.files()
    }

    /// One change without its lines.
    pub fn head(&self, id: u64) -> Option<&Head> {
        self.history.head(id)
    }

    /// One change with its lines, read from the journal.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], and those of reading the journal.
    pub fn change(&self, id: u64) -> Result<Change, StoreError> {
        self.history.change(&self.journal, id)
    }

    /// Changes that go by themselves unless they are confirmed, oldest first; a restart forgets none.
    pub fn waiting(&self) -> Vec<&Head> {
        let waits =
            |head: &&Head| head.reverts_at.is_some() && !head.confirmed && !head.taken_back && head.undone_by.is_none();
        self.history.heads().iter().filter(waits).collect()
    }

    /// The zones directory.
    pub fn zones(&self) -> &Path {
        &self.zones
    }

    /// The name of a file in the history.
    pub(super) fn relative(&self, path: &Path) -> Result<String, StoreError> {
        let outside = || StoreError::NotBelow { path: path.to_path_buf() };
        let below = match path.strip_prefix(&self.zones) {
            Ok(below) => below,
            Err(_) if path.is_relative() => path,
            Err(_) => return Err(outside()),
        };
        let mut parts = Vec::new();
        for part in below.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?),
                Component::CurDir => {}
                _ => return Err(outside()),
            }
        }
        if parts.is_empty() || parts.iter().any(|part| part.starts_with('.')) {
            return Err(outside());
        }
        Ok(parts.join("/"))
    }

    /// Seconds since 1970, never less than those of the newest change.
    pub(super) fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        now.max(self.history.heads().last().map_or(0, |last| last.at))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A change that is half done needs what lies beside its files when the history is opened again.
        if !self.stuck {
            let _ = self.settle();
        }
    }
}
