//! Which texts take exactly one change back.

use super::body::Body;
use super::change::{NewText, Stamp};
use super::error::{StoreError, UndoError};
use super::opened::Store;
use super::texts::Earlier;
use super::weave::Weave;
use std::collections::BTreeSet;

/// A file without a change.
struct Undone {
    text: NewText,
    /// The serial is where it was. It is not where an SOA falls apart: then its digits are lines like others.
    whole: bool,
}

impl Store {
    /// The texts that take exactly change `id` back from the present ones, serials left as they are: the caller raises
    /// them and commits with `undoes`. A file that would not change is left out.
    ///
    /// Undoing an undo makes the change again. The cost is that of reading the files and their changes since.
    ///
    /// # Errors
    /// - [`UndoError::Unknown`], [`UndoError::AlreadyUndone`], [`UndoError::TakenBack`].
    /// - [`UndoError::Later`]: later changes, outside edits among them, touch the same lines.
    /// - [`UndoError::Store`]: the texts cannot be had, such as [`StoreError::Opaque`] and [`StoreError::Unnoticed`].
    pub fn undo(&self, id: u64) -> Result<Vec<NewText>, UndoError> {
        Ok(self.without(id)?.into_iter().map(|undone| undone.text).collect())
    }

    fn without(&self, id: u64) -> Result<Vec<Undone>, UndoError> {
        let head = self.history.head(id).ok_or(UndoError::Unknown { id })?;
        if head.taken_back {
            return Err(UndoError::TakenBack { id });
        }
        if let Some(by) = head.undone_by {
            return Err(UndoError::AlreadyUndone { id, by });
        }
        let root = self.root(id);
        let paths = self.history.head(root).map(|head| head.files.clone()).unwrap_or_default();
        let mut texts = Vec::new();
        let mut in_the_way = BTreeSet::new();
        for relative in &paths {
            let undone = self.undone(relative, id, root).map_err(|error| UndoError::Store { id, error })?;
            match undone {
                Ok(undone) => texts.extend(Some(undone).filter(|undone| undone.text.before != undone.text.after)),
                Err(others) => in_the_way.extend(others),
            }
        }
        if in_the_way.is_empty() {
            return Ok(texts);
        }
        let later: Vec<u64> = in_the_way.into_iter().collect();
        let is_outside = |id: &&u64| self.history.head(**id).is_some_and(|head| head.outside);
        let outside = later.iter().filter(is_outside).copied().collect();
        Err(UndoError::Later { id, later, outside })
    }

    /// True when these texts are what undoing the change gives, serials apart.
    pub(super) fn is_exactly_undone(&self, undone: u64, texts: &[(String, NewText)]) -> bool {
        let Ok(expected) = self.without(undone) else { return false };
        let same = |a: Option<&[u8]>, b: Option<&[u8]>| match (a.map(Body::of), b.map(Body::of)) {
            (Some(a), Some(b)) => {
                // Pieces may end elsewhere when the serials stand elsewhere.
                a.len() == b.len() && super::body::common_prefix(&a, &b) == a.len()
            }
            (a, b) => a.is_none() && b.is_none(),
        };
        let is_expected = |text: &NewText| {
            let of_file = |undone: &&Undone| undone.whole && undone.text.path == text.path;
            let expected = expected.iter().find(of_file);
            expected.is_some_and(|undone| same(undone.text.after.as_deref(), text.after.as_deref()))
        };
        expected.len() == texts.len() && texts.iter().all(|(_, text)| is_expected(text))
    }

    /// The change that is made or unmade by undoing this one.
    fn root(&self, id: u64) -> u64 {
        let mut root = id;
        while let Some(undone) = self.exactly_undoes(root) {
            root = undone;
        }
        root
    }

    fn exactly_undoes(&self, id: u64) -> Option<u64> {
        self.history.head(id).filter(|head| head.exact).and_then(|head| head.undoes)
    }

    /// One file without the change, or the changes in the way.
    fn undone(&self, relative: &str, id: u64, root: u64) -> Result<Result<Undone, BTreeSet<u64>>, StoreError> {
        let path = self.zones.join(relative);
        let Earlier { rope, stamp, since, present } = self.earlier(relative, self.start(relative, root))?;
        if self.present(relative)? != present {
            return Err(StoreError::Unnoticed { path });
        }
        let unfit = |id: u64| StoreError::Unfit { path: path.clone(), id };
        let hole = stamp.as_ref().and_then(Stamp::hole).map(|(at, _)| at);
        let mut weave = Weave::new(rope.octets(None), hole, stamp.is_some());
        let mut serial = stamp.and_then(|stamp| stamp.serial);
        let since_ids: Vec<u64> = since.iter().map(|(id, _)| *id).collect();
        for (change, file) in &since {
            match self.exactly_undoes(*change).map(|_| self.root(*change)) {
                Some(root) if since_ids.contains(&root) => weave.flip(root, *change),
                _ => {
                    if !weave.apply(*change, file, file.hunks.as_deref().unwrap_or_default()) {
                        return Err(unfit(*change));
                    }
                }
            }
            serial = file.after.as_ref().and_then(|stamp| stamp.serial.clone()).or(serial);
        }
        let serial = serial.unwrap_or_default();
        if weave.text(serial.as_bytes()) != present {
            return Err(unfit(root));
        }
        let mut in_the_way = weave.in_the_way(root);
        weave.flip(root, id);
        if in_the_way.is_empty() {
            let torn = weave.torn();
            in_the_way = torn.iter().copied().filter(|change| *change > root).collect();
            if in_the_way.is_empty() && !torn.is_empty() {
                in_the_way.extend(since_ids.last());
            }
        }
        if !in_the_way.is_empty() {
            return Ok(Err(in_the_way));
        }
        let after = weave.text(serial.as_bytes());
        let whole = after.as_deref().is_none_or(|text| weave.holes().into_iter().eq(Body::of(text).hole()));
        Ok(Ok(Undone { text: NewText { path, before: present, after }, whole }))
    }

    /// The earliest change of the file that has to be looked at: those that were undone since count from their beginning.
    fn start(&self, relative: &str, root: u64) -> u64 {
        let links = self.history.chain(relative).map(|chain| chain.links()).unwrap_or_default();
        let mut start = root;
        // Newest first: what an undo refers to is older than the undo.
        for link in links.iter().rev().take_while(|link| link.id > root) {
            if self.exactly_undoes(link.id).is_some() {
                start = start.min(self.root(link.id));
            }
        }
        loop {
            let between = links.iter().filter(|link| link.id >= start && self.exactly_undoes(link.id).is_some());
            let earlier = between.map(|link| self.root(link.id)).min().unwrap_or(start).min(start);
            if earlier == start {
                return start;
            }
            start = earlier;
        }
    }
}
