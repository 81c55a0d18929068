//! Durable atomic replacement: at every moment, power loss included, the file holds all of the old or all of the new.

use super::FileError;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::fchown;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Replaces the content of a file, or creates it; durable when it returns.
///
/// A symbolic link keeps pointing where it does and its target is replaced. Mode and owner stay; the owner only as far as
/// the system lets this process set it. On any error the old file is untouched and nothing is left beside it.
///
/// # Errors
/// - [`FileError::NotPlain`]: the path is a folder or device.
/// - [`FileError::System`]: the system refused, a full disk included.
pub fn replace(path: impl AsRef<Path>, octets: &[u8]) -> Result<(), FileError> {
    Prepared::new(path, octets)?.commit()
}

/// Replaces the content of a file, or creates it, and leaves it to the system when it reaches the disk: after a power loss
/// it may hold anything. For what can be made again.
///
/// # Errors
/// Those of [`replace`].
pub fn replace_unflushed(path: impl AsRef<Path>, octets: &[u8]) -> Result<(), FileError> {
    let target = path.as_ref();
    let (temporary, mut file) = create_beside(target, 0o640)?;
    let prepared = Prepared { target: target.to_path_buf(), temporary: Some(temporary) };
    file.write_all(octets).map_err(FileError::system("write", target))?;
    prepared.rename()
}

/// As [`replace`], for secrets: nobody but the owner may read the file, not for a moment and whatever its mode was.
///
/// # Errors
/// Those of [`replace`].
pub fn replace_private(path: impl AsRef<Path>, octets: &[u8]) -> Result<(), FileError> {
    Prepared::write_with(path.as_ref(), Some(0o600), |file| file.write_all(octets))?.commit()
}

/// Replaces several files: all new contents are on the disk before the first file changes, so that a full disk or a
/// missing right changes none of them. The switch itself is one rename after the other.
///
/// # Errors
/// Those of [`replace`], when no file was changed; [`FileError::Partial`] when a rename failed after others were done.
pub fn replace_all<P: AsRef<Path>, O: AsRef<[u8]>>(files: &[(P, O)]) -> Result<(), FileError> {
    let prepared: Vec<_> =
        files.iter().map(|(path, octets)| Prepared::new(path, octets.as_ref())).collect::<Result<_, _>>()?;
    let mut done = Vec::new();
    let mut folders = BTreeSet::new();
    for new in prepared {
        folders.insert(parent(&new.target).to_path_buf());
        let target = new.target.clone();
        match new.rename() {
            Ok(()) => done.push(target),
            Err(failed) if done.is_empty() => return Err(failed),
            Err(failed) => return Err(FileError::Partial { done, failed: Box::new(failed) }),
        }
    }
    for folder in folders {
        sync_folder(&folder)?;
    }
    Ok(())
}

/// Removes a file durably; one that is not there is no error. True when there was one.
///
/// # Errors
/// [`FileError::System`].
pub fn remove(path: impl AsRef<Path>) -> Result<bool, FileError> {
    let path = path.as_ref();
    match fs::remove_file(path) {
        Ok(()) => sync_folder(parent(path)).map(|()| true),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::system("remove", path)(source)),
    }
}

/// Creates a folder and those above it, durably; one that is there is no error.
///
/// # Errors
/// [`FileError::System`].
pub fn create_folder(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_folder(above)?;
    }
    match fs::create_dir(path) {
        // Another process may have been faster.
        Err(source) if !path.is_dir() => Err(FileError::system("create the folder", path)(source)),
        _ => sync_folder(parent(path)),
    }
}

/// As [`create_folder`]; a folder that is made has mode 0700, so that only its owner may look into it. The mode of one that is
/// there stays.
///
/// # Errors
/// [`FileError::System`].
pub fn create_private_folder(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    if path.is_dir() {
        return Ok(());
    }
    create_folder(parent(path))?;
    match fs::DirBuilder::new().mode(0o700).create(path) {
        // Another process may have been faster.
        Err(source) if !path.is_dir() => Err(FileError::system("create the folder", path)(source)),
        _ => sync_folder(parent(path)),
    }
}

/// New content that is on the disk beside its target, but not in its place yet. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Prepared {
    target: PathBuf,
    /// None once it is in its place.
    temporary: Option<PathBuf>,
}

impl Prepared {
    /// Writes `octets` beside `path` and flushes them to the disk.
    ///
    /// # Errors
    /// Those of [`replace`].
    pub fn new(path: impl AsRef<Path>, octets: &[u8]) -> Result<Self, FileError> {
        Prepared::write(path, |file| file.write_all(octets))
    }

    /// Puts the new content in its place, durably.
    ///
    /// # Errors
    /// [`FileError::System`]; after a failed rename the old file is untouched.
    pub fn commit(self) -> Result<(), FileError> {
        let folder = parent(&self.target).to_path_buf();
        self.rename()?;
        sync_folder(&folder)
    }

    /// As [`Prepared::new`], with what `fill` writes: content that need not be in memory as a whole.
    ///
    /// # Errors
    /// Those of [`replace`], and what `fill` gives back.
    pub fn write(path: impl AsRef<Path>, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<Self, FileError> {
        Prepared::write_with(path.as_ref(), None, fill)
    }

    /// Mode and owner are those of the old file, or `mode` where it is given.
    fn write_with(
        path: &Path,
        mode: Option<u32>,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<Self, FileError> {
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(source) if source.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
            Err(source) => return Err(FileError::system("write", path)(source)),
        };
        let old = match fs::metadata(&target) {
            Ok(old) if old.is_file() => Some(old),
            Ok(_) => return Err(FileError::NotPlain { path: path.to_path_buf() }),
            Err(_) => None,
        };
        // Content that only the owner may read must not be readable for a moment either.
        let first = mode.unwrap_or(if old.is_some() { 0o600 } else { 0o644 });
        let (temporary, mut file) = create_beside(&target, first)?;
        // From here on dropping `prepared` removes the temporary file.
        let prepared = Prepared { target, temporary: Some(temporary) };
        let rights = old.as_ref().map_or(Ok(()), |old| keep_rights(&file, old));
        let mode = mode.map_or(Ok(()), |mode| file.set_permissions(fs::Permissions::from_mode(mode)));
        rights
            .and(mode)
            .and_then(|()| fill(&mut file))
            .and_then(|()| file.sync_all())
            .map_err(FileError::system("write", path))?;
        Ok(prepared)
    }

    /// Where the new content is until then.
    pub fn path(&self) -> &Path {
        self.temporary.as_deref().unwrap_or(&self.target)
    }

    fn rename(mut self) -> Result<(), FileError> {
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.target).map_err(FileError::system("replace", &self.target))?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// A new empty file in the same folder, so that the rename stays on one file system. Its name is hidden and ends in `.tmp`,
/// which no reader or watcher takes for a zone.
fn create_beside(target: &Path, mode: u32) -> Result<(PathBuf, File), FileError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = target.file_name() else {
        return Err(FileError::NotPlain { path: target.to_path_buf() });
    };
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{count}.tmp", std::process::id()));
        let path = parent(target).join(hidden);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
            Ok(file) => return Ok((path, file)),
            // Left behind by a killed process that had the same id.
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(FileError::system("write", target)(source)),
        }
    }
}

/// Gives the new file the owner and mode of the old one.
pub(super) fn keep_rights(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) && fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
        // Only root may give files away; the group alone may be ours to set.
        let _ = fchown(file, None, Some(old.gid()));
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))
}

pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a rename in the folder survive a power loss.
pub(super) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems keep no folders of their own and refuse to flush them.
        Err(source) if !matches!(source.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Err(FileError::system("sync", folder)(source))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn listing(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A replaced file has the new content and the old mode; links stay links.
    #[test]
    fn replacing_keeps_mode_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a", folder.path().join("link")).unwrap();
        replace(folder.path().join("link"), b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
        assert_eq!(listing(folder.path()), ["a", "link"], "nothing else is left");
    }

    /// A file of secrets is its owner's alone, new or not.
    #[test]
    fn a_private_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        for before in [None, Some(0o644)] {
            if let Some(mode) = before {
                fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            }
            replace_private(&file, b"secret").unwrap();
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600, "{before:?}");
        }
        assert_eq!(listing(folder.path()), ["a"]);
    }

    /// A write that fails half-way (here: a full disk) leaves the old content and no other file.
    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "old").unwrap();
        let failed = Prepared::write(&file, |new| {
            new.write_all(b"half")?;
            Err(io::Error::from_raw_os_error(libc::ENOSPC))
        });
        let shown = failed.unwrap_err().to_string();
        assert!(shown.starts_with(&format!("cannot write {}: No space left", file.display())), "{shown}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(listing(folder.path()), ["a"]);
    }

    /// When one of several files cannot be prepared, none is replaced.
    #[test]
    fn several_files_are_prepared_before_the_first_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (first, missing) = (folder.path().join("a"), folder.path().join("no/b"));
        fs::write(&first, "old").unwrap();
        let failed = replace_all(&[(&first, "new"), (&missing, "new")]).unwrap_err();
        assert_eq!(failed.path(), missing);
        assert_eq!(fs::read_to_string(&first).unwrap(), "old");
        assert_eq!(listing(folder.path()), ["a"]);

        create_folder(folder.path().join("no/further")).unwrap();
        replace_all(&[(&first, "new"), (&missing, "new")]).unwrap();
        assert_eq!(fs::read_to_string(&missing).unwrap(), "new");
        assert!(remove(&missing).unwrap() && !remove(&missing).unwrap());
        assert!(matches!(replace(folder.path(), b"x"), Err(FileError::NotPlain { .. })));
    }
}
