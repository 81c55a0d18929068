//! Writes a plan: everything is on the disk beside its target before the first file changes.

use super::plan::Plan;
use crate::files::{self, FileError};
use std::path::PathBuf;
use thiserror::Error;

/// Why a plan was not written.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// A finding refuses.
    #[error("the plan is refused by its findings; nothing was written")]
    Refused,
    /// [`Plan::brake`]
    #[error("the brake holds: too many records would go; nothing was written")]
    Brake,
    /// Somebody wrote the file after it was read.
    #[error("{} was changed meanwhile; nothing was written: plan again", .0.display())]
    Changed(PathBuf),
    /// The files could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Writes every file of the plan durably, and removes those that go; returns their paths.
///
/// A full disk or a missing right changes nothing: new contents are prepared and flushed first, then renamed one after
/// the other, and removals come last.
///
/// # Errors
/// [`ApplyError`]; save for [`FileError::Partial`] every file is as it was.
pub fn apply(plan: &Plan) -> Result<Vec<PathBuf>, ApplyError> {
    if plan.refused() {
        return Err(ApplyError::Refused);
    }
    if plan.brake() {
        return Err(ApplyError::Brake);
    }
    for change in &plan.files {
        let limit = change.before.as_ref().map_or(0, Vec::len) as u64 + 1;
        let now = match files::read(&change.path, limit) {
            Ok(octets) => Some(octets),
            Err(error) if error.is_missing() => None,
            Err(FileError::TooLarge { .. }) => return Err(ApplyError::Changed(change.path.clone())),
            Err(error) => return Err(error.into()),
        };
        if now != change.before {
            return Err(ApplyError::Changed(change.path.clone()));
        }
    }
    let written: Vec<_> = plan.files.iter().filter_map(|change| Some((&change.path, change.after.as_ref()?))).collect();
    for (path, _) in &written {
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
    }
    files::replace_all(&written)?;
    for change in plan.files.iter().filter(|change| change.after.is_none()) {
        files::remove(&change.path)?;
    }
    Ok(plan.files.iter().map(|change| change.path.clone()).collect())
}
