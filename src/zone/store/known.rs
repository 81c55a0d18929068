//! What files held before somebody edited them beside the store.
//!
//! `.history/known/<file>` is the file as it was at some line of the journal; the lines after it lead to what the store
//! last knew. So the copy need not follow each change, and may be lost: then an outside edit has no lines.

use super::body::Body;
use super::change::{Change, FileChange, NewChange, Stamp};
use super::diff::hunks;
use super::error::StoreError;
use super::fingerprint::Fingerprint;
use super::history::{Line, Seen};
use super::hunk;
use super::opened::Store;
use super::rope::Rope;
use super::switch::{LARGEST, create_folder_of, text};
use crate::files;
use std::path::{Path, PathBuf};

impl Store {
    /// Compares what a file holds now with what the store last knew, and notes a difference as an outside change.
    ///
    /// `now` is what was read; none when there is no file. A file that the store meets for the first time is noted as it
    /// is. The cost of a file that did not change is that of its fingerprint.
    ///
    /// # Errors
    /// [`StoreError::NotBelow`], and [`StoreError::File`] when the journal cannot be written.
    pub fn notice(&mut self, path: &Path, now: Option<&[u8]>) -> Result<Option<Change>, StoreError> {
        Ok(self.notice_all([(path, now)])?.pop())
    }

    /// The same for many files, with one flush of the journal for all that are new.
    ///
    /// # Errors
    /// As for [`Store::notice`].
    pub fn notice_all<'a>(
        &mut self,
        files: impl IntoIterator<Item = (&'a Path, Option<&'a [u8]>)>,
    ) -> Result<Vec<Change>, StoreError> {
        self.ready()?;
        let mut changes = Vec::new();
        let mut first = Vec::new();
        for (path, now) in files {
            let relative = self.relative(path)?;
            let Some(chain) = self.history.chain(&relative) else {
                if let Some(octets) = now {
                    let seen = Seen { at: self.now(), path: relative, text: Stamp::of(&Body::of(octets)) };
                    self.remember(&seen.path, octets);
                    first.push(seen);
                }
                continue;
            };
            if chain.latest() != now.map(Fingerprint::of) {
                changes.push(self.note_outside(relative, now)?);
            }
        }
        let lines: Vec<_> =
            first.iter().map(|seen| Line { seen: Some(seen), ..Line::default() }.octets()).collect::<Result<_, _>>()?;
        if !lines.is_empty() {
            self.journal.append(&lines)?;
        }
        for seen in &first {
            self.history.saw(seen);
        }
        Ok(changes)
    }

    /// True for a file whose history has begun.
    pub fn knows(&self, path: &Path) -> bool {
        self.relative(path).is_ok_and(|relative| self.history.chain(&relative).is_some())
    }

    /// Notices what happened to the files of the history while it was closed.
    ///
    /// A file that cannot be read is left for the next time.
    ///
    /// # Errors
    /// As for [`Store::notice`].
    pub fn notice_known(&mut self) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        for relative in self.history.files() {
            let path = self.zones.join(&*relative);
            // Most are as they were: a large one is not read into memory for that.
            let latest = self.history.chain(&relative).and_then(|chain| chain.latest());
            if Fingerprint::of_file(&path, LARGEST).is_ok_and(|now| now == latest) {
                continue;
            }
            if let Ok(now) = text(&path) {
                changes.extend(self.notice(&path, now.as_deref())?);
            }
        }
        Ok(changes)
    }

    fn note_outside(&mut self, relative: String, now: Option<&[u8]>) -> Result<Change, StoreError> {
        // A lost copy is no reason to refuse: the change is noted without its lines.
        let before = self.recalled(&relative).ok();
        let empty = Body::of(b"");
        let old = before.as_ref().and_then(|text| text.as_deref().map(Body::of));
        let new = now.map(Body::of);
        let lines = || hunks(old.as_ref().unwrap_or(&empty), new.as_ref().unwrap_or(&empty));
        let file = FileChange {
            path: relative,
            before: old.as_ref().map(Stamp::of),
            after: new.as_ref().map(Stamp::of),
            hunks: before.as_ref().map(|_| lines()),
        };
        let change = Change {
            id: self.history.next_id(),
            at: self.now(),
            asked: NewChange::default(),
            outside: true,
            exact: false,
            files: vec![file],
        };
        let spans = self.journal.append(&[Line { change: Some(&change), ..Line::default() }.octets()?])?;
        self.history.added(&change, spans[0]);
        if let (Some(now), Some(file)) = (now, change.files.first()) {
            self.remember(&file.path, now);
        }
        Ok(change)
    }

    /// What the store last knew of a file, from its copy and the lines since.
    pub(super) fn recalled(&self, relative: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.zones.join(relative);
        let lost = || StoreError::Unnoticed { path: path.clone() };
        let chain = self.history.chain(relative).ok_or_else(lost)?;
        let Some(latest) = chain.latest() else { return Ok(None) };
        let copy = text(&self.known(relative))?;
        let copied = copy.as_deref().and_then(|copy| chain.version(Some(Fingerprint::of(copy))));
        // Where there was no file, what it held needs no copy.
        let version = copied.max(chain.version(None)).ok_or_else(lost)?;
        let start = copy.filter(|_| copied == Some(version)).unwrap_or_default();
        let rest = &chain.links()[version..];
        if rest.is_empty() {
            return Ok(Some(start));
        }
        let mut rope = Rope::of(&Body::of(&start).pieces());
        let mut stamp = None;
        for link in rest {
            let file = self.file_change(relative, link.id)?;
            let unfit = || StoreError::Unfit { path: path.clone(), id: link.id };
            let lines = file.hunks.as_deref().filter(|_| !link.opaque).ok_or_else(unfit)?;
            if !hunk::apply(&mut rope, lines) {
                return Err(unfit());
            }
            stamp = file.after;
        }
        let octets = rope.octets(stamp.as_ref().and_then(Stamp::hole));
        if Fingerprint::of(&octets) == latest { Ok(Some(octets)) } else { Err(lost()) }
    }

    /// Keeps a copy of each file of the newest change that has none.
    pub(super) fn remember_newest(&self) {
        let Some(head) = self.history.heads().last() else { return };
        for relative in &head.files {
            let latest = self.history.chain(relative).and_then(|chain| chain.latest());
            if latest.is_none() || self.known(relative).exists() {
                continue;
            }
            if let Ok(Some(octets)) = text(&self.zones.join(&**relative))
                && latest == Some(Fingerprint::of(&octets))
            {
                self.remember(relative, &octets);
            }
        }
    }

    /// Keeps a copy of a file that has none.
    pub(super) fn remember_first(&self, relative: &str, octets: &[u8]) {
        if !self.known(relative).exists() {
            self.remember(relative, octets);
        }
    }

    /// A copy that cannot be written is one that is lost; that is no error.
    fn remember(&self, relative: &str, octets: &[u8]) {
        let path = self.known(relative);
        let _ = create_folder_of(&path).and_then(|()| files::replace_unflushed(&path, octets));
    }

    fn known(&self, relative: &str) -> PathBuf {
        self.folder.join("known").join(relative)
    }

    /// What a change did to a file.
    pub(super) fn file_change(&self, relative: &str, id: u64) -> Result<FileChange, StoreError> {
        let change = self.change(id)?;
        let file = change.files.into_iter().find(|file| file.path == relative);
        file.ok_or_else(|| StoreError::Unfit { path: self.zones.join(relative), id })
    }
}
