//! Advisory locks between processes.

use super::FileError;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// An advisory lock on a file, held until it is dropped or the process ends, however it ends.
///
/// The file holds the holder's process id in text, and stays (empty) when the lock is given back: removing it would let
/// two processes lock two different files of the same name.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock or says at once who has it; the file is created when it is missing.
    ///
    /// # Errors
    /// - [`FileError::Locked`]: held by another process, or by another [`Lock`] of this one.
    /// - [`FileError::System`]: the file cannot be opened or locked.
    pub fn take(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(FileError::system("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FileError::Locked { path: path.to_path_buf(), holder: holder(&file) });
            }
            Err(TryLockError::Error(source)) => return Err(FileError::system("lock", path)(source)),
        }
        // The lock is held already; that its file says by whom is a courtesy, and must not need space on a full disk.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Lock { file })
    }

    /// Takes the lock as soon as it is given back, waiting so long at most.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn wait(path: impl AsRef<Path>, patience: Duration) -> Result<Self, FileError> {
        let end = Instant::now() + patience;
        loop {
            match Lock::take(&path) {
                Err(FileError::Locked { .. }) if Instant::now() < end => thread::sleep(LOOK_AGAIN),
                taken => return taken,
            }
        }
    }
}

/// How often a lock is looked at that another holds; a waiting `flock` could not be given up.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file gives the lock back; an old pid left behind would only be misleading.
        let _ = self.file.set_len(0);
    }
}

/// The process id in a lock file; none when the holder has not written it yet.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two holders never have the lock at once, the second is told who the first is, and a given-back lock can be taken.
    #[test]
    fn a_lock_has_one_holder_and_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let first = Lock::take(&path).unwrap();
        match Lock::take(&path) {
            Err(FileError::Locked { holder, .. }) => assert_eq!(holder, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(first);
        let second = Lock::take(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        drop(second);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "", "no stale pid is left");
    }
}
