//! How a file looks without its content: enough to notice that it is another one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Size, times and identity of a plain file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    /// Changes also when a file gets an older file's time back.
    changed: (i64, i64),
}

impl Stamp {
    /// Looks at a file; none when it is no plain file or cannot be looked at.
    pub fn of(path: impl AsRef<Path>) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}
