//! Why the store refused, in words for the person who edits.

use crate::files::FileError;
use std::path::PathBuf;
use thiserror::Error;

/// Why something was not done; unless said otherwise, files and history are as before.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system refused, or the lock is held by another process.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line of the journal is not what was written there.
    #[error(
        "{}:{line}: the history is damaged: {why}; nothing was changed: repair or remove the line (a copy of the file \
         first), then start again",
        path.display()
    )]
    Broken {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// Somebody else changed the file since it was read.
    #[error("{} was changed meanwhile; nothing was written: look at it, then edit again", path.display())]
    Conflict {
        /// The file.
        path: PathBuf,
    },
    /// The path is no file below the zones directory.
    #[error("{} is no zone file: it lies outside the zones directory or is hidden", path.display())]
    NotBelow {
        /// What was named.
        path: PathBuf,
    },
    /// Two paths of one change are the same file.
    #[error("{} and {} are the same file; change it once", first.display(), second.display())]
    SameFile {
        /// The one.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A change that alters nothing.
    #[error("nothing changes; nothing was written")]
    Nothing,
    /// There is no change of this id.
    #[error("there is no change {id}")]
    Unknown {
        /// As asked.
        id: u64,
    },
    /// Only the newest change can be taken back.
    #[error("change {id} is not the newest one; undo it instead")]
    NotNewest {
        /// As asked.
        id: u64,
    },
    /// The file is not as the history says, and nobody has told the store.
    #[error("{} was changed beside the server; reload, then try again", path.display())]
    Unnoticed {
        /// The file.
        path: PathBuf,
    },
    /// What the file was before an outside edit is not known.
    #[error("{} was changed beside the server in change {id}, and its text before that is not known", path.display())]
    Opaque {
        /// The file.
        path: PathBuf,
        /// The outside edit.
        id: u64,
    },
    /// The history does not reach back that far.
    #[error("the history of {} begins later", path.display())]
    BeforeHistory {
        /// The file.
        path: PathBuf,
    },
    /// Lines that were recorded do not fit the text.
    #[error("the history of {} does not fit its text at change {id}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The change whose lines do not fit.
        id: u64,
    },
    /// A change failed half-way and could not be taken back either.
    #[error(
        "{first}; and its files could not be put back: {second}; the history finishes this when it is opened again"
    )]
    Stuck {
        /// What went wrong first.
        first: Box<StoreError>,
        /// What went wrong then.
        second: Box<StoreError>,
    },
}

/// Why a change cannot be undone.
#[derive(Debug, Error)]
pub enum UndoError {
    /// There is no change of this id.
    #[error("there is no change {id}")]
    Unknown {
        /// As asked.
        id: u64,
    },
    /// It has been undone.
    #[error("change {id} is undone already, by change {by}")]
    AlreadyUndone {
        /// As asked.
        id: u64,
        /// The change that did it.
        by: u64,
    },
    /// It never went live.
    #[error("change {id} failed its verification and was taken back at once")]
    TakenBack {
        /// As asked.
        id: u64,
    },
    /// Later changes touch the same lines.
    #[error("change {id} cannot be undone: {} the same lines; undo {} first", named(later, outside), if later.len() == 1 { "it" } else { "them" })]
    Later {
        /// As asked.
        id: u64,
        /// The changes in the way, ascending.
        later: Vec<u64>,
        /// Those of them that were edits beside the server.
        outside: Vec<u64>,
    },
    /// The texts cannot be had.
    #[error("change {id} cannot be undone: {error}")]
    Store {
        /// As asked.
        id: u64,
        /// Why.
        error: StoreError,
    },
}

fn named(later: &[u64], outside: &[u64]) -> String {
    let one =
        |id: &u64| if outside.contains(id) { format!("{id} (an edit beside the server)") } else { id.to_string() };
    let list = later.iter().map(one).collect::<Vec<_>>().join(", ");
    if later.len() == 1 {
        format!("the later change {list} touches")
    } else {
        format!("the later changes {list} touch")
    }
}
