//! The one way in which zone files change, and their history: a change is atomic over several files, durable, and can be
//! taken back for ever.
//!
//! Knows files and lines, and of DNS the serial only. Everything lives in `<zones>/.history/`, which no reader takes for
//! zones:
//!
//! - `journal`: one JSON line for each thing that happened, in order, each with a checksum. Lines are only ever appended;
//!   the last one alone is cut, when a crash or a full disk left half of it or its change never came to be.
//! - `lock`: held by the process that edits, with its id in it.
//! - `known/`: one copy of each file as it was at some line of the journal. With the lines after it, it tells what the
//!   file was before somebody edited it beside the server.
//! - `drafts/`: edits that are begun and not committed.
//!
//! How a change is made durable. The new contents are written and flushed beside their targets, under names made from the
//! change's id. Then its line is appended and flushed: from here on the change is made, whatever happens, for a crash is
//! followed by [`Store::open`], which finishes it. Each target changes places with what was written beside it, and what
//! came out is compared with what should have been there, so that nobody's save is lost unseen. The contents that came out
//! stay beside their targets until the change is settled: taking it back needs no space on the disk. There is no line that
//! says `done`: the next line says it, and before there is one, the files beside the targets tell which were switched.

mod body;
mod chain;
mod change;
mod commit;
mod diff;
mod drafts;
mod error;
mod fingerprint;
mod history;
mod hunk;
mod journal;
mod known;
mod myers;
mod octets;
mod opened;
mod pending;
mod recover;
mod rope;
mod step;
mod switch;
mod texts;
mod undo;
mod weave;

#[cfg(test)]
mod commit_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod size_tests;

pub use change::{Change, FileChange, NewChange, NewText, Stamp};
pub use error::{StoreError, UndoError};
pub use history::Head;
pub use hunk::Hunk;
pub use opened::{Recovered, Store};
