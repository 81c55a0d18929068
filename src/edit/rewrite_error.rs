//! Why zone text is not rewritten.

use crate::dns::{Name, Rtype, present_rtype};
use crate::zone::EditError;
use std::path::PathBuf;
use thiserror::Error;

/// Why changes of names were not written into zone text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RewriteError {
    /// The record comes from an included file.
    #[error(
        "{owner} {} comes from {}:{line}, an included file; edit it there", present_rtype(*.rtype), .file.display()
    )]
    Included {
        /// Whose record.
        owner: Name,
        /// Its type.
        rtype: Rtype,
        /// The included file; the zone file when only the `$INCLUDE` is known.
        file: PathBuf,
        /// The line of the record there, or of the `$INCLUDE`.
        line: u32,
    },
    /// The record comes from a `$GENERATE`.
    #[error("{owner} {} comes from the $GENERATE at {}:{line}; edit that line", present_rtype(*.rtype), .file.display())]
    Generated {
        /// Whose record.
        owner: Name,
        /// Its type.
        rtype: Rtype,
        /// The file with the `$GENERATE`.
        file: PathBuf,
        /// Its line.
        line: u32,
    },
    /// The text does not hold the records that the change starts from.
    #[error(
        "{} no longer holds the record {owner} {} that the change starts from; it was changed meanwhile: ask again",
        .file.display(),
        present_rtype(*.rtype)
    )]
    Stale {
        /// Whose record.
        owner: Name,
        /// Its type.
        rtype: Rtype,
        /// The zone file.
        file: PathBuf,
    },
    /// The lines cannot be changed.
    #[error("{}: {error}", .file.display())]
    Text {
        /// The zone file.
        file: PathBuf,
        /// Why not.
        error: EditError,
    },
}

impl RewriteError {
    /// Which kind, stable for programs: `EDIT_INCLUDED`, `EDIT_GENERATED`, `EDIT_STALE` or `EDIT_TEXT`.
    pub fn code(&self) -> &'static str {
        match self {
            RewriteError::Included { .. } => "EDIT_INCLUDED",
            RewriteError::Generated { .. } => "EDIT_GENERATED",
            RewriteError::Stale { .. } => "EDIT_STALE",
            RewriteError::Text { .. } => "EDIT_TEXT",
        }
    }
}
