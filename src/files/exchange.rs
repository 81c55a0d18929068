//! Two files change places in one step, so that whoever switches sees what came out: nobody's save is written over unseen.
//!
//! Knows names and octets; what is compared with what, and what happens then, is for the callers.

use super::FileError;
use super::replace::{keep_rights, sync_folder};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes `octets` to the new file `staged`, flushed to the disk, with the mode and owner of `target` where there is one.
///
/// A file that is there already is a left-over and goes. On an error nothing is left.
///
/// # Errors
/// [`FileError::System`]; it names `target`, which is what a person knows.
pub fn stage(staged: &Path, target: &Path, octets: &[u8]) -> Result<(), FileError> {
    let old = match fs::metadata(target) {
        Ok(old) if !old.is_file() => return Err(FileError::NotPlain { path: target.to_path_buf() }),
        Ok(old) => Some(old),
        Err(source) if source.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(FileError::system("read", target)(source)),
    };
    // Content that only the owner may read must not be readable for a moment either.
    let mode = if old.is_some() { 0o600 } else { 0o644 };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let opened = match options.open(staged) {
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
            unlink(staged)?;
            options.open(staged)
        }
        opened => opened,
    };
    let mut file = opened.map_err(FileError::system("write", target))?;
    let written = old
        .as_ref()
        .map_or(Ok(()), |old| keep_rights(&file, old))
        .and_then(|()| file.write_all(octets))
        .and_then(|()| file.sync_all());
    written.map_err(|source| {
        let _ = fs::remove_file(staged);
        FileError::system("write", target)(source)
    })
}

/// Lets two files change places; false when the file system cannot.
///
/// # Errors
/// [`FileError::System`], a missing one of the two included; then both are as before.
pub fn exchange(staged: &Path, target: &Path) -> Result<bool, FileError> {
    match renameat_with(CWD, staged, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(errno) => Err(FileError::system("replace", target)(errno.into())),
    }
}

/// Gives a file another name that must be free; false when it is taken.
///
/// # Errors
/// [`FileError::System`].
pub fn rename_to_free(from: &Path, to: &Path) -> Result<bool, FileError> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(true),
        Err(Errno::EXIST) => return Ok(false),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        Err(errno) => return Err(FileError::system("rename", from)(errno.into())),
    }
    // A second name is refused as well when it is taken.
    match fs::hard_link(from, to) {
        Ok(()) => {}
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(source) => return Err(FileError::system("rename", from)(source)),
    }
    unlink(from).map(|_| true)
}

/// Puts a file in the place of another, which goes.
///
/// # Errors
/// [`FileError::System`].
pub fn rename_over(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(FileError::system("replace", to))
}

/// Removes a file, not flushed; one that is not there is no error. True when there was one.
///
/// # Errors
/// [`FileError::System`].
pub fn unlink(path: &Path) -> Result<bool, FileError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::system("remove", path)(source)),
    }
}

/// Makes what happened to the names in the folder of `path` survive a power loss.
///
/// # Errors
/// [`FileError::System`].
pub fn flush_folder_of(path: &Path) -> Result<(), FileError> {
    sync_folder(super::replace::parent(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out of an exchange is what stood there, whoever wrote it; a name that is taken is never given twice.
    #[test]
    fn nothing_is_written_over_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let (target, staged) = (folder.path().join("a"), folder.path().join(".a.tmp"));
        fs::write(&target, "old").unwrap();
        stage(&staged, &target, b"new").unwrap();
        fs::write(&target, "saved meanwhile").unwrap();
        assert!(exchange(&staged, &target).unwrap());
        assert_eq!(fs::read_to_string(&staged).unwrap(), "saved meanwhile");
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(!rename_to_free(&staged, &target).unwrap());
        assert!(rename_to_free(&staged, &folder.path().join("b")).unwrap());
        assert!(exchange(&staged, &target).is_err(), "there is nothing to exchange");
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    }
}
