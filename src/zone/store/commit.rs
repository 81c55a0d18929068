//! A change is made, taken back, confirmed.

use super::body::Body;
use super::change::{Change, FileChange, NewChange, NewText, Stamp};
use super::diff::hunks;
use super::error::StoreError;
use super::history::Line;
use super::hunk;
use super::opened::Store;
use super::pending::State;
use super::rope::Rope;
use super::step::step;
use super::switch::{Move, Place, Want, create_folder_of, flush, holds, identity};
use crate::files;

impl Store {
    /// Makes a change: all its files or none, durable when it returns.
    ///
    /// What a file held before is kept beside it until the change is settled, so that [`Store::take_back`] needs no space
    /// on the disk. The cost is that of writing each file once, two flushes for each and one for the journal.
    ///
    /// # Errors
    /// - [`StoreError::Conflict`]: a file is not what `before` says, also when it was saved while this ran.
    /// - [`StoreError::NotBelow`], [`StoreError::SameFile`], [`StoreError::Nothing`]: the change makes no sense.
    /// - [`StoreError::File`]: the system refused, a full disk included.
    ///
    /// After any of them files and journal are as before, save that an edit beside the store may have been noted.
    pub fn commit(&mut self, asked: NewChange, texts: Vec<NewText>) -> Result<Change, StoreError> {
        self.ready()?;
        let texts = self.checked(texts)?;
        for (relative, text) in &texts {
            if self.history.chain(relative).is_some() {
                self.notice(&text.path, text.before.as_deref())?;
            }
            if let Some(before) = &text.before {
                self.remember_first(relative, before);
            }
        }
        let id = self.history.next_id();
        let exact = asked.undoes.is_some_and(|undone| self.is_exactly_undone(undone, &texts));
        let mut change = Change { id, at: self.now(), asked, outside: false, exact, files: Vec::new() };
        let mut moves = Vec::with_capacity(texts.len());
        for (relative, text) in &texts {
            let before = text.before.as_deref().map(Body::of);
            let after = text.after.as_deref().map(Body::of);
            let empty = Body::of(b"");
            change.files.push(FileChange {
                path: relative.clone(),
                before: before.as_ref().map(Stamp::of),
                after: after.as_ref().map(Stamp::of),
                hunks: Some(hunks(before.as_ref().unwrap_or(&empty), after.as_ref().unwrap_or(&empty))),
            });
            let place = Place::new(&self.zones, relative, id, text.before.is_some() && text.after.is_some());
            let from = text.before.as_deref().map(Want::Octets);
            moves.push(Move { place, from, to: text.after.as_deref().map(Want::Octets) });
        }
        self.make(&change, &moves)?;
        Ok(change)
    }

    /// Takes the newest change back because it failed its verification; it stays in the history as one that never was.
    ///
    /// # Errors
    /// - [`StoreError::Unknown`], [`StoreError::NotNewest`].
    /// - [`StoreError::Conflict`]: a file was saved since; then nothing went back.
    /// - [`StoreError::File`]: the system refused.
    pub fn take_back(&mut self, id: u64) -> Result<(), StoreError> {
        self.unstick()?;
        let newest = self.history.heads().last().filter(|head| !head.taken_back).map(|head| head.id);
        if self.history.head(id).is_none() {
            return Err(StoreError::Unknown { id });
        }
        if newest != Some(id) {
            return Err(StoreError::NotNewest { id });
        }
        let change = self.change(id)?;
        let forth = self.moves(&change);
        let moves: Vec<_> = forth.iter().map(Move::reversed).collect();
        for way in &moves {
            if !holds(&way.place.target, way.from)? {
                return Err(StoreError::Conflict { path: way.place.path.clone() });
            }
        }
        for ((forth, way), file) in forth.iter().zip(&moves).zip(&change.files) {
            // What somebody wrote into the old text goes back with it.
            if self.unsettled.is_empty() || !forth.written_late()? {
                self.prepare_back(way, file, id)?;
            }
        }
        self.unsettled = moves.iter().map(|way| way.place.clone()).collect();
        let line = Line { back: Some(id), ..Line::default() }.octets()?;
        let Ok(written) = self.journal.append(&[line]) else { return self.take_back_unwritten(id, &moves) };
        let gone = run(&moves).and_then(|()| flush(moves.iter().map(|way| &way.place)));
        if let Err(first) = gone {
            let again = turn_back(&moves);
            return Err(match again.and_then(|()| self.journal.cut(written[0].offset)) {
                Ok(()) => first,
                Err(second) => self.stuck(first, second),
            });
        }
        self.history.took_back();
        self.settle()
    }

    /// On a disk so full that not even a line has room, the change leaves the journal instead: shorter needs no space.
    fn take_back_unwritten(&mut self, id: u64, moves: &[Move<'_>]) -> Result<(), StoreError> {
        let span = self.history.head(id).ok_or(StoreError::Unknown { id })?.span;
        let gone = run(moves).and_then(|()| flush(moves.iter().map(|way| &way.place)));
        if let Err(first) = gone {
            return Err(match turn_back(moves) {
                Ok(()) => first,
                Err(second) => self.stuck(first, second),
            });
        }
        self.journal.cut(span.offset)?;
        self.history.forget_newest();
        self.settle()
    }

    /// Looks, before the newest change is settled, whether somebody who had opened a file of it before it was switched has
    /// written into that file since. Then [`Store::take_back`] puts back what they wrote.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] with the file, and [`StoreError::File`] when it cannot be read.
    pub fn untouched(&self, id: u64) -> Result<(), StoreError> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        not_written_late(&self.moves(&self.change(id)?))
    }

    /// A person says that a change that would have gone by itself stays.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], and [`StoreError::File`] when it cannot be written.
    pub fn confirm(&mut self, id: u64) -> Result<(), StoreError> {
        self.ready()?;
        if self.history.head(id).ok_or(StoreError::Unknown { id })?.confirmed {
            return Ok(());
        }
        let line = Line { confirmed: Some(id), ..Line::default() }.octets()?;
        self.journal.append(&[line])?;
        if let Some(head) = self.history.head_mut(id) {
            head.confirmed = true;
        }
        Ok(())
    }

    /// Removes what was kept beside the files for taking the newest change back. It can be taken back afterwards, too, but
    /// that needs space then. The next change and closing the store do the same.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn settle(&mut self) -> Result<(), StoreError> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        for place in std::mem::take(&mut self.unsettled) {
            step("before something is cleared")?;
            place.clear()?;
        }
        self.remember_newest();
        Ok(())
    }

    /// Writes the new texts beside their files, the line, and switches.
    fn make(&mut self, change: &Change, moves: &[Move<'_>]) -> Result<(), StoreError> {
        if let Err(error) = stage(moves) {
            clear(moves);
            return Err(error);
        }
        let line = Line { change: Some(change), ..Line::default() }.octets();
        let span = match line.and_then(|line| self.journal.append(&[line])) {
            Ok(spans) => spans[0],
            Err(error) => {
                self.stuck = matches!(error, StoreError::Stuck { .. });
                clear(moves);
                return Err(error);
            }
        };
        self.journal.reserve();
        self.history.added(change, span);
        self.unsettled = moves.iter().map(|way| way.place.clone()).collect();
        let switched = run(moves).and_then(|()| flush(moves.iter().map(|way| &way.place)));
        let Err(first) = switched.and_then(|()| not_written_late(moves)) else { return Ok(()) };
        match turn_back(moves).and_then(|()| self.journal.cut(span.offset)) {
            Ok(()) => {
                self.history.forget_newest();
                self.unsettled.clear();
                clear(moves);
                Err(first)
            }
            Err(second) => Err(self.stuck(first, second)),
        }
    }

    fn stuck(&mut self, first: StoreError, second: StoreError) -> StoreError {
        self.stuck = true;
        StoreError::Stuck { first: Box::new(first), second: Box::new(second) }
    }

    /// Finishes what is half done, and clears up behind the newest change.
    pub(super) fn ready(&mut self) -> Result<(), StoreError> {
        self.unstick()?;
        self.settle()
    }

    fn unstick(&mut self) -> Result<(), StoreError> {
        if self.stuck {
            self.recover(&mut Vec::new())?;
            self.stuck = false;
        }
        Ok(())
    }

    /// The texts that differ, with their names; each file is what it should be now.
    fn checked(&self, texts: Vec<NewText>) -> Result<Vec<(String, NewText)>, StoreError> {
        let mut checked: Vec<(String, NewText)> = Vec::with_capacity(texts.len());
        let mut seen = Vec::with_capacity(texts.len());
        for text in texts.into_iter().filter(|text| text.before != text.after) {
            let relative = self.relative(&text.path)?;
            let path = self.zones.join(&relative);
            let real = identity(&path);
            if let Some(other) = seen.iter().position(|known| *known == real) {
                let first = checked[other].1.path.clone();
                return Err(StoreError::SameFile { first, second: text.path });
            }
            if !holds(&path, text.before.as_deref().map(Want::Octets))? {
                return Err(StoreError::Conflict { path });
            }
            seen.push(real);
            checked.push((relative, NewText { path, ..text }));
        }
        if checked.is_empty() { Err(StoreError::Nothing) } else { Ok(checked) }
    }

    /// The files of a change on their way from before to after.
    pub(super) fn moves<'a>(&self, change: &'a Change) -> Vec<Move<'a>> {
        let of = |file: &'a FileChange| Move {
            place: Place::new(&self.zones, &file.path, change.id, file.before.is_some() && file.after.is_some()),
            from: file.before.as_ref().map(Want::Stamp),
            to: file.after.as_ref().map(Want::Stamp),
        };
        change.files.iter().map(of).collect()
    }

    /// Lays the text before beside the file, where it does not lie there still.
    fn prepare_back(&self, way: &Move<'_>, file: &FileChange, id: u64) -> Result<(), StoreError> {
        let place = &way.place;
        match way.to {
            None => Ok(files::stage(&place.marker, &place.target, b"")?),
            Some(_) if holds(&place.staged, way.to)? => Ok(files::unlink(&place.marker).map(|_| ())?),
            Some(_) => {
                let unfit = || StoreError::Unfit { path: place.path.clone(), id };
                let now = super::switch::text(&place.target)?.unwrap_or_default();
                let body = Body::with(&now, file.after.as_ref().and_then(Stamp::hole));
                let mut rope = Rope::of(&body.pieces());
                if !hunk::take_back(&mut rope, file.hunks.as_deref().ok_or_else(unfit)?) {
                    return Err(unfit());
                }
                let text = rope.octets(file.before.as_ref().and_then(Stamp::hole));
                if !way.to.is_some_and(|want| want.is(&text)) {
                    return Err(unfit());
                }
                files::stage(&place.staged, &place.target, &text)?;
                files::unlink(&place.marker)?;
                Ok(())
            }
        }
    }
}

fn stage(moves: &[Move<'_>]) -> Result<(), StoreError> {
    for way in moves {
        step("before a text is written")?;
        match way.to {
            Some(Want::Octets(octets)) => {
                create_folder_of(&way.place.target)?;
                files::stage(&way.place.staged, &way.place.target, octets)?;
            }
            _ => files::stage(&way.place.marker, &way.place.target, b"")?,
        }
        step("behind a text")?;
    }
    Ok(())
}

fn not_written_late(moves: &[Move<'_>]) -> Result<(), StoreError> {
    for way in moves {
        if way.written_late()? {
            return Err(StoreError::Conflict { path: way.place.path.clone() });
        }
    }
    Ok(())
}

fn clear(moves: &[Move<'_>]) {
    for way in moves {
        // What cannot be removed now is removed when the history is opened the next time.
        let _ = way.place.clear();
    }
}

/// Switches one file after the other; the first that fails turns those before it back.
pub(super) fn run(moves: &[Move<'_>]) -> Result<(), StoreError> {
    for way in moves {
        step("between two files")?;
        way.go()?;
    }
    step("all files switched")
}

/// Turns back those files that were switched. What somebody saved since stays.
pub(super) fn turn_back(moves: &[Move<'_>]) -> Result<(), StoreError> {
    let mut turned = Vec::new();
    for way in moves.iter().rev() {
        match way.state()? {
            State::Pending | State::Saved => continue,
            State::CameOut => way.give_back()?,
            State::Switched => match way.reversed().go() {
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            },
        }
        turned.push(&way.place);
    }
    flush(turned.into_iter())
}
