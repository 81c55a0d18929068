//! The challenge values that live now: written by the doors, kept across kill and power loss, laid over the zones.

use super::challenge_error::ChallengeError;
use super::challenge_journal::Journal;
use super::challenge_journal::still_live;
use super::challenge_table::ChallengeChange;
use super::challenge_table::LiveChallenge;
use super::challenge_table::MOST_VALUES;
use super::challenge_table::Owner;
use super::challenge_table::Scope;
use super::challenge_table::Table;
use super::challenge_table::Touched;
use super::challenge_table::live;
use super::challenge_table::lower;
use super::challenge_table::overlay_set;
use super::challenge_table::seconds;
use crate::answer::Overlay;
use crate::dns::Name;
use crate::files::FileError;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::SystemTime;

/// TXT values at `_acme-challenge` names, and at names that such ones lead to: at most [`super::MOST_OF_OWNER`] for each owner
/// and [`MOST_VALUES`] in all, each for at most [`super::LIFE`]. Shared by all doors.
///
/// A write waits for the disk: not for threads that answer queries, nor for an async task.
pub struct Challenges {
    pub(super) overlay: Arc<Overlay>,
    state: Mutex<State>,
    changed: OnceLock<Box<Changed>>,
}

/// Told which owners have other values now, in wire format and lower case.
type Changed = dyn Fn(&[Owner]) + Send + Sync;

#[derive(Debug)]
pub(super) struct State {
    folder: PathBuf,
    table: Table,
    /// Owners where values are expected to come.
    expected: BTreeSet<Owner>,
    /// None until the first write where nothing was ever written, and after a fault of the disk; the next write tries to
    /// open it.
    pub(super) journal: Option<Journal>,
    /// What the journal told is in the table.
    read: bool,
    /// Why the last try to keep a value failed.
    trouble: Option<String>,
}

impl Challenges {
    /// Reads what lives of the journal in the folder `state`, and lays it over the zones. A folder that is missing is made by
    /// the first write.
    ///
    /// The findings tell of lines that could not be read.
    ///
    /// # Errors
    /// [`FileError`] when the folder is there and cannot be read or written, or another server uses it.
    pub fn open(state: &Path, overlay: Arc<Overlay>) -> Result<(Self, Vec<Finding>), FileError> {
        let challenges = Challenges::unopened(state, overlay);
        let mut findings = Vec::new();
        if Journal::may_exist(state) {
            findings = challenges.lock().open(&challenges.overlay, SystemTime::now())?;
        }
        Ok((challenges, findings))
    }

    /// No values; the first write opens the journal in `state`, and fails while that cannot be done.
    pub fn unopened(state: &Path, overlay: Arc<Overlay>) -> Self {
        let folder = state.to_path_buf();
        let state = State {
            folder,
            table: Table::default(),
            expected: BTreeSet::new(),
            journal: None,
            read: false,
            trouble: None,
        };
        Challenges { overlay, state: Mutex::new(state), changed: OnceLock::new() }
    }

    /// As [`Challenges::open`]; a folder that cannot be used is a finding, and each write tries again.
    pub fn open_or_wait(state: &Path, overlay: Arc<Overlay>) -> (Self, Vec<Finding>) {
        match Challenges::open(state, Arc::clone(&overlay)) {
            Ok(opened) => opened,
            Err(error) => {
                let challenges = Challenges::unopened(state, overlay);
                challenges.lock().trouble = Some(error.to_string());
                let findings = challenges.trouble().into_iter().collect();
                (challenges, findings)
            }
        }
    }

    /// Lets `changed` be told of each write, after its values are visible; only the first call counts.
    pub fn on_change(&self, changed: impl Fn(&[Owner]) + Send + Sync + 'static) {
        let _ = self.changed.set(Box::new(changed));
    }

    /// Adds one TXT value (at most 255 octets) at `owner`, or lets one that is there live on; durable and visible when it
    /// returns.
    ///
    /// # Errors
    /// [`ChallengeError`]; nothing has changed then.
    pub fn present(&self, owner: &Name, value: &[u8], scope: &Scope) -> Result<(), ChallengeError> {
        self.apply(&[ChallengeChange::Add { owner: owner.clone(), value: value.to_vec(), scope: scope.clone() }])
    }

    /// Removes one value of `owner`, or all; unknown ones are no error. Returns how many went.
    ///
    /// # Errors
    /// [`ChallengeError::NotKept`]; nothing has changed then.
    pub fn withdraw(&self, owner: &Name, value: Option<&[u8]>) -> Result<usize, ChallengeError> {
        let owner = owner.clone();
        let change = match value {
            Some(value) => ChallengeChange::Remove { owner, value: value.to_vec() },
            None => ChallengeChange::RemoveAll { owner },
        };
        self.write(&[change], SystemTime::now())
    }

    /// Makes all changes, in their order, in one step that is visible and durable as a whole, or none.
    ///
    /// # Errors
    /// [`ChallengeError`]; nothing has changed then.
    pub fn apply(&self, changes: &[ChallengeChange]) -> Result<(), ChallengeError> {
        self.write(changes, SystemTime::now()).map(|_| ())
    }

    /// Names these, and no others, as owners where values are expected to come, such as the targets of CNAMEs for acme-dns
    /// accounts: without a value they are NODATA with a brief negative TTL, not missing. Of more than [`MOST_VALUES`] the
    /// first count. They are not kept: whoever knows them says so after each start.
    pub fn expect(&self, owners: &[Name]) {
        let mut state = self.lock();
        let expected: BTreeSet<Owner> = owners.iter().take(MOST_VALUES).map(lower).collect();
        let before = std::mem::replace(&mut state.expected, expected);
        let differ = before.symmetric_difference(&state.expected);
        let touched: Touched = differ.map(|owner| (Arc::clone(owner), state.table.values(owner).to_vec())).collect();
        if !touched.is_empty() {
            state.publish(&self.overlay, &touched);
            drop(state);
            self.tell(&touched);
        }
    }

    /// Every value that lives.
    pub fn live(&self) -> Vec<LiveChallenge> {
        self.lock().table.iter().flat_map(|(owner, values)| live(owner, values)).collect()
    }

    /// How many values live.
    pub fn count(&self) -> usize {
        self.lock().table.count()
    }

    /// Drops what has ended at `now`. Returns how many values went. The disk is not asked: a journal that is read drops the same.
    pub fn expire(&self, now: SystemTime) -> usize {
        let mut state = self.lock();
        let ended = state.table.ended(now);
        if ended.is_empty() {
            return 0;
        }
        let before = state.table.count();
        state.publish(&self.overlay, &ended);
        let gone = before - state.table.count();
        drop(state);
        self.tell(&ended);
        gone
    }

    /// Tries again what a fault of the folder kept from being done, so that values that were written before it serve again
    /// without another write.
    pub fn mend(&self) {
        let mut state = self.lock();
        if state.trouble.is_some() && state.journal.is_none() {
            match state.open(&self.overlay, SystemTime::now()) {
                Ok(_) => tracing::info!("challenge values can be kept again"),
                Err(error) => tracing::debug!("challenge values still cannot be kept: {error}"),
            }
        }
    }

    /// Why values cannot be kept at present; none when nothing is known against it.
    pub fn trouble(&self) -> Option<Finding> {
        let state = self.lock();
        let why = state.trouble.clone()?;
        let remedy =
            "see that `state` of [acme] names a folder that the server may write to; the next write tries again";
        let subject = state.folder.display().to_string();
        let what = format!("challenge values cannot be kept, so none is taken: {why}");
        let finding = Finding::new("CHALLENGES_NOT_KEPT", Severity::Warning, subject, what, remedy);
        Some(finding.seen_at(Place::file(&state.folder)))
    }

    /// Keeps values in another folder from now on, if it is another one.
    ///
    /// # Errors
    /// [`FileError`]; each write tries again.
    pub fn follow(&self, folder: &Path) -> Result<(), FileError> {
        let mut state = self.lock();
        if state.folder == folder {
            return Ok(());
        }
        state.folder = folder.to_path_buf();
        state.journal = None;
        state.read = false;
        if state.table.count() == 0 && !Journal::may_exist(folder) {
            return Ok(());
        }
        state.open(&self.overlay, SystemTime::now()).map(|_| ())
    }

    pub(super) fn write(&self, changes: &[ChallengeChange], now: SystemTime) -> Result<usize, ChallengeError> {
        let mut state = self.lock();
        if state.has_nothing() && changes.iter().all(ChallengeChange::removes) {
            return Ok(0);
        }
        state.ready(&self.overlay, now)?;
        let (touched, removed) = match state.table.plan(changes, now) {
            Err(ChallengeError::Full { .. } | ChallengeError::OwnerFull { .. })
                if !state.table.ended(now).is_empty() =>
            {
                // Room is made of what has ended.
                let ended = state.table.ended(now);
                state.publish(&self.overlay, &ended);
                state.table.plan(changes, now)?
            }
            planned => planned?,
        };
        let touched: Touched =
            touched.into_iter().filter(|(owner, values)| state.table.values(owner) != values.as_slice()).collect();
        if touched.is_empty() {
            return Ok(removed);
        }
        state.keep(&touched)?;
        state.publish(&self.overlay, &touched);
        drop(state);
        self.tell(&touched);
        Ok(removed)
    }

    fn tell(&self, touched: &Touched) {
        if let Some(changed) = self.changed.get() {
            changed(&touched.keys().cloned().collect::<Vec<_>>());
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// True when nothing was ever written, so that nothing need be made to remove it.
    fn has_nothing(&self) -> bool {
        self.journal.is_none() && self.table.count() == 0 && !Journal::may_exist(&self.folder)
    }

    /// Opens the journal where it is not.
    fn ready(&mut self, overlay: &Overlay, now: SystemTime) -> Result<(), FileError> {
        if self.journal.is_none() {
            self.open(overlay, now)?;
        }
        Ok(())
    }

    /// Opens the journal and writes it anew with what lives: what this server knows already, and what the journal tells
    /// beyond that if it was never read.
    fn open(&mut self, overlay: &Overlay, now: SystemTime) -> Result<Vec<Finding>, FileError> {
        let opened = self.try_open(overlay, now);
        self.trouble = opened.as_ref().err().map(ToString::to_string);
        opened
    }

    fn try_open(&mut self, overlay: &Overlay, now: SystemTime) -> Result<Vec<Finding>, FileError> {
        let (mut journal, told) = Journal::open(&self.folder)?;
        if !self.read {
            let mut fresh = still_live(told.owners, seconds(now));
            fresh.retain(|owner, _| self.table.values(owner).is_empty());
            self.publish(overlay, &self.table.as_many_as_fit(fresh, MOST_VALUES));
            self.read = true;
        }
        journal.renew(self.table.iter())?;
        self.journal = Some(journal);
        let subject = self.folder.display().to_string();
        Ok(told.damaged.first().map(|line| damaged(subject, *line, told.damaged.len())).into_iter().collect())
    }

    /// Makes a write durable.
    fn keep(&mut self, touched: &Touched) -> Result<(), FileError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let kept = journal.append(touched);
        self.trouble = kept.as_ref().err().map(ToString::to_string);
        if kept.is_err() {
            // What the file holds is not known for sure: the next write begins it anew.
            self.journal = None;
            return kept;
        }
        if journal.is_long() {
            let after: Touched = self
                .table
                .iter()
                .filter(|(owner, _)| !touched.contains_key(*owner))
                .chain(touched)
                .filter(|(_, values)| !values.is_empty())
                .map(|(owner, values)| (Arc::clone(owner), values.clone()))
                .collect();
            if let Err(error) = journal.renew(after.iter()) {
                // The line is in the old file, and that is on the disk.
                tracing::warn!("the journal of challenge values cannot be written anew: {error}");
                self.journal = None;
            }
        }
        Ok(())
    }

    /// Makes a write visible.
    fn publish(&mut self, overlay: &Overlay, touched: &Touched) {
        self.table.take(touched);
        let mut values = (*overlay.values()).clone();
        for (owner, kept) in touched {
            let expected = self.expected.contains(owner);
            if kept.is_empty() && !expected {
                values.remove(owner);
            } else {
                values.insert(Arc::clone(owner), Arc::new(overlay_set(kept, expected)));
            }
        }
        overlay.set(values);
    }
}

fn damaged(subject: String, line: usize, count: usize) -> Finding {
    let what =
        format!("{count} lines of the journal `challenges` cannot be read, line {line} first; their values are lost");
    let remedy = "look for damage of the disk; clients present their values again with their next orders";
    Finding::new("CHALLENGES_DAMAGED", Severity::Warning, subject, what, remedy)
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenges").field("state", &self.state).finish_non_exhaustive()
    }
}
