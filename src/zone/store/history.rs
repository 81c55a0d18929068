//! What of the journal is kept in memory: ids, times, files and offsets. The lines of changes are read when asked for.

use super::chain::{Chain, Link};
use super::change::{Change, Stamp};
use super::error::StoreError;
use super::fingerprint::Fingerprint;
use super::journal::{Journal, Span};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// One change of the history without its lines.
#[derive(Debug, Clone)]
pub struct Head {
    /// From 1 on, ascending.
    pub id: u64,
    /// Seconds since 1970.
    pub at: u64,
    /// The change that this one takes back.
    pub undoes: Option<u64>,
    /// The change that took this one back.
    pub undone_by: Option<u64>,
    /// When it goes by itself unless it is confirmed; seconds since 1970.
    pub reverts_at: Option<u64>,
    /// It was confirmed.
    pub confirmed: bool,
    /// It failed its verification, and its files went back at once.
    pub taken_back: bool,
    /// It was made by an editor or another program, not by the store.
    pub outside: bool,
    /// Relative to the zones directory.
    pub files: Vec<Arc<str>>,
    pub(super) exact: bool,
    pub(super) span: Span,
}

/// A line as it is written: one of these.
#[derive(Serialize, Default)]
pub(super) struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<&'a Change>,
    /// The newest change was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) back: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confirmed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<&'a Seen>,
}

impl Line<'_> {
    pub(super) fn octets(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| {
            let source = std::io::Error::other(error);
            crate::files::FileError::System { doing: "write", path: "journal".into(), source }.into()
        })
    }
}

/// A file that the store met for the first time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) at: u64,
    pub(super) path: String,
    pub(super) text: Stamp,
}

#[derive(Deserialize)]
struct ReadLine {
    change: Option<ReadChange>,
    back: Option<u64>,
    confirmed: Option<u64>,
    seen: Option<Seen>,
}

#[derive(Deserialize)]
struct ReadChange {
    id: u64,
    at: u64,
    undoes: Option<u64>,
    reverts_at: Option<u64>,
    #[serde(default)]
    outside: bool,
    #[serde(default)]
    exact: bool,
    files: Vec<ReadFile>,
}

#[derive(Deserialize)]
struct ReadFile {
    path: String,
    before: Option<ReadStamp>,
    after: Option<ReadStamp>,
    hunks: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ReadStamp {
    hash: Fingerprint,
}

/// A whole line, hunks and all.
#[derive(Deserialize)]
struct WholeLine {
    change: Change,
}

/// All changes, and for each file the row of its texts.
#[derive(Debug, Default)]
pub(super) struct History {
    heads: Vec<Head>,
    chains: HashMap<Arc<str>, Chain>,
    /// The time of the first line.
    pub(super) since: Option<u64>,
}

impl History {
    /// Adds a line of the journal; says what is wrong with it.
    pub(super) fn take(&mut self, line: &[u8], span: Span) -> Result<(), String> {
        let line: ReadLine = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if let Some(seen) = line.seen {
            self.saw(&seen);
        }
        if let Some(change) = line.change {
            if self.heads.last().is_some_and(|last| last.id >= change.id) {
                return Err(format!("the id {} does not ascend", change.id));
            }
            self.add(change, span);
        }
        if let Some(id) = line.back {
            if self.heads.last().is_none_or(|last| last.id != id) {
                return Err(format!("it takes change {id} back, which is not the newest"));
            }
            self.took_back();
        }
        if let Some(id) = line.confirmed
            && let Some(head) = self.head_mut(id)
        {
            head.confirmed = true;
        }
        Ok(())
    }

    pub(super) fn saw(&mut self, seen: &Seen) {
        self.since.get_or_insert(seen.at);
        let after = self.heads.last().map_or(0, |last| last.id);
        let chain = Chain::seen(seen.text.fingerprint, seen.at, after);
        self.chains.entry(seen.path.as_str().into()).or_insert(chain);
    }

    fn add(&mut self, change: ReadChange, span: Span) {
        self.since.get_or_insert(change.at);
        let mut files = Vec::with_capacity(change.files.len());
        for file in change.files {
            let path = match self.chains.get_key_value(file.path.as_str()) {
                Some((path, _)) => path.clone(),
                None => Arc::from(file.path),
            };
            let before = file.before.map(|stamp| stamp.hash);
            let link = Link { id: change.id, after: file.after.map(|stamp| stamp.hash), opaque: file.hunks.is_none() };
            self.chains.entry(path.clone()).or_insert_with(|| Chain::new(before)).push(before, link);
            files.push(path);
        }
        self.mark_undone(change.undoes, Some(change.id));
        self.heads.push(Head {
            id: change.id,
            at: change.at,
            undoes: change.undoes,
            undone_by: None,
            reverts_at: change.reverts_at,
            confirmed: false,
            taken_back: false,
            outside: change.outside,
            files,
            exact: change.exact,
            span,
        });
    }

    /// Adds a change that was just written.
    pub(super) fn added(&mut self, change: &Change, span: Span) {
        let stamp = |stamp: &Option<Stamp>| stamp.as_ref().map(|stamp| ReadStamp { hash: stamp.fingerprint });
        let files = change.files.iter().map(|file| ReadFile {
            path: file.path.clone(),
            before: stamp(&file.before),
            after: stamp(&file.after),
            hunks: file.hunks.as_ref().map(|_| IgnoredAny),
        });
        let read = ReadChange {
            id: change.id,
            at: change.at,
            undoes: change.asked.undoes,
            reverts_at: change.asked.reverts_at,
            outside: change.outside,
            exact: change.exact,
            files: files.collect(),
        };
        self.add(read, span);
    }

    /// The newest change was taken back: its files hold what they held before.
    pub(super) fn took_back(&mut self) {
        let Some(head) = self.heads.last_mut() else { return };
        head.taken_back = true;
        let (id, undoes) = (head.id, head.undoes);
        for path in head.files.clone() {
            if let Some(chain) = self.chains.get_mut(&path) {
                chain.drop_last(id);
            }
        }
        self.mark_undone(undoes, None);
    }

    /// The newest change never came to be.
    pub(super) fn forget_newest(&mut self) {
        self.took_back();
        self.heads.pop();
    }

    /// What an undo took back is undone; and when that was an undo itself, what it undid is there again.
    fn mark_undone(&mut self, undoes: Option<u64>, by: Option<u64>) {
        let mut next = undoes;
        let mut by = by;
        while let Some(id) = next {
            let Some(head) = self.head_mut(id) else { return };
            head.undone_by = by;
            by = match by {
                Some(_) => None,
                None => Some(id),
            };
            next = head.undoes;
        }
    }

    pub(super) fn heads(&self) -> &[Head] {
        &self.heads
    }

    pub(super) fn head(&self, id: u64) -> Option<&Head> {
        let index = self.heads.binary_search_by_key(&id, |head| head.id).ok()?;
        self.heads.get(index)
    }

    pub(super) fn head_mut(&mut self, id: u64) -> Option<&mut Head> {
        let index = self.heads.binary_search_by_key(&id, |head| head.id).ok()?;
        self.heads.get_mut(index)
    }

    pub(super) fn files(&self) -> Vec<Arc<str>> {
        let mut files: Vec<_> = self.chains.keys().cloned().collect();
        files.sort();
        files
    }

    pub(super) fn chain(&self, path: &str) -> Option<&Chain> {
        self.chains.get(path)
    }

    pub(super) fn next_id(&self) -> u64 {
        self.heads.last().map_or(1, |last| last.id + 1)
    }

    /// A change with its lines.
    pub(super) fn change(&self, journal: &Journal, id: u64) -> Result<Change, StoreError> {
        let head = self.head(id).ok_or(StoreError::Unknown { id })?;
        let line = journal.read(head.span)?;
        let line: WholeLine =
            serde_json::from_slice(&line).map_err(|error| journal.broken(head.span, error.to_string()))?;
        Ok(line.change)
    }
}
