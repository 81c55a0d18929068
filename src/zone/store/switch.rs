//! One file goes from one text to another in one step, and what came out is looked at.

use super::change::Stamp;
use super::error::StoreError;
use super::fingerprint::Fingerprint;
use super::step::step;
use crate::files::{self, FileError};
use std::fs;
use std::path::{Path, PathBuf};

/// The most octets of a text.
pub(super) const LARGEST: u64 = u32::MAX as u64;

/// A file and what lies beside it while it changes. All names are hidden and end in `.tmp`: no reader takes them for zones.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As it is called.
    pub(super) path: PathBuf,
    /// What is replaced: where the path leads.
    pub(super) target: PathBuf,
    /// Before the switch the new text, after it the old one.
    pub(super) staged: PathBuf,
    /// Where a file is to go there is no new text; this says that it has still to go, or went just now.
    pub(super) marker: PathBuf,
    /// Used where the file system cannot exchange two files.
    pub(super) spare: PathBuf,
}

/// What a text must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Want<'a> {
    /// These octets.
    Octets(&'a [u8]),
    /// The text with this stamp.
    Stamp(&'a Stamp),
}

/// One file on its way; none where there is no file before or after.
#[derive(Debug, Clone)]
pub(super) struct Move<'a> {
    pub(super) place: Place,
    pub(super) from: Option<Want<'a>>,
    pub(super) to: Option<Want<'a>>,
}

impl Place {
    /// The names for a change; `replaces` when there is a file before and after, so that links are followed.
    pub(super) fn new(zones: &Path, relative: &str, id: u64, replaces: bool) -> Self {
        let path = zones.join(relative);
        let target = if replaces { fs::canonicalize(&path).unwrap_or_else(|_| path.clone()) } else { path.clone() };
        let beside = |what: &str| {
            let mut name = std::ffi::OsString::from(".");
            name.push(target.file_name().unwrap_or_default());
            name.push(format!(".change-{id}{what}.tmp"));
            target.with_file_name(name)
        };
        let (staged, marker, spare) = (beside(""), beside(".goes"), beside(".spare"));
        Place { path, target, staged, marker, spare }
    }

    /// Removes what lies beside the file; the marker first, for without it nothing has still to go.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        files::unlink(&self.marker)?;
        files::unlink(&self.staged)?;
        files::unlink(&self.spare)?;
        Ok(())
    }
}

impl Want<'_> {
    pub(super) fn is(&self, octets: &[u8]) -> bool {
        match self {
            Want::Octets(wanted) => *wanted == octets,
            Want::Stamp(stamp) => stamp.octets == octets.len() as u64 && stamp.fingerprint == Fingerprint::of(octets),
        }
    }
}

/// What a file holds; none when there is none.
pub(super) fn text(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match files::read(path, LARGEST) {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// True when the file holds this text, or is missing as it should be.
pub(super) fn holds(path: &Path, want: Option<Want<'_>>) -> Result<bool, StoreError> {
    Ok(match (text(path)?, want) {
        (None, None) => true,
        (Some(octets), Some(want)) => want.is(&octets),
        _ => false,
    })
}

impl Move<'_> {
    /// The way back.
    pub(super) fn reversed(&self) -> Self {
        Move { place: self.place.clone(), from: self.to, to: self.from }
    }

    /// Switches. Afterwards the old text lies beside the target.
    ///
    /// When something else than the old text came out, somebody saved the file at this moment: it is put back.
    pub(super) fn go(&self) -> Result<(), StoreError> {
        let Place { target, staged, .. } = &self.place;
        let conflict = || StoreError::Conflict { path: self.place.path.clone() };
        match (self.from, self.to) {
            (Some(old), Some(_)) => match self.exchange() {
                Ok(true) => {
                    step("switched, not compared")?;
                    if !holds(staged, Some(old))? {
                        self.put_back()?;
                        return Err(conflict());
                    }
                    Ok(())
                }
                Ok(false) => self.replace_watched(old),
                Err(StoreError::File(error)) if error.is_missing() => Err(conflict()),
                Err(error) => Err(error),
            },
            (None, Some(_)) => match files::rename_to_free(staged, target)? {
                true => Ok(()),
                false => Err(conflict()),
            },
            (Some(old), None) => {
                files::unlink(staged)?;
                match files::rename_to_free(target, staged) {
                    Ok(_) => {}
                    Err(error) if error.is_missing() => return Err(conflict()),
                    Err(error) => return Err(error.into()),
                }
                step("gone, not compared")?;
                if !holds(staged, Some(old))? {
                    // When the name is taken again, the person's newer text is there.
                    files::rename_to_free(staged, target)?;
                    return Err(conflict());
                }
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// True when somebody who had opened the file before the switch has written into it after the switch: the old text,
    /// which lies beside the target, is no longer what it was.
    pub(super) fn written_late(&self) -> Result<bool, StoreError> {
        let Some(old) = self.from else { return Ok(false) };
        Ok(text(&self.place.staged)?.is_some_and(|staged| !old.is(&staged)))
    }

    fn exchange(&self) -> Result<bool, StoreError> {
        step("before the switch")?;
        #[cfg(test)]
        if super::step::injected::without_exchange() {
            return Ok(false);
        }
        Ok(files::exchange(&self.place.staged, &self.place.target)?)
    }

    /// A person's text goes back to its place; when they saved again meanwhile, that one stays there.
    pub(super) fn put_back(&self) -> Result<(), StoreError> {
        files::exchange(&self.place.staged, &self.place.target)?;
        if !holds(&self.place.staged, self.to)? {
            files::exchange(&self.place.staged, &self.place.target)?;
        }
        Ok(())
    }

    /// The best that can be done without an exchange: look, and replace at once.
    fn replace_watched(&self, old: Want<'_>) -> Result<(), StoreError> {
        let Place { path, target, staged, spare, .. } = &self.place;
        let now = text(target)?.filter(|octets| old.is(octets));
        let Some(now) = now else { return Err(StoreError::Conflict { path: path.clone() }) };
        files::stage(spare, target, &now)?;
        step("before the rename")?;
        if !holds(target, Some(old))? {
            return Err(StoreError::Conflict { path: path.clone() });
        }
        files::rename_over(staged, target)?;
        step("renamed, the old text still called spare")?;
        Ok(files::rename_over(spare, staged)?)
    }
}

/// Makes the switches in these places survive a power loss.
pub(super) fn flush<'a>(places: impl Iterator<Item = &'a Place>) -> Result<(), StoreError> {
    let mut folders: Vec<&Path> = Vec::new();
    for place in places {
        let folder = place.target.parent().unwrap_or(Path::new("."));
        if !folders.contains(&folder) {
            folders.push(folder);
            step("before the folder is flushed")?;
            files::flush_folder_of(&place.target)?;
        }
    }
    Ok(())
}

/// The file that a path names, so that two names of one file are noticed.
pub(super) fn identity(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Creates the folder of a file.
pub(super) fn create_folder_of(path: &Path) -> Result<(), FileError> {
    path.parent().map_or(Ok(()), files::create_folder)
}
