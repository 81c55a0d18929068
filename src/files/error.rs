//! The one error of this room.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file could not be read, written or locked.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    System {
        /// What was tried, such as `read` or `write`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason of the system.
        source: io::Error,
    },
    /// A folder, a pipe or a device where a plain file is needed.
    #[error("{} is not a plain file", path.display())]
    NotPlain {
        /// What was named.
        path: PathBuf,
    },
    /// More octets than the reader accepts.
    #[error("{} is larger than {limit} octets", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many octets are accepted.
        limit: u64,
    },
    /// Text with octets that are not UTF-8.
    #[error("{}:{line}:{column}: the text is not UTF-8; save the file as UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line of the first bad octet, counted from 1.
        line: u32,
        /// Its column, counted from 1 in characters.
        column: u32,
    },
    /// Another process holds the lock.
    #[error("{} is locked by {}; wait until it is done", path.display(), holder.map_or("another process".to_owned(), |pid| format!("process {pid}")))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The process that holds it, where its file says so.
        holder: Option<u32>,
    },
    /// Some files of a set were replaced before one failed.
    #[error("{failed}; already replaced: {}", done.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    Partial {
        /// The files that hold their new content.
        done: Vec<PathBuf>,
        /// What went wrong with the next one.
        failed: Box<FileError>,
    },
}

impl FileError {
    /// The path that the error is about.
    pub fn path(&self) -> &Path {
        match self {
            FileError::System { path, .. }
            | FileError::NotPlain { path }
            | FileError::TooLarge { path, .. }
            | FileError::NotText { path, .. }
            | FileError::Locked { path, .. } => path,
            FileError::Partial { failed, .. } => failed.path(),
        }
    }

    /// True when the file or a folder on the way to it does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, FileError::System { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// For `map_err`: what was tried with which path.
    pub(super) fn system(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| FileError::System { doing, path: path.to_path_buf(), source }
    }
}
