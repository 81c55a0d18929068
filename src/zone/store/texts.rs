//! What a file held after a change or at a time, by taking changes out of what it holds now.

use super::body::Body;
use super::change::{FileChange, Stamp};
use super::error::StoreError;
use super::fingerprint::Fingerprint;
use super::hunk;
use super::opened::Store;
use super::rope::Rope;
use super::switch::text;
use std::path::Path;

/// A file before some of its changes.
#[derive(Debug)]
pub(super) struct Earlier {
    /// Its body.
    pub(super) rope: Rope,
    /// What tells that text; none when there was no file, or when no change was taken out.
    pub(super) stamp: Option<Stamp>,
    /// The changes since, ascending, with their ids.
    pub(super) since: Vec<(u64, FileChange)>,
    /// What it holds now.
    pub(super) present: Option<Vec<u8>>,
}

impl Store {
    /// What a file held after change `id`; none when there was no file then.
    ///
    /// The cost is that of reading the file and the changes since.
    ///
    /// # Errors
    /// - [`StoreError::Unnoticed`]: the file was edited beside the store and nobody called [`Store::notice`].
    /// - [`StoreError::Opaque`]: the way back leads over an outside edit whose lines are not known.
    /// - [`StoreError::BeforeHistory`]: the store did not know the file then.
    /// - [`StoreError::Unfit`], [`StoreError::Broken`], [`StoreError::File`].
    pub fn text_after(&self, path: &Path, id: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let relative = self.relative(path)?;
        if self.history.chain(&relative).is_some_and(|chain| id < chain.seen_after) {
            return Err(StoreError::BeforeHistory { path: self.zones.join(relative) });
        }
        let earlier = self.earlier(&relative, id.saturating_add(1))?;
        let Some((first, _)) = earlier.since.first() else { return Ok(earlier.present) };
        let Some(stamp) = earlier.stamp else { return Ok(None) };
        let octets = earlier.rope.octets(stamp.hole());
        if Fingerprint::of(&octets) == stamp.fingerprint {
            Ok(Some(octets))
        } else {
            Err(StoreError::Unfit { path: self.zones.join(relative), id: *first })
        }
    }

    /// What a file held at a time, in seconds since 1970: all changes of that second count.
    ///
    /// # Errors
    /// As for [`Store::text_after`].
    pub fn text_at(&self, path: &Path, at: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let relative = self.relative(path)?;
        let seen = self.history.chain(&relative).and_then(|chain| chain.seen_at);
        if self.history.since.is_none_or(|since| at < since) || seen.is_some_and(|seen| at < seen) {
            return Err(StoreError::BeforeHistory { path: self.zones.join(relative) });
        }
        let heads = self.history.heads();
        let count = heads.partition_point(|head| head.at <= at);
        self.text_after(path, count.checked_sub(1).map_or(0, |last| heads[last].id))
    }

    /// What the file holds now, as the history knows it.
    pub(super) fn present(&self, relative: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.zones.join(relative);
        let chain = self.history.chain(relative).ok_or(StoreError::BeforeHistory { path: path.clone() })?;
        let now = text(&path)?;
        if chain.latest() == now.as_deref().map(Fingerprint::of) {
            return Ok(now);
        }
        Err(StoreError::Unnoticed { path })
    }

    /// The file before all its changes whose id is not less than `from`.
    pub(super) fn earlier(&self, relative: &str, from: u64) -> Result<Earlier, StoreError> {
        let path = || self.zones.join(relative);
        let present = match self.present(relative) {
            // Somebody edited the file just now; what it was before is known all the same.
            Err(StoreError::Unnoticed { .. }) => self.recalled(relative)?,
            present => present?,
        };
        let links = self.history.chain(relative).map(|chain| chain.links()).unwrap_or_default();
        let body = Body::of(present.as_deref().unwrap_or_default());
        let mut rope = Rope::of(&body.pieces());
        let mut since = Vec::new();
        let mut stamp = None;
        for link in links.iter().rev().take_while(|link| link.id >= from) {
            let file = self.file_change(relative, link.id)?;
            let lines = file.hunks.as_deref().filter(|_| !link.opaque);
            let lines = lines.ok_or_else(|| StoreError::Opaque { path: path(), id: link.id })?;
            if !hunk::take_back(&mut rope, lines) {
                return Err(StoreError::Unfit { path: path(), id: link.id });
            }
            stamp = file.before.clone();
            since.push((link.id, file));
        }
        since.reverse();
        Ok(Earlier { rope, stamp, since, present })
    }
}
